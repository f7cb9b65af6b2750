"""Coloured noise, drawn as one spectrum per block and transformed to time.

Filtering white noise needs a forward and an inverse transform, and the filter rings. Here the random
amplitudes of its frequencies give a block of `SIZE` samples; it is crossfaded to the next block over
`SIZE - HOP` samples at equal power, so that level and spectrum are constant. The blocks are on a grid of
absolute time, so that any window can be drawn alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import frequencies
from audio_pipeline.dsp.noise import steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 34_560
HOP = 32_000
"""Samples from one block to the next."""

_ROWS = 4
"""Blocks transformed at a time: NumPy transforms four rows of float32 in little more time than one."""


def grid_hz(sample_rate: int) -> Samples:
    """The frequencies `(SIZE // 2 + 1,)`, in Hz, of a noise's magnitude spectrum."""
    return frequencies(SIZE, sample_rate)


class ColouredNoise:
    """A stream of near Gaussian noise: `magnitude` `(SIZE // 2 + 1,)` is its spectrum at `grid_hz`.

    Its mean square is the mean of magnitude² over all frequencies, like white noise of RMS 1 after a filter
    of that magnitude. It is drawn in float32; the rounding error is 140 dB below the noise. Raises
    ValueError for a magnitude of another shape.
    """

    def __init__(self, seed: int, stream: str, magnitude: Samples) -> None:
        if magnitude.shape != (SIZE // 2 + 1,):
            raise ValueError(f"the magnitude is {magnitude.shape}, not ({SIZE // 2 + 1},)")
        self._seed, self._stream = seed, stream
        # real and imaginary parts share the power SIZE of a frequency; a step's mean square is 4¹⁵/3
        shared = magnitude * math.sqrt(SIZE / 2.0 * 3.0 / 4.0**15)
        self._amplitudes = np.repeat(shared.astype(np.float32), 2)
        rise = np.sin((np.arange(SIZE - HOP) + 0.5) / (SIZE - HOP) * (math.pi / 2))
        self._rise = rise.astype(np.float32)

    def draw(self, start: int, stop: int) -> NDArray[np.float32]:
        """`(stop - start,)` samples of noise; overlapping windows have the same samples."""
        out = np.empty(max(stop - start, 0), np.float32)
        at = 0
        for piece in self.pieces(start, stop):
            out[at : at + len(piece)] = piece
            at += len(piece)
        return out

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[np.float32]]:
        """The samples of `draw`, in order, in pieces that end where a crossfade to the next block begins."""
        if stop <= start:
            return
        own, last = start // HOP, (stop - 1) // HOP
        # the previous block reaches only into the crossfade at the start
        first = own - 1 if start % HOP < SIZE - HOP else own
        ending: NDArray[np.float32] = np.zeros(SIZE - HOP, np.float32)
        for block, sound in enumerate(self._blocks(range(first, last + 1)), first):
            if block >= own:
                beginning = sound[: SIZE - HOP]
                beginning *= self._rise
                beginning += ending
                yield sound[max(start - block * HOP, 0) : min(stop - block * HOP, HOP)]
            ending = sound[HOP:] * self._rise[::-1]

    def _blocks(self, numbers: range) -> Iterator[NDArray[np.float32]]:
        drawn = steps(self._seed, self._stream, numbers, SIZE + 2)
        for batch in range(0, len(numbers), _ROWS):
            spectra = np.empty((len(numbers[batch : batch + _ROWS]), SIZE + 2), np.float32)
            for spectrum in spectra:
                np.multiply(next(drawn), self._amplitudes, out=spectrum)
            yield from np.fft.irfft(spectra.view(np.complex64), SIZE)
