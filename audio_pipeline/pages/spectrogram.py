"""A spectrogram in one pass over the samples: a fixed number of columns at any length, rows in octaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.pages.png import Bytes, indexed_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWEST_HZ = 40.0
SOFTEST_DBFS, LOUDEST_DBFS = -120.0, -40.0
"""Power of one FFT bin, 0 for a full-scale sine: the darkest and the brightest colour."""

_SIZE = 4096
_COLUMNS, _ROWS = 1200, 256
_FRAMES_PER_COLUMN = 4
_SHADES = 96
_STOPS = ((9, 8, 14), (38, 26, 66), (104, 38, 82), (186, 74, 52), (240, 160, 62), (255, 244, 214))
"""From dark to light; each stop is lighter than the one before, so that the picture is readable without
colour vision."""


class Spectrogram:
    """Computes the picture of a programme of `length` samples: feed it all blocks, then call `png`."""

    def __init__(self, length: int, sample_rate_hz: int) -> None:
        self._hop = max(1024, -(-length // _COLUMNS))
        window = np.hanning(_SIZE)
        # a forward transform that divides by its size stays in float32
        self._window = (window * (2.0 * _SIZE / window.sum())).astype(np.float32)
        self._waiting = np.zeros(_SIZE, np.float32)
        edges = np.geomspace(LOWEST_HZ, sample_rate_hz / 2, _ROWS + 1) / sample_rate_hz * _SIZE
        lower = np.clip(np.floor(edges[:-1]).astype(int), 1, _SIZE // 2)
        upper = np.maximum(np.ceil(edges[1:]).astype(int), lower + 1)
        self._ends_of_rows, self._width = np.stack([lower, upper], axis=1).reshape(-1), upper - lower
        self._columns: list[Samples] = []

    def feed(self, block: Samples) -> None:
        """Feed the next block, `(n, channels)`."""
        mono = block @ np.full(block.shape[1], 1.0 / block.shape[1])
        self._waiting = np.concatenate([self._waiting, mono.astype(np.float32)])
        if (whole := (len(self._waiting) - _SIZE) // self._hop) > 0:
            self._columns.append(self._made(self._waiting, whole))
            self._waiting = self._waiting[whole * self._hop :]

    def png(self) -> bytes:
        """The picture, highest frequency at the top, as PNG."""
        rest = len(self._waiting) - _SIZE
        if rest > 0 or not self._columns:
            padded = np.pad(self._waiting, (0, self._hop - max(0, rest)))
            self._columns.append(self._made(padded, 1))
        level = 10.0 * np.log10(np.maximum(np.concatenate(self._columns).T, 1e-15))
        share = (level - SOFTEST_DBFS) / (LOUDEST_DBFS - SOFTEST_DBFS)
        image = np.clip(np.round(share * (_SHADES - 1)), 0, _SHADES - 1).astype(np.uint8)
        return indexed_png(image[::-1], palette())

    def _made(self, samples: NDArray[np.float32], columns: int) -> Samples:
        """Mean power `(columns, rows)` over up to four windows that end in the column."""
        count = min(_FRAMES_PER_COLUMN, max(1, self._hop // _SIZE))
        ends = np.arange(1, columns * count + 1) * self._hop // count
        frames = np.lib.stride_tricks.sliding_window_view(samples, _SIZE)[ends]
        frames *= self._window
        spectra = np.fft.rfft(frames, norm="forward")
        # one extra bin: the last row ends there
        power = np.empty((len(frames), _SIZE // 2 + 2))
        power[:, -1] = 0.0
        np.add(np.square(spectra.real), np.square(spectra.imag), out=power[:, :-1])
        # every second sum is the gap between one row's end and the next row's beginning
        sums = np.add.reduceat(power, self._ends_of_rows, axis=1)[:, ::2]
        rows: Samples = sums.reshape(columns, count, -1).mean(axis=1) / self._width
        return rows


def palette() -> Bytes:
    """The colours from dark to light, `(96, 3)`."""
    at = np.linspace(0.0, len(_STOPS) - 1.0, _SHADES)
    channels = [np.interp(at, range(len(_STOPS)), [stop[c] for stop in _STOPS]) for c in range(3)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)
