"""A recording that starts at a given time: a real projector, a real breath, a music cue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.curves import CurveName, balance_gains, curve
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Duration, Pan


class Clip(Layer):
    """A stem that plays once, or in a loop with a crossfade of constant power.

    It keeps the level of its file. Its fades are at the ends of the part that plays: without a loop it
    ends with the file or at `until`, whichever comes first.
    """

    pans_itself: ClassVar[bool] = True

    kind: Literal["clip"] = "clip"
    stem: str = Field(min_length=1, description="the audio file")
    gain: Db = Field(0.0, description="gain")
    pan: Pan = Field(0.0, description="balance: the opposite side is attenuated")
    fade_in: Duration = Field(parse_duration("10ms"), description="length of the fade-in")
    fade_in_curve: CurveName = Field("qsin", description="curve of the fade-in")
    fade_out: Duration = Field(parse_duration("10ms"), description="length of the fade-out")
    fade_out_curve: CurveName = Field("qsin", description="curve of the fade-out, reversed")
    loop: bool = Field(False, description="whether the clip loops")
    seam: Duration = Field(parse_duration("500ms"), description="length of the crossfade of the loop")

    def stems(self) -> tuple[StemRequest, ...]:
        """The recording, in stereo, at its own level."""
        return (self._request(),)

    def prepare(self, scene: Scene, name: str) -> ClipSource:
        """See `Layer.prepare`. A seam is limited to half the length of the file."""
        audio = scene.stems[self._request()]
        room = span = self.span(scene)
        if not self.loop or len(audio) == 0:
            span = Span(room.start, min(room.stop, room.start + len(audio)))
        seam = min(scene.samples(self.seam), len(audio) // 2)
        progress = (np.arange(seam) + 0.5) / max(seam, 1)
        joint = audio[:seam].T * curve("qsin", progress)
        joint += audio[len(audio) - seam :].T * curve("qsin", 1.0 - progress)
        fades = scene.samples(self.fade_in), scene.samples(self.fade_out)
        fixed_until = room.stop if span.stop < room.stop else span.stop - fades[1]
        return ClipSource(self, fades, audio, joint.T, self._gains(), span, fixed_until)

    def _request(self) -> StemRequest:
        return StemRequest(self.stem, channels=2)

    def _gains(self) -> Samples:
        """The gains of left and right, `(2,)`."""
        return balance_gains(self.pan) * gain_from_db(self.gain)


@dataclass
class ClipSource:
    """The source of a clip: recording `(n, 2)`, gains `(2,)`, fade-in and fade-out in samples.

    From the second pass on it begins with `joint` `(seam, 2)`, the crossfade of its end and its start.
    """

    layer: Clip
    fades: tuple[int, int]
    audio: Samples
    joint: Samples
    gains: Samples
    span: Span
    fixed_until: int
    channels: Literal[1, 2] = 2

    @property
    def period(self) -> int:
        """Samples from one start of the loop to the next; without a loop, the length of the recording."""
        return len(self.audio) - len(self.joint) if self.layer.loop else len(self.audio)

    def render(self, tile: Span) -> Samples:
        """The clip over a tile, `(len(tile), 2)`."""
        out = silence(len(tile), 2)
        part = self.span.intersect(tile)
        at = part.start
        while at < part.stop:
            turn, position = divmod(at - self.span.start, self.period)
            # the joint and the samples after it are copied one after the other
            again = turn > 0 and position < len(self.joint)
            heard = self.joint[position:] if again else self.audio[position : self.period]
            piece = heard[: part.stop - at]
            out[at - tile.start : at - tile.start + len(piece)] = piece * self.gains
            at += len(piece)
        fade_edges(
            out,
            tile.start,
            self.span.start,
            self.span.stop,
            *self.fades,
            rise_curve=self.layer.fade_in_curve,
            fall_curve=self.layer.fade_out_curve,
        )
        return out
