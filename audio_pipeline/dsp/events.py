"""Sounds made of events: what chance gives to each, and damped ringing placed between the samples.

An event is known by its number, not by when it happens, so that any window can be drawn alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

Phasors: TypeAlias = "NDArray[np.complex128]"
"""Amplitudes with their phases."""

Ringing: TypeAlias = "NDArray[np.float32]"
"""`(n,)` of what is added up of many blows: what float32 rounds away lies 140 dB under them."""

CELL = 256
"""Events in a cell of `normals`."""

_BATCH = 16
"""Blows worked out at a time: so few stay in the cache."""

_PIECE = 200_000
"""Multiplications in one matrix product: from 262 144 on OpenBLAS would start threads of its own."""


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


def phasors(logarithm: Samples, angle: Samples) -> Phasors:
    """e^(`logarithm` + i · `angle`), in a third of the time that NumPy takes for complex numbers."""
    turned = np.empty(angle.shape, np.complex128)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    turned *= np.exp(logarithm)
    return turned


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
    def _waves(self) -> Ringing:
        """`(2 · tones, length)`: a sine and a cosine for each tone, silent once it is over."""
        waves = np.zeros((len(self._poles), 2, self.length), np.float32)
        for wave, pole, decay in zip(waves, self._poles, self.decays_s, strict=True):
            ring = np.exp(pole * np.arange(self._lasts(decay)))
            wave[:, : len(ring)] = ring.imag, ring.real
        return waves.reshape(-1, self.length)

    def strike(self, onto: Ringing, at: Samples, strength: Phasors) -> None:
        """Add to `onto` `(n,)` what is heard of all blows within it.

        `at`: `(blows,)` in samples from its first one, not rounded; a sine begins exactly there, so
        the ring of an event between two samples is exact. `strength`: `(blows, tones)`; its angle is
        the phase, 0 for a sine that begins at zero. Blows that are not heard may be among them.
        """
        length = self.length
        onset = np.ceil(at).astype(np.int64)
        heard = (onset < len(onto)) & (onset > -length)
        late, poles = (onset - at)[heard, None], self._poles
        weights = strength[heard] * phasors(late * poles.real, late * poles.imag)
        # whole batches only: a product of another shape might round otherwise
        spare = np.zeros((-len(weights) % _BATCH, len(self._poles)))
        amplitudes = np.concatenate([weights, spare]).view(np.float64).astype(np.float32)
        places = onset[heard].tolist()
        rings = np.empty((_BATCH, length), np.float32)
        piece = max(1, _PIECE // (_BATCH * len(self._waves)))
        for batch in range(0, len(places), _BATCH):
            for first in range(0, length, piece):
                part = slice(first, first + piece)
                np.matmul(amplitudes[batch : batch + _BATCH], self._waves[:, part], out=rings[:, part])
            for place, ring in zip(places[batch : batch + _BATCH], rings, strict=False):
                if place >= 0:
                    sounding = onto[place : place + length]
                    sounding += ring[: len(sounding)]
                else:
                    onto[: place + length] += ring[-place : len(onto) - place]
