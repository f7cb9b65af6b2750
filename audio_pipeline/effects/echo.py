"""Memory echoes: a voice's last words return from the opposite ear, darker and later every time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, scaled, silence
from audio_pipeline.dsp.curves import curve, db_at_half_power, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.filters import convolve, one_pole_lowpass
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.timeline.moments import Clock, Schedule, parse_duration
from audio_pipeline.timeline.scene import Scene, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Between, Db, Duration, Hz, List, Percent, Send

_LOWEST_HZ = 20.0


class Echo(Effect):
    """The last words of each voice, crossing from ear to ear after they were spoken.

    Return k begins when the words have been said and `gap`, `gap × growth`, … have passed between
    them and each of the returns before it; it comes from the ear opposite to return k − 1.
    """

    stage: ClassVar[Literal["strip", "bus"]] = "strip"
    order: ClassVar[int] = 20
    layer_fields: ClassVar[tuple[str, ...]] = ("left", "right")

    kind: Literal["echo"] = "echo"
    left: List[str] = Field(("voice_b",), description="layers that return at the left first")
    right: List[str] = Field(("voice_a",), description="layers that return at the right first")
    words: Annotated[Duration, Between("10ms", "60s")] = Field(
        parse_duration("1.5s"), description="how much of the end returns"
    )
    gap: Annotated[Duration, Between("0s", "60s")] = Field(
        parse_duration("400ms"), description="the pause before the first return"
    )
    growth: Percent = Field(50.0, description="how much longer every pause is than the one before")
    returns: int = Field(5, ge=0, le=40, description="how often the words return")
    level: Db = Field(-8.0, description="level of the first return against the words")
    decay: Db = Field(-7.0, description="level of each return against the one before")
    cutoff: Hz = Field(2500.0, description="above this the first return is dark")
    darkening: Percent = Field(30.0, description="how much lower every cutoff is")
    width: Percent = Field(90.0, description="how far out the returns stand")
    early: Send = Field(-12.0, description="send of the returns to the early reflections")
    late: Send = Field(-10.0, description="send of the returns to the reverberation")
    dies: Duration = Field(parse_duration("0s"), description="time allowed to the last return's room")

    def works_on(self, layer: str) -> bool:
        """On the voices it is told of."""
        return layer in self.left + self.right

    def delays(self, clock: Clock) -> tuple[Fraction, ...]:
        """How much later than the words each return stands, in exact seconds."""
        pause, words = clock.duration(self.gap), clock.duration(self.words)
        growth = 1 + Fraction(self.growth).limit_denominator(1000) / 100
        delay, delays = Fraction(0), []
        for k in range(self.returns):
            delay += words + pause * growth**k
            delays.append(delay)
        return tuple(delays)

    def tail(self, schedule: Schedule) -> Fraction:
        """See `Effect.tail`: when the last return of the last voice has died."""
        last = max(self.delays(schedule.clock), default=Fraction(0))
        spoken = [schedule.named(f"{voice}.tail") for voice in self.left + self.right]
        return max(spoken, default=Fraction(0)) + last + schedule.clock.duration(self.dies)

    def prepare(self, scene: Scene, name: str) -> EchoProcessor:
        """See `Effect.prepare`."""
        returns = [
            self._return(k, to_samples(delay, scene.sample_rate), scene.sample_rate)
            for k, delay in enumerate(self.delays(scene.clock))
        ]
        words = scene.samples(self.words)
        ends = {voice: scene.cue(f"{voice}.tail") for voice in self.left + self.right}
        spoken = {voice: Span(max(0, end - words), end) for voice, end in ends.items()}
        return EchoProcessor(self, spoken, tuple(returns))

    def _return(self, k: int, delay: int, sample_rate: int) -> Return:
        # its response is as long as it is low: without a floor it would never end
        cutoff = max(_LOWEST_HZ, self.cutoff * (1.0 - self.darkening / 100.0) ** k)
        pole = one_pole_lowpass(min(cutoff, sample_rate / 2), sample_rate)
        gain = gain_from_db(self.level + k * self.decay)
        return Return(delay, gain * np.convolve(pole, pole), -1.0 if k % 2 else 1.0)


@dataclass(frozen=True)
class Return:
    """One return: `delay` samples after the words, through `impulse` (with its gain in it).

    `side` is +1 for the ear of the first return, −1 for the other.
    """

    delay: int
    impulse: Samples
    side: float


class EchoProcessor:
    """See `Echo`. It reads a voice's own words some seconds back, and adds their returns."""

    def __init__(self, parameters: Echo, spoken: dict[str, Span], returns: tuple[Return, ...]) -> None:
        self._parameters = parameters
        self._spoken = spoken
        self._returns = returns
        self.look_back = max((r.delay + len(r.impulse) - 1 for r in returns), default=0)

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`."""
        return Span(span.start, span.stop + self.look_back)

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        heard = [r for r in self._returns if self._span(name, r).meets(tile)]
        if window.mono is None or not heard:
            return Strip()
        p = self._parameters
        out = silence(len(tile), 2)
        first = -1.0 if name in p.left else 1.0
        reach = Span(tile.start - self.look_back, tile.stop)
        for r in heard:
            part = self._span(name, r).intersect(tile)
            returned = convolve(self._words(name, window.mono, reach, r, part), r.impulse)[:, 0]
            place = np.array([first * r.side * p.width / 100.0])
            for gain, ear in zip(pan_gains(place, db_at_half_power())[0], out.T, strict=True):
                ear[part.inside(tile)] += gain * returned
        return Strip(None, out, scaled(out, gain_from_db(p.early)), scaled(out, gain_from_db(p.late)))

    def _span(self, name: str, r: Return) -> Span:
        words = self._spoken[name]
        return Span(words.start + r.delay, words.stop + r.delay + len(r.impulse))

    def _words(self, name: str, mono: Samples, reach: Span, r: Return, part: Span) -> Samples:
        """The words as return `r` needs them for that part: before they begin there is nothing."""
        source = Span(part.start - r.delay - len(r.impulse) + 1, part.stop - r.delay)
        sample = np.arange(source.start, source.stop, dtype=np.float64)[:, None]
        words = self._spoken[name]
        swell = max(1.0, min(len(words) / 8.0, 9600.0))  # words do not begin with a cut
        rise = curve("hsin", (sample + 0.5 - words.start) / swell)
        cut: Samples = mono[source.inside(reach)] * np.where(sample < words.stop, rise, 0.0)
        return cut
