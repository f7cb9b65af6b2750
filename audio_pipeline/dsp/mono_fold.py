"""The loss when stereo is folded to mono: comb filters from delays between left and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples, Spectrum
from audio_pipeline.dsp.filters import frequencies
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOWEST_HZ, _HIGHEST_HZ = 50.0, 16_000.0
_WINDOW_S = 0.2
_HEARD_DB = -60.0  # a hole in a band further below the loudest one is inaudible
_DEEPEST_DB = -60.0
_TOGETHER = 8  # windows whose spectra fit into the processor's cache
_SPARSE = 256
_FEWEST = 24  # lines × windows for a significant hole: 4 σ keep uncorrelated channels above −6 dB


@dataclass(frozen=True)
class MonoFold:
    """The power of L + R over the sum of the powers of L and R, in dB, `(bands,)` third octaves.

    0 for uncorrelated channels, +3 for identical ones, far below 0 for cancellation (a hole). At least −60,
    and 0 in silence. `certain` is True where enough spectral lines and time windows were measured for a hole
    to be significant.
    """

    centre_hz: Samples
    change_db: Samples
    certain: NDArray[np.bool_]

    @property
    def deepest_db(self) -> float:
        """The deepest hole, dB; 0 or more without a hole."""
        return float(self.change_db.min())

    @property
    def deepest_at_hz(self) -> float:
        """The frequency of the deepest hole, Hz."""
        return float(self.centre_hz[int(self.change_db.argmin())])

    def only_certain(self) -> MonoFold | None:
        """Only the bands that are `certain`; None when no band is."""
        keep = self.certain
        if not keep.any():
            return None
        return MonoFold(self.centre_hz[keep], self.change_db[keep], keep[keep])


class MonoFoldMeter:
    """Measures the level change of third octaves when `(n, 2)` is folded to L + R; blocks of any size.

    Powers by Welch's method in windows of about 0.2 s, half a window apart, of which it measures every
    `every`th: at 1 the windows overlap by half, at 2 they are adjacent, at 4 half of the signal is skipped.
    Centres from 50 Hz to 16 kHz, IEC 61260, base two. Memory does not grow. Moving holes average out: feed
    one section at a time.
    """

    def __init__(self, sample_rate: int, every: int = 4) -> None:
        self._size = 1 << round(np.log2(_WINDOW_S * sample_rate))
        self._stride = self._size // 2 * every
        self._needed = max(self._stride, self._size)  # samples needed to measure a window
        self._window = np.hanning(self._size)
        self._hz = frequencies(self._size, sample_rate)
        self._seen = np.zeros((2, len(self._hz)))
        self._windows = 0
        self._waiting = np.zeros((2, 0))

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, 2)`. Raises ValueError for another shape."""
        if block.ndim != 2 or block.shape[1] != 2:
            raise ValueError(f"{block.shape} is not (n, 2)")
        begun, new = self._waiting.shape[1], block.T
        if begun:
            # the waiting samples are joined with only as many as needed, because a block is large
            joined = np.concatenate([self._waiting, new[:, : self._needed]], axis=1)
            passed = self._look_at(joined)
            if new.shape[1] <= self._needed:
                self._waiting = joined[:, passed:].copy()
                return
            new = new[:, passed - begun :]
        self._waiting = new[:, self._look_at(new) :].copy()

    def result(self) -> MonoFold:
        """The fold of all samples fed so far, including those after the last complete window."""
        rest = self._powers(self._waiting[:, None, : self._size])
        seen = self._seen + np.concatenate(rest)
        centre_hz = _centres_hz()
        apart, folded, lines = (
            _per_band(power, self._hz, centre_hz) for power in (*seen, np.ones_like(self._hz))
        )
        heard = apart > max(float(apart.max()), 1e-300) * 10.0 ** (_HEARD_DB / 10.0)
        ratio = np.where(heard, folded, 1.0) / np.where(heard, apart, 1.0)
        change_db = 10.0 * np.log10(np.maximum(ratio, 10.0 ** (_DEEPEST_DB / 10.0)))
        return MonoFold(centre_hz, change_db, heard & (lines * self._windows >= _FEWEST))

    def _look_at(self, x: Samples) -> int:
        """Measure every window of `(2, n)`; returns the number of samples that are no longer needed."""
        passed: int = max(0, x.shape[1] - self._needed + self._stride) // self._stride * self._stride
        if passed:
            windows = np.lib.stride_tricks.sliding_window_view(x, self._size, axis=1)
            for start in range(0, passed, _TOGETHER * self._stride):
                stop = min(passed, start + _TOGETHER * self._stride)
                self._add(windows[:, start : stop : self._stride])
        return passed

    def _add(self, windows: Samples) -> None:
        """Add the windows `(2, k, size)` one by one, so that the sums do not depend on the blocks."""
        # nearly always one of a few samples is enough; `any` of all takes a seventh of the time of the spectra
        if windows[:, :, ::_SPARSE].any() or windows.any():
            apart, folded = self._powers(windows)
            self._windows += int(np.count_nonzero(apart.max(axis=1)))
            for seen, powers in zip(self._seen, (apart, folded), strict=True):
                seen[:] = np.concatenate([seen[None], powers]).sum(axis=0)

    def _powers(self, windows: Samples) -> tuple[Samples, Samples]:
        """The powers `(k, lines)` of L plus R summed, and of L + R; from `(2, k, n)`, n at most the size."""
        spectra = np.fft.rfft(windows * self._window[: windows.shape[2]], self._size)
        left, right = _power(spectra)
        return left + right, _power(spectra[0] + spectra[1])


def mono_fold_holes(stereo: Samples, sample_rate: int) -> MonoFold:
    """The level change of third octaves when `stereo` `(n, 2)` is folded to L + R; measures every window.

    Raises ValueError for another shape.
    """
    meter = MonoFoldMeter(sample_rate, every=1)
    meter.feed(stereo)
    return meter.result()


def _power(spectrum: Spectrum) -> Samples:
    power: Samples = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def _centres_hz() -> Samples:
    low, high = (round(3 * np.log2(edge / 1000.0)) for edge in (_LOWEST_HZ, _HIGHEST_HZ))
    centres: Samples = 1000.0 * 2.0 ** (np.arange(low, high + 1) / 3)
    return centres


def _per_band(power: Samples, frequency_hz: Samples, centre_hz: Samples) -> Samples:
    total = np.concatenate([[0.0], np.cumsum(power)])
    first = np.searchsorted(frequency_hz, centre_hz * 2 ** (-1 / 6))
    last = np.searchsorted(frequency_hz, centre_hz * 2 ** (1 / 6))
    band: Samples = total[last] - total[first]
    return band
