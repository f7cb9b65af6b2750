"""A recording, from a time on: a real projector, a real breath, a music cue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import CurveName, curve, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.fades import edges
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Duration, Pan


class Clip(Layer):
    """A stem that plays once, or around and around with a seam of constant power.

    It keeps the level of its file. Its fades stand at the ends of what is heard of it: without a
    loop it ends with the file, if `until` does not come first.
    """

    kind: Literal["clip"] = "clip"
    stem: str = Field(min_length=1, description="the audio file")
    gain: Db = Field(0.0, description="its level, beside the file's own")
    pan: Pan = Field(0.0, description="its balance: to one side the other side is turned down")
    fade_in: Duration = Field(parse_duration("10ms"), description="how long it takes to come up")
    fade_in_curve: CurveName = Field("qsin", description="the curve of its beginning")
    fade_out: Duration = Field(parse_duration("10ms"), description="how long its end takes")
    fade_out_curve: CurveName = Field("qsin", description="the curve of its end, backwards")
    loop: bool = Field(False, description="whether it begins again until it has to end")
    seam: Duration = Field(parse_duration("500ms"), description="the crossfade where it begins again")

    def stems(self) -> tuple[StemRequest, ...]:
        """The recording, in stereo, at its own level."""
        return (self._request(),)

    def prepare(self, scene: Scene, name: str) -> ClipSource:
        """See `Layer.prepare`. A seam longer than half the file is as long as half the file."""
        audio = scene.stems[self._request()]
        span = self.span(scene)
        if not self.loop or len(audio) == 0:
            span = Span(span.start, min(span.stop, span.start + len(audio)))
        seam = min(scene.samples(self.seam), len(audio) // 2)
        return ClipSource(self, scene, audio, self._gains(), span, seam)

    def _request(self) -> StemRequest:
        return StemRequest(self.stem, channels=2)

    def _gains(self) -> Samples:
        """Left and right, `(2,)`: the side that it leans to keeps its level."""
        sides = pan_gains(np.array([self.pan]), 3.01)[0]
        balance: Samples = np.minimum(sides / pan_gains(np.zeros(1), 3.01)[0], 1.0)
        return balance * gain_from_db(self.gain)


@dataclass
class ClipSource:
    """The recording `(n, 2)` in its scene, and its gains `(2,)`; `seam` is the crossfade's length in
    samples."""

    layer: Clip
    scene: Scene
    audio: Samples
    gains: Samples
    span: Span
    seam: int
    channels: Literal[1, 2] = 2

    def render(self, tile: Span) -> Samples:
        """What is heard of it over a tile, `(len(tile), 2)`."""
        out = np.zeros((len(tile), 2))
        part = self.span.intersect(tile)
        if len(part) == 0:
            return out
        since = np.arange(part.start, part.stop) - self.span.start
        heard = self._looped(since) if self.layer.loop else self.audio[since] * self.gains
        out[part.inside(tile)] = heard * self._edges(part)[:, None]
        return out

    def _looped(self, since: NDArray[np.int64]) -> Samples:
        """The samples `since` the beginning; from the second time on each begins over the last's end."""
        period = len(self.audio) - self.seam
        turn, position = np.divmod(since, period)
        heard = self.audio[position] * self.gains
        over = np.flatnonzero((turn > 0) & (position < self.seam))
        progress = (position[over] + 0.5) / max(self.seam, 1)
        beginning, ending = curve("qsin", progress)[:, None], curve("qsin", 1.0 - progress)[:, None]
        ended = self.audio[position[over] + period] * self.gains
        heard[over] = heard[over] * beginning + ended * ending
        return heard

    def _edges(self, part: Span) -> Samples:
        rise, fall = (self.scene.samples(d) for d in (self.layer.fade_in, self.layer.fade_out))
        return edges(
            self.span.start,
            self.span.stop,
            rise,
            fall,
            part.start,
            part.stop,
            rise_curve=self.layer.fade_in_curve,
            fall_curve=self.layer.fade_out_curve,
        )
