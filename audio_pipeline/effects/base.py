"""What an effect is: a table of parameters that becomes a processor of console strips.

A strip is what a sound sends into the console. Effects of the stage "strip" work on one layer's
strip (place it, echo it): each hears the layer itself, and what they make of it is summed. Those of
the stage "bus" work on the sum of strips of a bus (the space, the dropout), one after the other.
Each is a pure function of absolute time with a finite look-back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Precision, Samples, Single
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Strip:
    """What sounds over one span: each part `(n, channels)`, or None where it is silent.

    `mono` is a voice that no effect has placed yet, `(n, 1)` float64; `stereo` is placed, `(n, 2)`
    float64; `early` and `late` are what the space will hear of it, `(n, 2)` float32, in which its rooms
    are made.
    """

    mono: Samples | None = None
    stereo: Samples | None = None
    early: Single | None = None
    late: Single | None = None

    def cut(self, part: slice) -> Strip:
        """The same strip over a part of its samples."""
        return Strip(*(None if x is None else x[part] for x in self.parts()))

    def end(self, n: int) -> Strip:
        """Its last `n` samples, as copies that do not keep the rest in memory."""
        return Strip(*(None if x is None else x[-n:].copy(order="K") for x in self.parts()))

    def parts(self) -> tuple[NDArray[Any] | None, ...]:
        """(mono, stereo, early, late)."""
        return self.mono, self.stereo, self.early, self.late


def summed(strips: Iterable[Strip]) -> Strip:
    """All strips together, part by part; of none, a silent one.

    Each is asked for when the one before it is in the sum, so that no more than two are in memory.
    """
    sums = [_Sum() for _ in fields(Strip)]
    for strip in strips:
        for sum_, part in zip(sums, strip.parts(), strict=True):
            sum_.add(part)
    return Strip(*(sum_.value for sum_ in sums))


def total(parts: Iterable[NDArray[Precision] | None]) -> NDArray[Precision] | None:
    """The sum of arrays `(n, channels)` of one shape, planar; None where all are None.

    What is alone comes back as it is.
    """
    sum_ = _Sum()
    for part in parts:
        sum_.add(part)
    return sum_.value


class _Sum:
    """A sum that grows in an array of its own, once there is more than one part."""

    def __init__(self) -> None:
        self.value: NDArray[Any] | None = None
        self._own = False

    def add(self, part: NDArray[Any] | None) -> None:
        if part is None:
            return
        if self.value is None:
            self.value = part
        elif self._own:
            self.value += part
        else:
            out = np.empty(part.shape[::-1], part.dtype).T
            self.value, self._own = np.add(self.value, part, out=out), True


class Processor(Protocol):
    """An effect that knows its scene.

    `process(name, window, tile)`: `window` covers `[tile.start − look_back, tile.stop)` (for a bus effect
    its sends do, and the rest the tile alone), the result covers the tile. `name` is the layer's (stage
    "strip") or the bus's (stage "bus"). A pure function; it changes no array that it was given.
    """

    @property
    def look_back(self) -> int: ...

    def process(self, name: str, window: Strip, tile: Span) -> Strip: ...

    def active_span(self, span: Span) -> Span:
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
