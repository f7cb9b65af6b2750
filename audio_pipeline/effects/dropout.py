"""The dropout: at its cue everything except the film's grain is faded out."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import CurveName, curve
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.timeline.moments import Schedule, parse_duration, parse_moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Duration, List, Time


class Dropout(Effect):
    """All buses fade to silence within `fade`; only the layers in `spares` continue."""

    stage: ClassVar[Literal["strip", "bus"]] = "bus"
    order: ClassVar[int] = 100
    layer_fields: ClassVar[tuple[str, ...]] = ("spares",)

    kind: Literal["dropout"] = "dropout"
    at: Time = Field(parse_moment("dropout"), description="start of the dropout")
    fade: Duration = Field(parse_duration("250ms"), description="length of the fall")
    curve: CurveName = Field("qsin", description="curve of the fall")
    spares: List[str] = Field(("grain",), description="layers that are not removed")

    def works_on(self, layer: str) -> bool:
        """Whether the layer is not in `spares`."""
        return layer not in self.spares

    def passes(self, layer: str, schedule: Schedule) -> tuple[Fraction | None, Fraction | None]:
        """See `Effect.passes`: the layer passes until the fall starts."""
        return None, schedule.seconds(self.at)

    def prepare(self, scene: Scene, name: str) -> DropoutProcessor:
        """See `Effect.prepare`."""
        return DropoutProcessor(scene.at(self.at), max(1, scene.samples(self.fade)), self.curve)


class DropoutProcessor:
    """A gain that is 1 up to sample `at`, falls, and is exactly 0 from `at + fade` on."""

    look_back = 0

    def __init__(self, at: int, fade: int, shape: CurveName) -> None:
        self.at = self.acts_from = at
        self.fade = fade
        self.shape: CurveName = shape

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`: silence after the fall."""
        stop = min(span.stop, self.at + self.fade)
        return Span(min(span.start, stop), stop)

    def gain(self, tile: Span) -> Samples:
        """The gain `(len(tile),)`, 1 … 0."""
        return self.gain_at(np.arange(tile.start, tile.stop, dtype=np.float64))

    def gain_at(self, sample: Samples) -> Samples:
        """The gain `(n,)` at `sample` `(n,)`, 1 … 0."""
        return curve(self.shape, 1.0 - (sample - self.at) / self.fade)

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        if tile.stop <= self.at:
            return window
        if tile.start >= self.at + self.fade:
            return Strip()
        gain = self.gain(tile)[:, None]
        faded = Strip(*(None if part is None else part.copy(order="K") for part in window.parts()))
        for part in faded.parts():
            if part is not None:
                part *= gain
        return faded
