"""What an effect is: a table of parameters that becomes a processor of console strips.

A strip is what a sound sends into the console. Effects of the stage "strip" work on one layer's
strip (place it, echo it): each hears the layer itself, and what they make of it is summed. Those of
the stage "bus" work on the sum of strips of a bus (the space, the dropout), one after the other.
Each is a pure function of absolute time with a finite look-back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Literal, Protocol

from pydantic import Field

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Parameters


@dataclass(frozen=True)
class Strip:
    """What sounds over one span: each part `(n, channels)` float64, or None where it is silent.

    `mono` is a voice that no effect has placed yet, `(n, 1)`; `stereo` is placed, `(n, 2)`; `early`
    and `late` are what the space will hear of it, `(n, 2)`.
    """

    mono: Samples | None = None
    stereo: Samples | None = None
    early: Samples | None = None
    late: Samples | None = None

    def __add__(self, other: Strip) -> Strip:
        return Strip(
            _sum(self.mono, other.mono),
            _sum(self.stereo, other.stereo),
            _sum(self.early, other.early),
            _sum(self.late, other.late),
        )

    def cut(self, part: slice) -> Strip:
        """The same strip over a part of its samples."""
        return Strip(*(None if x is None else x[part] for x in self.parts()))

    def end(self, n: int) -> Strip:
        """Its last `n` samples, as copies that do not keep the rest in memory."""
        return Strip(*(None if x is None else x[-n:].copy(order="K") for x in self.parts()))

    def parts(self) -> tuple[Samples | None, ...]:
        """(mono, stereo, early, late)."""
        return self.mono, self.stereo, self.early, self.late

    def placed(self, stereo: Samples | None) -> Strip:
        """The same strip with its mono part placed as `stereo`, added to what was placed before."""
        return replace(self, mono=None, stereo=_sum(self.stereo, stereo))


def _sum(a: Samples | None, b: Samples | None) -> Samples | None:
    if a is None or b is None:
        return b if a is None else a
    total: Samples = a + b
    return total


class Processor(Protocol):
    """An effect that knows its scene.

    `process(name, window, tile)`: `window` covers `[tile.start − look_back, tile.stop)` (for a bus effect
    its sends do, and the rest the tile alone), the result covers the tile. `name` is the layer's (stage
    "strip") or the bus's (stage "bus"). A pure function; it changes no array that it was given.
    """

    @property
    def look_back(self) -> int: ...

    def process(self, name: str, window: Strip, tile: Span) -> Strip: ...

    def sounding(self, span: Span) -> Span:
        """Where there is sound afterwards, when there was sound in `span` before."""
        ...


class Effect(Parameters):
    """What every effect has: whether it is on, and which layers it works on."""

    stage: ClassVar[Literal["strip", "bus"]]
    order: ClassVar[int]
    """Bus effects run one after the other in this order; the dropout is the last."""
    places: ClassVar[bool] = False
    """Whether a strip effect gives a mono sound its place; if none does, the console pans it."""

    hears_sends_only: ClassVar[bool] = False
    """Whether a bus effect leaves alone what a layer does not send to it."""
    layer_fields: ClassVar[tuple[str, ...]] = ()
    """The parameters that hold names of layers, so that a wrong name is found."""

    kind: str
    on: bool = Field(True, description="whether it works at all")

    def stems(self) -> tuple[StemRequest, ...]:
        """The audio files that it needs."""
        return ()

    def works_on(self, layer: str) -> bool:
        """Whether it works on the layer of that name."""
        return True

    def tail(self, schedule: Schedule) -> Fraction:
        """When the last of it has died, in seconds, so that a cue can wait for `name.tail`."""
        raise NotImplementedError(f"{self.kind} has no tail")

    def prepare(self, scene: Scene, name: str) -> Processor:
        """The processor of this effect in that scene; what is the same for every tile is done here."""
        raise NotImplementedError
