"""What an effect is: a table of parameters that becomes a processor of console strips.

Effects of the stage "stem" work on whole conditioned stems, once, when they are loaded: what has memory,
or needs both voices. They run one after the other, at one reference loudness, before every gain.

A strip is what a sound sends into the console. Effects of the stage "strip" work on one layer's
strip (place it, echo it): each hears the layer itself, and what they make of it is summed. Those of
the stage "bus" work on the sum of strips of a bus (the space, the dropout), one after the other.
Each of these is a pure function of absolute time with a finite look-back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Precision, Samples, Single
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.timeline.moments import Clock, Moment, Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray


REFERENCE_LUFS = -27.0
"""The loudness of every stem that an effect of the stage "stem" is given, whatever the preset's level."""


@dataclass(frozen=True)
class StemBench:
    """What an effect of the stage "stem" may know besides the stems: the programme does not exist yet.

    `loudness_lufs` measures a stem `(n,)`.
    """

    sample_rate: int
    seed: int
    clock: Clock
    loudness_lufs: Callable[[Samples], float]

    def samples(self, duration: Moment) -> int:
        """How many samples a length of time lasts."""
        return to_samples(self.clock.duration(duration), self.sample_rate)

    def seconds(self, duration: Moment) -> float:
        """How many seconds a length of time lasts."""
        return float(self.clock.duration(duration))

    def levelled(self, stem: Samples) -> Samples:
        """`stem` `(n,)` at `REFERENCE_LUFS`."""
        return stem * gain_from_db(REFERENCE_LUFS - self.loudness_lufs(stem))


@dataclass(frozen=True)
class Warned:
    """What an effect could not do: a `code` for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Treated:
    """What an effect of the stage "stem" made: the stems by layer, `(n,)` each, as long as before.

    Unless they are `levelled`, they are brought to `REFERENCE_LUFS` before anything else hears them.
    `did` holds sentences on what was done to each stem; `facts` are JSON values about all of them together.
    """

    stems: Mapping[str, Samples]
    did: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    levelled: bool = False


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

    stage: ClassVar[Literal["stem", "strip", "bus"]]
    order: ClassVar[int]
    """Stem and bus effects run one after the other in this order; the dropout is the last."""
    places: ClassVar[bool] = False
    """Whether a strip effect gives a mono sound its place; if none does, the console pans it."""

    hears_sends_only: ClassVar[bool] = False
    """Whether a bus effect leaves alone what a layer does not send to it."""
    layer_fields: ClassVar[tuple[str, ...]] = ()
    """The parameters that hold names of layers, so that a wrong name is found."""

    kind: str
    on: bool = Field(True, description="whether the effect is on")

    def stems(self) -> tuple[StemRequest, ...]:
        """The audio files that it needs."""
        return ()

    def works_on(self, layer: str) -> bool:
        """Whether it works on the layer of that name."""
        return True

    def tail(self, schedule: Schedule) -> Fraction:
        """When the last of it has died, in seconds, so that a cue can wait for `name.tail`."""
        raise NotImplementedError(f"{self.kind} has no tail")

    def passes(self, layer: str, schedule: Schedule) -> tuple[Fraction | None, Fraction | None]:
        """From when until when it lets the layer's own sound through, in exact seconds; None: no bound.

        Outside of it nothing of the layer is left, so what is spoken there counts as cut.
        """
        return None, None

    def tail_of(self, layer: str, schedule: Schedule) -> Fraction | None:
        """The end of its tail after the layer, in exact seconds; None without a tail."""
        return None

    def prepare(self, scene: Scene, name: str) -> Processor:
        """The processor of this effect in that scene; work that is the same for every tile is done here.

        Only here does the scene answer: what the processor needs of it, it takes with it.
        """
        raise NotImplementedError

    def treat(self, stems: Mapping[str, Samples], bench: StemBench, name: str) -> Treated:
        """Stage "stem" only: the stems of the layers that it works on, treated.

        `stems` are mono, `(n,)` float64 at the mix's rate and `REFERENCE_LUFS`, and not to be changed;
        `name` is the effect's in the preset and keys its noise. A pure function.
        """
        raise NotImplementedError
