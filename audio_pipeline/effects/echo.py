"""Memory echoes: a voice's last words return from the opposite ear, each time darker, later, further away."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence, single_silence
from audio_pipeline.dsp.curves import curve, db_at_half_power, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.filters import convolve, one_pole_lowpass
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.timeline.moments import Clock, Moment, Schedule, parse_duration
from audio_pipeline.timeline.scene import Scene, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Between, Db, Duration, Hz, List, Percent, Send, Time

_LOWEST_HZ = 20.0


class Echo(Effect):
    """The last words of each voice return and alternate between the ears.

    Return k begins after the words and the returns before it, with pauses of `gap`, `gap × growth`, …
    between them; it is on the side opposite to return k − 1. If a voice's first return would start
    before `left_from` or `right_from`, all its returns are delayed so that the first starts at that
    time.
    """

    stage: ClassVar[Literal["strip", "bus"]] = "strip"
    order: ClassVar[int] = 20
    layer_fields: ClassVar[tuple[str, ...]] = ("left", "right")

    kind: Literal["echo"] = "echo"
    left: List[str] = Field(("voice_b",), description="voices that return at the left first")
    right: List[str] = Field(("voice_a",), description="voices that return at the right first")
    words: Annotated[Duration, Between("10ms", "60s")] = Field(
        parse_duration("1.5s"), description="length of the end that returns"
    )
    gap: Annotated[Duration, Between("0s", "60s")] = Field(
        parse_duration("400ms"), description="pause before the first return"
    )
    growth: Percent = Field(50.0, description="factor from each pause to the next")
    returns: int = Field(5, ge=0, le=40, description="number of returns")
    left_from: Time | None = Field(
        None, description="earliest start of the first return at the left; otherwise after `gap`"
    )
    right_from: Time | None = Field(
        None, description="earliest start of the first return at the right; otherwise after `gap`"
    )
    level: Db = Field(-8.0, description="level of the first return relative to the dry words")
    decay: Db = Field(-7.0, description="level of each return relative to the one before")
    cutoff: Hz = Field(2500.0, description="low-pass cutoff of the first echo")
    darkening: Percent = Field(30.0, description="factor from each cutoff to the next")
    width: Percent = Field(90.0, description="pan width of the returns")
    positions: List[Percent] = Field(
        (100.0,),
        min_length=1,
        max_length=40,
        description="pan of each return as a share of `width`; the list repeats",
    )
    early: Send = Field(-12.0, description="send of the first return to the early reflections")
    late: Send = Field(-10.0, description="send of the first return to the reverberation")
    receding: Db = Field(
        0.0, ge=-24, le=24, description="rise of the reverberation from each return to the next"
    )
    dies: Duration = Field(
        parse_duration("0s"), description="time for the reverberation of the last return"
    )

    def works_on(self, layer: str) -> bool:
        """Whether the layer is one of its voices."""
        return layer in self.left + self.right

    def delays(self, clock: Clock) -> tuple[Fraction, ...]:
        """The delay of each return after the words, in exact seconds, without an earliest start."""
        pause, words = clock.duration(self.gap), clock.duration(self.words)
        growth = 1 + Fraction(self.growth).limit_denominator(1000) / 100
        delay, delays = Fraction(0), []
        for k in range(self.returns):
            delay += words + pause * growth**k
            delays.append(delay)
        return tuple(delays)

    def tail(self, schedule: Schedule) -> Fraction:
        """See `Effect.tail`: the end of the last return of the last voice."""
        ends = [self._last_return(voice, schedule) for voice in self.left + self.right]
        return max(ends, default=Fraction(0)) + schedule.clock.duration(self.dies)

    def tail_of(self, layer: str, schedule: Schedule) -> Fraction | None:
        """See `Effect.tail_of`: the end of the layer's last return."""
        if not self.returns:
            return None
        return self._last_return(layer, schedule) + schedule.clock.duration(self.dies)

    def _last_return(self, voice: str, schedule: Schedule) -> Fraction:
        """The end of the last return of `voice`, in exact seconds, without the time `dies`."""
        return schedule.named(f"{voice}.tail") + max(self.starts(voice, schedule), default=Fraction(0))

    def starts(self, voice: str, schedule: Schedule) -> tuple[Fraction, ...]:
        """The delay of each return of `voice` after its words, in exact seconds."""
        delays, earliest = self.delays(schedule.clock), self._earliest(voice)
        if earliest is None or not delays:
            return delays
        words_s = schedule.named(f"{voice}.tail") - schedule.clock.duration(self.words)
        held = max(Fraction(0), schedule.seconds(earliest) - words_s - delays[0])
        return tuple(delay + held for delay in delays)

    def _earliest(self, voice: str) -> Moment | None:
        return self.left_from if voice in self.left else self.right_from

    def prepare(self, scene: Scene, name: str) -> EchoProcessor:
        """See `Effect.prepare`."""
        words, voices = scene.samples(self.words), self.left + self.right
        ends = {voice: scene.cue(f"{voice}.tail") for voice in voices}
        spoken = {voice: Span(max(0, end - words), end) for voice, end in ends.items()}
        returns = {voice: self._returns(voice, ends[voice] - words, scene) for voice in voices}
        return EchoProcessor(self, spoken, returns)

    def _returns(self, voice: str, words_start: int, scene: Scene) -> tuple[Return, ...]:
        """The returns at `starts`, with as few questions to the scene as possible for the cache key."""
        delays = [to_samples(delay, scene.sample_rate) for delay in self.delays(scene.clock)]
        earliest, held = self._earliest(voice), 0
        if earliest is not None and delays:
            held = max(0, scene.at(earliest) - words_start - delays[0])
        side = 1.0 if voice in self.right else -1.0
        return tuple(
            self._return(k, delay + held, side, scene.sample_rate) for k, delay in enumerate(delays)
        )

    def _return(self, k: int, delay: int, first_side: float, sample_rate: int) -> Return:
        # a lower cutoff has a longer response: without a minimum it would not end
        cutoff = max(_LOWEST_HZ, self.cutoff * (1.0 - self.darkening / 100.0) ** k)
        pole = one_pole_lowpass(min(cutoff, sample_rate / 2), sample_rate)
        share = self.width / 100.0 * self.positions[k % len(self.positions)] / 100.0
        return Return(
            delay,
            gain_from_db(self.level + k * self.decay) * np.convolve(pole, pole),
            first_side * (-1.0 if k % 2 else 1.0) * share,
            gain_from_db(k * self.receding),
        )


