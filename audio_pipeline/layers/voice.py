"""A voice: a dialogue stem at one reference loudness, at its place in time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar, Literal, cast

from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.timeline.moments import Schedule, parse_moment
from audio_pipeline.timeline.scene import REFERENCE_LUFS, ChannelChoice, Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Channel, Db, Time


class Voice(Layer):
    """One voice of the conversation. Where it stands and how it moves is the crossfade's matter.

    How loud both are together is decided in the master, which brings the whole bus DX to its loudness.
    """

    speaks: ClassVar[bool] = True

    kind: Literal["voice"] = "voice"
    bus: Bus = Field("DX", description="the stem that it belongs to")
    until: Time = Field(parse_moment("end"), description="when it has ended, at the latest")
    stem: str = Field(description="the recording, as a path inside the project")
    level: Db = Field(0.0, description="its level against the other voice")
    channel: Channel = Field("auto", description="which channel of the recording is the voice")
    trim: Literal["auto", "off"] = Field(
        "auto", description="whether silence before the first and after the last word is left out"
    )

    def stems(self) -> tuple[StemRequest, ...]:
        """Its recording, in mono, at its level from the reference."""
        channel = cast("ChannelChoice", int(self.channel) if self.channel.isdecimal() else self.channel)
        level = REFERENCE_LUFS + self.level
        return (StemRequest(self.stem, 1, level, channel, self.trim == "auto"),)

    def tail(self, schedule: Schedule, length_s: Callable[[StemRequest], Fraction]) -> Fraction:
        """The end of the recording."""
        return schedule.seconds(self.at) + length_s(self.stems()[0])

    def prepare(self, scene: Scene, name: str) -> VoiceSource:
        """See `Layer.prepare`."""
        return VoiceSource(scene.stem(self.stems()[0], name), scene.at(self.at), self.span(scene))


class VoiceSource:
    """The conditioned stem `(n, 1)`, begun at sample `start`, heard inside `span`."""

    channels: Literal[1, 2] = 1

    def __init__(self, stem: Samples, start: int, span: Span) -> None:
        self._stem = stem
        self._start = start
        self.span = span.intersect(Span(start, start + len(stem)))

    def render(self, tile: Span) -> Samples:
        """See `Source.render`."""
        out = silence(len(tile), 1)
        heard = tile.intersect(self.span)
        out[heard.inside(tile)] = self._stem[heard.start - self._start : heard.stop - self._start]
        return out
