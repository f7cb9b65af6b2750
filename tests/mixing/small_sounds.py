"""Sounds that cost nothing and whose result can be written down: for tests of graph, stores and console."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span


def ramp(span: Span) -> Samples:
    """`(len(span),)`: a value for every sample, so that a sample at the wrong place is seen."""
    return np.arange(span.start, span.stop) % 9973 / 9973.0


class Ramp(Layer):
    """`gain` × the ramp, where it is on, in `channels` channels."""

    kind: str = "ramp"
    gain: float = 0.1
    channels: Literal[1, 2] = 2
    recording: bool = False
    made: ClassVar[list[tuple[str, int]]] = []
    """Every (name, start) of a tile that was made."""

    def stems(self) -> tuple[StemRequest, ...]:
        return (StemRequest("stems/it.wav", 1),) if self.recording else ()

    def prepare(self, scene: Scene, name: str) -> Any:
        layer = self

        class RampSource:
            span = layer.span(scene)
            channels = layer.channels

            def render(self, tile: Span) -> Samples:
                Ramp.made.append((name, tile.start))
                out = np.zeros((len(tile), layer.channels))
                part = tile.intersect(self.span)
                out[part.inside(tile)] = layer.gain * ramp(part)[:, None]
                return out

        return RampSource()


class Late(Effect):
    """A strip effect: a layer again, `samples` later, at both sides. It places what it works on."""

    stage: ClassVar[Literal["strip", "bus"]] = "strip"
    order: ClassVar[int] = 10
    kind: str = "late"
    of: tuple[str, ...] = ()
    samples: int = 0

    def works_on(self, layer: str) -> bool:
        return layer in self.of

    def prepare(self, scene: Scene, name: str) -> Any:
        samples = self.samples

        class LateProcessor:
            look_back = samples

            def active_span(self, span: Span) -> Span:
                return Span(span.start, span.stop + samples)

            def process(self, name: str, window: Strip, tile: Span) -> Strip:
                part = window.mono if window.stereo is None else window.stereo
                if part is None:
                    return Strip()
                stereo = np.broadcast_to(part[: len(tile)], (len(tile), 2)).copy()
                return Strip(stereo=stereo, late=stereo.astype(np.float32))

        return LateProcessor()


class Room(Effect):
    """A bus effect: the late send again, `samples` later, added."""

    stage: ClassVar[Literal["strip", "bus"]] = "bus"
    order: ClassVar[int] = 10
    hears_sends_only: ClassVar[bool] = True
    kind: str = "late room"
    samples: int = 0

    def prepare(self, scene: Scene, name: str) -> Any:
        samples = self.samples

        class RoomProcessor:
            look_back = samples

            def active_span(self, span: Span) -> Span:
                return Span(span.start, span.stop + samples)

            def process(self, name: str, window: Strip, tile: Span) -> Strip:
                if window.late is None:
                    return Strip(stereo=window.stereo)
                late = window.late[: len(tile)].astype(np.float64)
                return Strip(stereo=late if window.stereo is None else window.stereo + late)

        return RoomProcessor()


class Half(Effect):
    """A bus effect without a look-back: everything but `spares` at half its level."""

    stage: ClassVar[Literal["strip", "bus"]] = "bus"
    order: ClassVar[int] = 20
    kind: str = "half"
    spares: tuple[str, ...] = ()

    def works_on(self, layer: str) -> bool:
        return layer not in self.spares

    def prepare(self, scene: Scene, name: str) -> Any:
        class HalfProcessor:
            look_back = 0

            def active_span(self, span: Span) -> Span:
                return span

            def process(self, name: str, window: Strip, tile: Span) -> Strip:
                return Strip(*(None if p is None else p * p.dtype.type(0.5) for p in window.parts()))

        return HalfProcessor()