@dataclass(frozen=True)
class Return:
    """One return: `delay` samples after the words, filtered by `impulse`, which includes its gain.

    `place` is −1 left … +1 right; `send` is the gain of its sends relative to the first return.
    """

    delay: int
    impulse: Samples
    place: float
    send: float


class EchoProcessor:
    """See `Echo`. It reads the earlier words of a voice from its window, and adds their returns."""

    def __init__(
        self, parameters: Echo, spoken: dict[str, Span], returns: dict[str, tuple[Return, ...]]
    ) -> None:
        self._parameters = parameters
        self._spoken = spoken
        self._returns = returns
        every = [r for of_voice in returns.values() for r in of_voice]
        self.look_back = max((r.delay + len(r.impulse) - 1 for r in every), default=0)

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`."""
        return Span(span.start, span.stop + self.look_back)

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        heard = [r for r in self._returns[name] if self._span(name, r).meets(tile)]
        if window.mono is None or not heard:
            return Strip()
        p, n = self._parameters, len(tile)
        direct, early, late = silence(n, 2), single_silence(n, 2), single_silence(n, 2)
        reach = Span(tile.start - self.look_back, tile.stop)
        for r in heard:
            part = self._span(name, r).intersect(tile)
            here = part.inside(tile)
            returned = convolve(self._words(name, window.mono, reach, r, part), r.impulse)[:, 0]
            gains = pan_gains(np.array([r.place]), db_at_half_power())[0]
            for ear, gain in enumerate(gains):
                direct[here, ear] += gain * returned
                early[here, ear] += (gain * r.send * gain_from_db(p.early)) * returned
            # the reverberation is diffuse, see `Space`
            late[here, int(r.place > 0.0)] += (r.send * gain_from_db(p.late)) * returned
        return Strip(None, direct, early, late)

    def _span(self, name: str, r: Return) -> Span:
        words = self._spoken[name]
        return Span(words.start + r.delay, words.stop + r.delay + len(r.impulse))

    def _words(self, name: str, mono: Samples, reach: Span, r: Return, part: Span) -> Samples:
        """The input samples of return `r` for a part of the tile; silence before the words."""
        source = Span(part.start - r.delay - len(r.impulse) + 1, part.stop - r.delay)
        sample = np.arange(source.start, source.stop, dtype=np.float64)[:, None]
        words = self._spoken[name]
        swell = max(1.0, min(len(words) / 8.0, 9600.0))  # fade-in of the cut words
        rise = curve("hsin", (sample + 0.5 - words.start) / swell)
        cut: Samples = mono[source.inside(reach)] * np.where(sample < words.stop, rise, 0.0)
        return cut
