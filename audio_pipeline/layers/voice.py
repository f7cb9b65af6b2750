"""A voice: a dialogue stem, levelled, at its place in time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.timeline.moments import Schedule, parse_moment
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Time

LEVEL_0_LUFS = -19.9
"""The loudness of a stem whose `level` is 0 dB, before the gain of the dialogue. The distances of `final` take
some 7 dB of it, so that gain is about 0 dB, and a voice by itself is about as loud as it is in the mix."""


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

    def stems(self) -> tuple[StemRequest, ...]:
        """Its recording, in mono, levelled."""
        return (StemRequest(self.stem, 1, LEVEL_0_LUFS + self.level),)

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
