"""The approach: layers slowly come forward and gain treble, with their reverberation unchanged."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.control import LONG_HOP, slow_curve
from audio_pipeline.dsp.curves import CurveName, curve, db_at_half_power, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.filters import convolve, one_pole_lowpass
from audio_pipeline.dsp.placement import Placer, SpeakerPlacer
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.timeline.moments import parse_moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Hz, List, Pan, Time


class Approach(Effect):
    """Layers come forward: their direct sound rises by `level`, and by `treble` more above `treble_from`.

    Their sends to the space are unchanged, as for a source that comes nearer in a room. With negative
    values they recede. A mono layer comes forward at `pan`, which should equal the layer's own.
    """

    stage: ClassVar[Literal["strip", "bus"]] = "strip"
    order: ClassVar[int] = 30
    layer_fields: ClassVar[tuple[str, ...]] = ("layers",)

    kind: Literal["approach"] = "approach"
    layers: List[str] = Field(("projector",), description="the layers that come forward")
    starts: Time = Field(parse_moment("black"), description="start of the approach")
    arrives: Time = Field(parse_moment("dropout"), description="end of the approach")
    level: Db = Field(2.5, ge=-24, le=12, description="rise of the level of the direct sound")
    treble: Db = Field(2.0, ge=-24, le=12, description="additional rise of its treble")
    treble_from: Hz = Field(2000.0, ge=50, description="corner frequency of the treble's shelf")
    curve: CurveName = Field("tri", description="curve of the rise")
    pan: Pan = Field(0.0, description="pan of the rise of a mono layer")

    def works_on(self, layer: str) -> bool:
        """Whether the layer is one of its layers."""
        return layer in self.layers

    def prepare(self, scene: Scene, name: str) -> ApproachProcessor:
        """See `Effect.prepare`."""
        start, stop = scene.at(self.starts), scene.end(self.arrives)
        return ApproachProcessor(self, start, max(stop, start + 1), scene)


class ApproachProcessor:
    """See `Approach`. It adds the rise of the direct sound to a strip."""

    def __init__(self, parameters: Approach, start: int, stop: int, scene: Scene) -> None:
        self._parameters = parameters
        self._start, self._stop = start, stop
        self.fixed_until = start
        self._placer: Placer = scene.placer(db_at_half_power())
        treble = gain_from_db(parameters.treble)
        low = one_pole_lowpass(min(parameters.treble_from, scene.sample_rate / 2), scene.sample_rate)
        # the shelf, treble · x + (1 − treble) · low ∗ x, times the gain, minus the unchanged signal
        self._rise = gain_from_db(parameters.level) * (1.0 - treble) * low
        self._rise[0] += gain_from_db(parameters.level) * treble - 1.0
        self.look_back = len(self._rise) - 1 + self._placer.look_back

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`."""
        return Span(span.start, span.stop + self.look_back)

    def gains(self, sample: Samples, channels: int) -> Samples | None:
        """The rise of the gains of left and right, `(n, 2)`, at `sample` `(n,)`, without treble.

        `channels` is the number of channels of the layer's source. None for headphones, where pan is
        not a gain.
        """
        rise = (gain_from_db(self._parameters.level) - 1.0) * self._progress(sample)
        if channels == 2:
            return np.stack([rise, rise], axis=1)
        if not isinstance(self._placer, SpeakerPlacer):
            return None
        pan = pan_gains(np.array([self._parameters.pan]), self._placer.law_db)
        added: Samples = rise[:, None] * pan
        return added

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        part = tile.intersect(Span(self._start, max(tile.stop, self._start)))
        if not len(part):
            return Strip()
        added = None
        reach = Span(part.start - self.look_back, part.stop).inside(
            Span(tile.start - self.look_back, tile.stop)
        )
        if window.stereo is not None:
            skip = self._placer.look_back  # stereo is already panned
            added = convolve(window.stereo[reach][skip:], self._rise)
        elif window.mono is not None:
            direct = convolve(window.mono[reach], self._rise)[:, 0]
            added = self._placer.place(direct, np.array([self._parameters.pan]))
        if added is None:
            return Strip()
        added *= slow_curve(self._progress, part.start, part.stop, hop=LONG_HOP)[:, None]
        if len(part) == len(tile):
            return Strip(stereo=added)
        whole = silence(len(tile), 2)
        whole[part.inside(tile)] = added
        return Strip(stereo=whole)

    def _progress(self, sample: Samples) -> Samples:
        return curve(self._parameters.curve, (sample - self._start) / (self._stop - self._start))
