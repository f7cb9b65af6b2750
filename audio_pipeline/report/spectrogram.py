"""A spectrogram in one pass over the samples: so many columns whatever the length, rows in octaves."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.report.png import Bytes, indexed_png

LOWEST_HZ = 40.0
SOFTEST_DBFS, LOUDEST_DBFS = -120.0, -40.0
"""Power of one FFT bin, a full-scale sine being 0: what is drawn darkest and brightest."""

_SIZE = 4096
_COLUMNS, _ROWS = 1200, 256
_FRAMES_PER_COLUMN = 4
_SHADES = 96
_STOPS = ((9, 8, 14), (38, 26, 66), (104, 38, 82), (186, 74, 52), (240, 160, 62), (255, 244, 214))
"""From the dark of the house to the light of the lamp; each lighter than the one before, so that it
can be read without seeing colours."""


class Spectrogram:
    """Fed with the blocks of a programme of `length` samples, it has its picture at the end."""

    def __init__(self, length: int, sample_rate_hz: int) -> None:
        self._hop = max(1024, -(-length // _COLUMNS))
        self._window = np.hanning(_SIZE)
        self._waiting = np.zeros(_SIZE)
        edges = np.geomspace(LOWEST_HZ, sample_rate_hz / 2, _ROWS + 1) / sample_rate_hz * _SIZE
        self._lower = np.clip(np.floor(edges[:-1]).astype(int), 1, _SIZE // 2)
        self._upper = np.maximum(np.ceil(edges[1:]).astype(int), self._lower + 1)
        self._columns: list[Samples] = []

    def feed(self, block: Samples) -> None:
        """The next samples, `(n, channels)`."""
        self._waiting = np.concatenate(
            [self._waiting, block @ np.full(block.shape[1], 1.0 / block.shape[1])]
        )
        while len(self._waiting) >= _SIZE + self._hop:
            self._columns.append(self._column(self._waiting[: _SIZE + self._hop]))
            self._waiting = self._waiting[self._hop :]

    def png(self) -> bytes:
        """The picture, highest frequency at the top, as PNG."""
        rest = len(self._waiting) - _SIZE
        if rest > 0 or not self._columns:
            padded = np.pad(self._waiting, (0, self._hop - max(0, rest)))
            self._columns.append(self._column(padded[: _SIZE + self._hop]))
        level = 10.0 * np.log10(np.maximum(np.stack(self._columns, axis=1), 1e-15))
        share = (level - SOFTEST_DBFS) / (LOUDEST_DBFS - SOFTEST_DBFS)
        image = np.clip(np.round(share * (_SHADES - 1)), 0, _SHADES - 1).astype(np.uint8)
        return indexed_png(image[::-1], palette())

    def _column(self, samples: Samples) -> Samples:
        """Mean power in every row over up to four windows that end in this column."""
        count = min(_FRAMES_PER_COLUMN, max(1, self._hop // _SIZE))
        starts = [self._hop * (n + 1) // count for n in range(count)]
        frames = np.stack([samples[start : start + _SIZE] for start in starts]) * self._window
        power = np.square(np.abs(np.fft.rfft(frames)) * (2.0 / self._window.sum())).mean(axis=0)
        total = np.concatenate([[0.0], np.cumsum(power)])
        column: Samples = (total[self._upper] - total[self._lower]) / (self._upper - self._lower)
        return column


def palette() -> Bytes:
    """The colours from dark to light, `(96, 3)`."""
    at = np.linspace(0.0, len(_STOPS) - 1.0, _SHADES)
    channels = [np.interp(at, range(len(_STOPS)), [stop[c] for stop in _STOPS]) for c in range(3)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)
