"""A voice: a levelled dialogue stem at its position in time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self, cast

from pydantic import Field, PrivateAttr

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.timeline.moments import Clock, Schedule, parse_moment
from audio_pipeline.timeline.picture_lock import Fit, Line, line_in_slot
from audio_pipeline.timeline.scene import ChannelChoice, Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Between, Channel, Db, Duration, Time

CUT_FADE_S = 0.02
"""Length of a line's fade at a cut of its slot: as long as a consonant, which prevents clicks."""

LEVEL_0_LUFS = -19.9
"""Loudness of a stem with a `level` of 0 dB, before the gain of the dialogue.

The distances in `final` attenuate it by about 7 dB. The gain of the dialogue is then about 0 dB, and
a solo voice is about as loud as in the mix.
"""


class Voice(Layer):
    """One voice of the conversation; the crossfade sets its position and movement.

    The master sets the loudness of both voices together: it brings the complete bus DX to its loudness.
    """

    speaks: ClassVar[bool] = True

    kind: Literal["voice"] = "voice"
    bus: Bus = Field("DX", description="bus of the layer")
    until: Time = Field(parse_moment("end"), description="latest end")
    stem: str = Field(description="the recording, as a path inside the project")
    level: Db = Field(0.0, description="level relative to the other voice")
    channel: Channel = Field("auto", description="channel of the recording that is used")
    trim: Literal["auto", "off"] = Field(
        "auto", description="whether silence before the first and after the last word is trimmed"
    )
    slot: Annotated[Duration | None, Between("10ms", "6h")] = Field(
        None,
        description="length of the slot from `at`; default: the length of the line",
    )
    fit: Fit = Field(
        "warn",
        description="a line that is longer than its slot: warn leaves it, start keeps its start and cuts its"
        " end, end lets it end with the slot and cuts its start, stretch speaks it up to 6 % faster",
    )
    _longest_samples: int | None = PrivateAttr(None)

    def stems(self) -> tuple[StemRequest, ...]:
        """Its recording, in mono, levelled."""
        channel = cast("ChannelChoice", int(self.channel) if self.channel.isdecimal() else self.channel)
        level, trim = LEVEL_0_LUFS + self.level, self.trim == "auto"
        return (StemRequest(self.stem, 1, level, channel, trim, self._longest_samples),)

    def slot_s(self, clock: Clock) -> Fraction | None:
        """See `Layer.slot_s`."""
        return None if self.slot is None else clock.duration(self.slot)

    def in_slot_of(self, samples: int) -> Self:
        """See `Layer.in_slot_of`: with `fit = "stretch"` its recording is stretched to the slot."""
        if self.fit != "stretch":
            return self
        fitted = self.model_copy()
        fitted._longest_samples = samples
        return fitted

    def line(self, slot: Span, at: int, length: int) -> Line:
        """See `Layer.line`; `fit` sets the position and the cut."""
        return line_in_slot(slot, at, length, self.fit)

    def tail(self, schedule: Schedule, length_s: Callable[[StemRequest], Fraction]) -> Fraction:
        """The end of the recording."""
        return schedule.seconds(self.at) + length_s(self.stems()[0])

    def prepare(self, scene: Scene, name: str) -> VoiceSource:
        """See `Layer.prepare`."""
        stem = scene.stem(self.stems()[0], name)
        at = scene.at(self.at)
        slot = Span(at, at + len(stem))
        if self.fit in ("start", "end"):  # the line's position depends on the slot
            slot = Span(scene.cue(f"{name}.at"), scene.cue(f"{name}.tail"))
        line = self.line(slot, at, len(stem))
        return VoiceSource(stem, line, self.span(scene), scene.sample_rate)


class VoiceSource:
    """The conditioned stem `(n, 1)` at the position of its line, audible inside `passes`.

    At a cut of its slot it fades within `CUT_FADE_S`, inside the slot.
    """

    channels: Literal[1, 2] = 1

    def __init__(self, stem: Samples, line: Line, passes: Span, sample_rate: int) -> None:
        self._stem = stem
        self._line = line
        self._fade = round(CUT_FADE_S * sample_rate)
        self.span = line.spoken.intersect(passes)
        self.fixed_until = passes.stop

    def render(self, tile: Span) -> Samples:
        """See `Source.render`."""
        out = silence(len(tile), 1)
        heard, line = tile.intersect(self.span), self._line
        out[heard.inside(tile)] = self._stem[heard.inside(line.recorded)]
        rise = self._fade if line.spoken.start > line.recorded.start else 0
        fall = self._fade if line.spoken.stop < line.recorded.stop else 0
        fade_edges(out, tile.start, line.spoken.start, line.spoken.stop, rise, fall)
        return out
