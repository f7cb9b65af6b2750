"""Sounds made of events: random values per event, and damped ringing with sub-sample onsets.

An event is identified by its number, not by its time, so that any window can be drawn alone.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

Phasors: TypeAlias = "NDArray[np.complex64]"
"""Complex amplitudes."""

Ringing: TypeAlias = "NDArray[np.float32]"
"""`(n,)`, the sum of many blows; the rounding error of float32 is 140 dB below them."""

CELL = 256
"""Events in a cell of `normals`."""

_GROUP = 16
"""Blows in one matrix product."""

_IN_CACHE = 131_072
"""Samples of rings computed at a time."""

_MOST_PARTS = 4
_SHORT_RING = 2048
"""Limits for rings that are added part by part; beyond them a loop over the blows is faster."""

_PIECE = 200_000
"""Multiplications in one matrix product; from 262 144 on OpenBLAS starts threads of its own."""


def normals(seed: int, stream: str, first: int, last: int, columns: int) -> Samples:
    """`(last − first, columns)` standard normals for the events [first, last).

    Event numbers may be negative; an event has the same values in every window. Clipped to ±2.5, because
    the irregularities of a machine are bounded.

    Examples:
        >>> bool((normals(1, "drops", 4, 6, 2) == normals(1, "drops", 0, 10, 2)[4:6]).all())
        True
    """
    if last <= first:
        return np.zeros((0, columns))
    cells = range(first // CELL, (last - 1) // CELL + 1)
    drawn = [_normals_of_cell(seed, stream, cell, columns) for cell in cells]
    return np.concatenate(drawn)[first - cells[0] * CELL : last - cells[0] * CELL]


@lru_cache(maxsize=64)
def _normals_of_cell(seed: int, stream: str, cell: int, columns: int) -> Samples:
    """`(CELL, columns)`, cached for the next tile, which may begin inside the cell."""
    drawn = noise.generator(seed, stream, cell).standard_normal((CELL, columns))
    return np.clip(drawn, -2.5, 2.5, out=drawn)


def phasors(logarithm: Samples, angle: Samples) -> Phasors:
    """e^(`logarithm` + i · `angle`), in a tenth of the time of NumPy's complex exponential.

    Examples:
        >>> phasors(np.log([0.5]), np.zeros(1))
        array([0.5+0.j], dtype=complex64)
    """
    turned = np.empty(angle.shape, np.complex64)
    radians = angle.astype(np.float32)
    np.cos(radians, out=turned.real)
    np.sin(radians, out=turned.imag)
    turned *= np.exp(logarithm.astype(np.float32))
    return turned


@dataclass(frozen=True)
class Resonances:
    """The ringing of a struck body: one decaying sine for each of `tones_hz`.

    `decays_s` are the times in which the sines fall to 1/e. Below −52 dB they are not rendered.

    Examples:
        >>> bell = Resonances((440.0,), (0.01,), 48_000)
        >>> onto = np.zeros(100, np.float32)
        >>> bell.strike(onto, np.array([7]), np.array([20.0]), np.ones((1, 1), np.complex64))
        >>> int(np.flatnonzero(onto)[0])  # a sine begins at zero, so the first sample after it sounds
        21
    """

    tones_hz: tuple[float, ...]
    decays_s: tuple[float, ...]
    sample_rate: int

    @property
    def length(self) -> int:
        """The length of one blow's ring, in samples."""
        return self._lasts(max(self.decays_s))

    def _lasts(self, decay_s: float) -> int:
        return int(6.0 * decay_s * self.sample_rate) + 1

    @cached_property
    def _poles(self) -> NDArray[np.complex128]:
        tones, decays = np.array(self.tones_hz), np.array(self.decays_s)
        poles: NDArray[np.complex128] = (2j * np.pi * tones - 1.0 / decays) / self.sample_rate
        return poles

    @cached_property
    def _waves(self) -> Ringing:
        """`(2 · tones, length)`: a sine and a cosine for each tone, zero after the end of the tone."""
        waves = np.zeros((len(self._poles), 2, self.length), np.float32)
        for wave, pole, decay in zip(waves, self._poles, self.decays_s, strict=True):
            ring = np.exp(pole * np.arange(self._lasts(decay)))
            wave[:, : len(ring)] = ring.imag, ring.real
        return waves.reshape(-1, self.length)

    @cached_property
    def _parts(self) -> tuple[tuple[slice, Ringing], ...]:
        """Each part of a ring, with the waves `(2 · tones, part)` that have not ended before it.

        The parts double in length, because most tones end long before the last one; the parts are short
        enough that BLAS uses no threads for a product with a group of blows.
        """
        parts: list[tuple[slice, Ringing]] = []
        lasts = [self._lasts(decay) for decay in self.decays_s]
        edges = [0, *(self.length >> octave for octave in (3, 2, 1)), self.length]
        for begin, end in pairwise(edges):
            tones = max((n for n, last in enumerate(lasts, 1) if last > begin), default=0)
            longest = max(1, _PIECE // (_GROUP * 2 * max(tones, 1)))
            for first in range(begin, end, longest):
                part = slice(first, min(first + longest, end))
                parts.append((part, np.ascontiguousarray(self._waves[: 2 * tones, part])))
        return tuple(parts)

    def strike(self, onto: Ringing, numbers: NDArray[np.int64], at: Samples, strength: Phasors) -> None:
        """Add the blows to `onto` `(n,)`, in order.

        `numbers`: `(blows,)`, the numbers of the blows, rising. `at`: `(blows,)` in samples from the first
        sample of `onto`, not rounded; a sine begins exactly there, so the ring of an event between two
        samples is exact. `strength`: `(blows, tones)`; its angle is the phase, 0 for a sine that begins at
        zero. Blows whose ring is outside `onto` are ignored.
        """
        onset = np.ceil(at).astype(np.int64)
        heard = (onset < len(onto)) & (onset > -self.length)
        late, poles = (onset - at)[heard, None], self._poles
        weights = strength[heard] * phasors(late * poles.real, late * poles.imag)
        amplitudes, places, numbers = weights.view(np.float32), onset[heard], numbers[heard]
        jumps = np.flatnonzero(np.diff(numbers) != 1) + 1
        for run in np.split(np.arange(len(numbers)), jumps):
            if len(run):
                self._strike_in_a_row(onto, int(numbers[run[0]]), places[run], amplitudes[run])

    def _strike_in_a_row(
        self, onto: Ringing, first: int, places: NDArray[np.int64], amplitudes: Ringing
    ) -> None:
        """Add the blows `first`, `first + 1`, … at their `places`; `amplitudes` is `(blows, 2 · tones)`."""
        # a blow has the same row of a product in every window: in another row it could round differently
        before, count = first % _GROUP, len(places)
        groups = np.zeros((-(-(before + count) // _GROUP), _GROUP, amplitudes.shape[1]), np.float32)
        groups.reshape(-1, amplitudes.shape[1])[before : before + count] = amplitudes
        at_once = max(1, _IN_CACHE // (_GROUP * self.length))
        for batch in range(0, len(groups), at_once):
            some = groups[batch : batch + at_once]
            rings = np.empty((len(some), _GROUP, self.length), np.float32)
            for part, waves in self._parts:
                np.matmul(some[:, :, : len(waves)], waves, out=rings[:, :, part])
            begin = batch * _GROUP - before
            own = slice(max(begin, 0), begin + len(some) * _GROUP)
            struck = rings.reshape(-1, self.length)[own.start - begin :][: len(places[own])]
            _add_rings(onto, places[own], struck)


def _add_rings(onto: Ringing, places: NDArray[np.int64], rings: Ringing) -> None:
    """Add each of the rings `(blows, length)` to `onto` `(n,)` at its place, in order.

    Short rings are divided into parts as long as the shortest way from one ring to the next. Equal parts of
    all rings never overlap, so they are added at once, the last parts first: the order of the sums at each
    sample stays the same, without a Python loop over the blows.
    """
    length = rings.shape[1]
    apart = int(np.diff(places).min(initial=length))
    first = last = len(places)
    if length <= min(_MOST_PARTS * apart, _SHORT_RING):
        first = int(np.searchsorted(places, 0))
        last = max(first, int(np.searchsorted(places, len(onto) - length, side="right")))
    _add_one_by_one(onto, places[:first], rings[:first])
    if first < last:
        inside, whole = places[first:last], rings[first:last]
        for begin in reversed(range(0, length, apart)):
            part = slice(begin, min(begin + apart, length))
            windows = np.lib.stride_tricks.sliding_window_view(onto, part.stop - begin, writeable=True)
            windows[inside + begin] += whole[:, part]
    _add_one_by_one(onto, places[last:], rings[last:])


def _add_one_by_one(onto: Ringing, places: NDArray[np.int64], rings: Ringing) -> None:
    for place, ring in zip(places.tolist(), rings, strict=True):
        sounding = onto[max(place, 0) : max(place + len(ring), 0)]
        sounding += ring[max(-place, 0) :][: len(sounding)]
