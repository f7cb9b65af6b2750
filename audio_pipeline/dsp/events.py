"""Sounds made of events: what chance gives to each, and damped ringing placed between the samples.

An event is known by its number, not by when it happens, so that any window can be drawn alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples

Phasors: TypeAlias = NDArray[np.complex128]
"""Amplitudes with their phases."""

CELL = 256
"""Events in a cell of `normals`."""

_BATCH = 8
"""Blows worked out at a time: so few stay in the cache."""


def normals(seed: int, stream: str, first: int, last: int, columns: int) -> Samples:
    """`(last − first, columns)` standard normals that belong to the events [first, last).

    Event numbers may be negative; the same event gets the same numbers in every window. Held between
    ±2.5, since what a machine does unevenly it does within bounds.
    """
    if last <= first:
        return np.zeros((0, columns))
    cells = range(first // CELL, (last - 1) // CELL + 1)
    drawn = [noise.generator(seed, stream, c).standard_normal((CELL, columns)) for c in cells]
    within = np.concatenate(drawn)[first - cells[0] * CELL : last - cells[0] * CELL]
    return np.clip(within, -2.5, 2.5)


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
        return self._lasts(max(self.decays_s))

    def _lasts(self, decay_s: float) -> int:
        return int(6.0 * decay_s * self.sample_rate) + 1

    @cached_property
    def _poles(self) -> Phasors:
        tones, decays = np.array(self.tones_hz), np.array(self.decays_s)
        poles: Phasors = (2j * np.pi * tones - 1.0 / decays) / self.sample_rate
        return poles

    @cached_property
    def _sines(self) -> list[tuple[Samples, Samples]]:
        rings = [
            np.exp(pole * np.arange(self._lasts(decay)))
            for pole, decay in zip(self._poles, self.decays_s, strict=True)
        ]
        return [(ring.real.copy(), ring.imag.copy()) for ring in rings]

    def struck(self, at: Samples, strength: Phasors, start: int, stop: int) -> Samples:
        """`(stop − start,)`: the sum of all blows as heard in the samples [start, stop).

        `at`: `(blows,)` in samples, not rounded; a sine begins exactly there, so the ring of an
        event between two samples is exact. `strength`: `(blows, tones)`; its angle is the phase, 0
        for a sine that begins at zero. Blows that are not heard in the window may be among them.
        """
        length = self.length
        onset = np.ceil(at).astype(np.int64)
        heard = (onset < stop) & (onset > start - length)
        weights = strength[heard] * np.exp(self._poles * (onset - at)[heard, None])
        places = onset[heard] - start + length
        total = np.zeros(stop - start + 2 * length)
        for batch in range(0, len(weights), _BATCH):
            rings = self._rings(weights[batch : batch + _BATCH])
            for first, ring in zip(places[batch : batch + _BATCH].tolist(), rings, strict=True):
                total[first : first + length] += ring
        return total[length : length + stop - start]

    def _rings(self, weights: Phasors) -> Samples:
        """`(blows, length)`: each blow alone, from its weights `(blows, tones)`."""
        rings = np.zeros((len(weights), self.length))
        partial = np.empty_like(rings)
        # not as one matrix product: BLAS may round it otherwise with another number of threads
        for tone, (cosine, sine) in enumerate(self._sines):
            sounding = rings[:, : len(sine)]
            for weight, wave in ((weights.real, sine), (weights.imag, cosine)):
                sounding += np.multiply(weight[:, tone, None], wave, out=partial[:, : len(sine)])
        return rings
