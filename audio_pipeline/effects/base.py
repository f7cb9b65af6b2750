"""The base class of effects: a table of parameters that becomes a processor of console strips.

Effects of the stage "stem" work on complete conditioned stems, once, when they are loaded: effects with
memory, and effects that need both voices. They run in series, at one reference loudness, before every
gain.

A strip is the signal of a sound in the console. Effects of the stage "strip" work on one layer's strip
(pan it, echo it): the input of each is the layer itself, and their outputs are summed. Effects of the
stage "bus" work on the sum of the strips of a bus (the space, the dropout), in series. Strip and bus
effects are pure functions of absolute time with a finite look-back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Precision, Samples, Single
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Clock, Moment, Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray


REFERENCE_LUFS = -27.0
"""The loudness of every input stem of an effect of the stage "stem", independent of the preset's level."""


@dataclass(frozen=True)
class StemBench:
    """The context of an effect of the stage "stem"; the programme does not exist yet.

    `loudness_lufs` measures a stem `(n,)`.
    """

    sample_rate: int
    seed: int
    clock: Clock
    loudness_lufs: Callable[[Samples], float]

    def samples(self, duration: Moment) -> int:
        """A duration in samples."""
        return to_samples(self.clock.duration(duration), self.sample_rate)

    def seconds(self, duration: Moment) -> float:
        """A duration in seconds."""
        return float(self.clock.duration(duration))

    def levelled(self, stem: Samples) -> Samples:
        """`stem` `(n,)` at `REFERENCE_LUFS`."""
        return stem * gain_from_db(REFERENCE_LUFS - self.loudness_lufs(stem))


@dataclass(frozen=True)
class Warned:
    """A warning of an effect: a `code` for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Treated:
    """The output of an effect of the stage "stem": the stems by layer, `(n,)` each, of unchanged length.

    Unless they are `levelled`, they are brought to `REFERENCE_LUFS` before the next effect. `did` holds
    sentences on what was done to each stem; `facts` are JSON values about all of them together.
    """

    stems: Mapping[str, Samples]
    did: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    levelled: bool = False


@dataclass(frozen=True)
class Strip:
    """The signal of a sound over one span: each part `(n, channels)`, or None for silence.

    `mono` is not panned yet, `(n, 1)` float64; `stereo` is panned, `(n, 2)` float64; `early` and `late`
    are the sends to the space, `(n, 2)` float32, the precision of the space's processing.
    """

    mono: Samples | None = None
    stereo: Samples | None = None
    early: Single | None = None
    late: Single | None = None

    def cut(self, part: slice) -> Strip:
        """The same strip over a part of its samples."""
        return Strip(*(None if x is None else x[part] for x in self.parts()))

    def end(self, n: int) -> Strip:
        """The last `n` samples; of longer parts as copies, so that the rest is freed."""
        return Strip(*(x if x is None or len(x) == n else x[-n:].copy(order="K") for x in self.parts()))

    def parts(self) -> tuple[NDArray[Any] | None, ...]:
        """(mono, stereo, early, late)."""
        return self.mono, self.stereo, self.early, self.late


def summed(strips: Iterable[Strip]) -> Strip:
    """The sum of all strips, part by part; without strips, silence.

    Each strip is requested after the previous one was added, so that at most two are in memory.
    """
    sums = [_Sum() for _ in fields(Strip)]
    for strip in strips:
        for sum_, part in zip(sums, strip.parts(), strict=True):
            sum_.add(part)
        del strip, part  # the next strip is made without them
    return Strip(*(sum_.value for sum_ in sums))


def total(parts: Iterable[NDArray[Precision] | None]) -> NDArray[Precision] | None:
    """The sum of arrays `(n, channels)` of one shape, planar; None where all are None.

    A single array is returned without a copy.
    """
    sum_ = _Sum()
    for part in parts:
        sum_.add(part)
        del part  # the next array is made without it
    return sum_.value


class _Sum:
    """A sum of arrays; from the second part on it has its own array."""

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
    """An effect that is prepared for a scene.

    `process(name, window, tile)`: `window` covers `[tile.start − look_back, tile.stop)` (for a bus
    effect only its sends do; other parts cover the tile), the result covers the tile. `name` is the
    name of the layer (stage "strip") or the bus (stage "bus"). A pure function; it does not change its
    input arrays. It may have `fixed_until`, the first sample whose value depends on an answer of
    `scene.end`; see `layers.base.Source`. A bus effect may have `acts_from`, the first sample that it may
    change: earlier tiles are the same without it, so they are read from the cache when it is changed.
    """

    @property
    def look_back(self) -> int: ...

    def process(self, name: str, window: Strip, tile: Span) -> Strip: ...

    def active_span(self, span: Span) -> Span:
        """The active span of the output for an input that is active in `span`."""
        ...


class Effect(Parameters):
    """The parameters of every effect: whether it is on, and the layers that it works on."""

    stage: ClassVar[Literal["stem", "strip", "bus"]]
    order: ClassVar[int]
    """The position of stem and bus effects in the series; the dropout is the last."""
    places: ClassVar[bool] = False
    """Whether a strip effect pans a mono sound; if no effect does, the console pans it."""

    hears_sends_only: ClassVar[bool] = False
    """Whether a bus effect processes only the sends of layers."""
    layer_fields: ClassVar[tuple[str, ...]] = ()
    """The parameters that hold names of layers; the names are checked."""

    kind: str
    on: bool = Field(True, description="whether the effect is on")

    def stems(self) -> tuple[StemRequest, ...]:
        """The audio files that the effect needs."""
        return ()

    def works_on(self, layer: str) -> bool:
        """Whether the effect works on the layer with this name."""
        return True

    def tail(self, schedule: Schedule) -> Fraction:
        """The end of the effect's tail in exact seconds: the value of `name.tail` in cues."""
        raise NotImplementedError(f"{self.kind} has no tail")

    def passes(self, layer: str, schedule: Schedule) -> tuple[Fraction | None, Fraction | None]:
        """Start and end of the time in which the layer itself passes, in exact seconds; None: no bound.

        Outside this time the layer is silent, so speech there counts as cut.
        """
        return None, None

    def tail_of(self, layer: str, schedule: Schedule) -> Fraction | None:
        """The end of its tail after the layer, in exact seconds; None without a tail."""
        return None

    def prepare(self, scene: Scene, name: str) -> Processor:
        """The processor of this effect in a scene; work that is the same for every tile is done here.

        The scene may be read only here: the processor stores what it needs of it.
        """
        raise NotImplementedError

    def treat(self, stems: Mapping[str, Samples], bench: StemBench, name: str) -> Treated:
        """The treated stems of the layers that the effect works on; stage "stem" only.

        `stems` are mono, `(n,)` float64 at the mix's rate and `REFERENCE_LUFS`, and must not be
        changed; `name` is the effect's name in the preset and the key of its noise. A pure function.
        """
        raise NotImplementedError
