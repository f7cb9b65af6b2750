"""Sounds made of events: what chance gives to each, and damped ringing placed between the samples.

An event is known by its number, not by when it happens, so that any window can be drawn alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples

CELL = 256
"""Events in a cell of `normals`."""


def normals(seed: int, stream: str, first: int, last: int, columns: int) -> Samples:
    """`(last − first, columns)` standard normals that belong to the events [first, last).

    Event numbers may be negative; the same event gets the same numbers in every window.
    """
    if last <= first:
        return np.zeros((0, columns))
    cells = range(first // CELL, (last - 1) // CELL + 1)
    drawn = [noise.generator(seed, stream, c).standard_normal((CELL, columns)) for c in cells]
    return np.concatenate(drawn)[first - cells[0] * CELL : last - cells[0] * CELL]


@dataclass(frozen=True)
class Resonances:
    """A body that rings when it is struck: sines that die away, one for each of `tones_hz`.

    `decays_s` are the times in which the sines fall to 1/e. What is left at −52 dB is not rendered.
    """

    tones_hz: tuple[float, ...]
    decays_s: tuple[float, ...]
    sample_rate: int

    @property
    def length(self) -> int:
        """Samples for which one blow sounds."""
        return int(6.0 * max(self.decays_s) * self.sample_rate) + 1

    @cached_property
    def _poles(self) -> NDArray[np.complex128]:
        tones, decays = np.array(self.tones_hz), np.array(self.decays_s)
        return (2j * np.pi * tones - 1.0 / decays) / self.sample_rate

    @cached_property
    def _basis(self) -> NDArray[np.complex128]:
        return np.exp(self._poles[:, None] * np.arange(self.length))

    def struck(self, at: Samples, strength: NDArray[np.complex128], start: int, stop: int) -> Samples:
        """`(stop − start,)`: the sum of all blows as heard in the samples [start, stop).

        `at`: `(blows,)` in samples, not rounded; a sine begins exactly there, so the ring of an
        event between two samples is exact. `strength`: `(blows, tones)`; its angle is the phase, 0
        for a sine that begins at zero. Blows that are not heard in the window may be among them.
        """
        onset = np.ceil(at).astype(np.int64)
        heard = (onset < stop) & (onset > start - self.length)
        if not heard.any():
            return np.zeros(stop - start)
        onset, late = onset[heard], (np.ceil(at) - at)[heard]
        weights = strength[heard] * np.exp(self._poles * late[:, None])
        # Im(w·e), as two real products: half the work of a complex one
        rings = weights.real @ self._basis.imag + weights.imag @ self._basis.real
        place = (onset - start + self.length)[:, None] + np.arange(self.length)
        size = stop - start + 2 * self.length
        total = np.bincount(place.ravel(), weights=rings.ravel(), minlength=size)
        return total[self.length : self.length + stop - start].astype(np.float64)
