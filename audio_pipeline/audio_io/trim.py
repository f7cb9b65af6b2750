"""Start of the first word and end of the last word of a stem, relative to the stem's noise floor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.audio_io.channel_statistics import level_exceeded
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

BEFORE_S = 0.05
"""Time kept before the first word, for a soft onset."""
AFTER_S = 0.2
"""Time kept after the last word, for its decay."""

_HOP_S = 0.01
_FLOOR_HOPS = 10
"""The noise floor is measured in the softest 100 ms without digital silence."""
_WORD_HOPS = 3
"""A shorter sound is a click, not a word."""
_AT_ONCE = 1000
_SILENT_DBFS = -110.0
_DEEPEST_DB = 70.0
"""The noise floor counts as at most this far below the loudest words, also in digital silence."""
_LEAST_DB = 12.0
"""The minimum distance from floor to words for pauses to be distinguishable from words."""


@dataclass(frozen=True)
class Trim:
    """The samples to keep of a stem of `length` samples, and the threshold of words, dBFS."""

    start: int
    stop: int
    length: int
    threshold_dbfs: float

    def sentence(self, sample_rate_hz: int) -> str | None:
        """The trimmed durations, as text; None if nothing is trimmed."""
        before, after = self.start / sample_rate_hz, (self.length - self.stop) / sample_rate_hz
        parts = [f"{before:.3f} s of silence before the first word"] if self.start else []
        parts += [f"{after:.3f} s of silence after the last"] if self.stop < self.length else []
        return f"trimmed {' and '.join(parts)}" if parts else None


def words_of(samples: Samples, sample_rate_hz: int) -> Trim:
    """The trim of `(n, channels)`: from 50 ms before the first word to 200 ms after the last.

    A word is 30 ms or more above a threshold between the noise floor (the softest 100 ms) and the loudest
    words. If floor and words cannot be distinguished, only digital silence is trimmed.
    """
    n, hop = len(samples), max(1, round(_HOP_S * sample_rate_hz))
    level = _levels(samples, hop)
    threshold = _threshold(level)
    spoken = _runs(level > threshold)
    if spoken is None:
        return Trim(0, n, n, threshold)
    first, last = spoken
    start = max(0, first * hop - round(BEFORE_S * sample_rate_hz))
    stop = min(n, (last + 1) * hop + round(AFTER_S * sample_rate_hz))
    return Trim(start, stop, n, threshold)


def _levels(samples: Samples, hop: int) -> Samples:
    """The RMS of every hop, dBFS, `(hops,)`; the last hop may be shorter."""
    power = np.zeros(-(-len(samples) // hop))
    for first in range(0, len(power), _AT_ONCE):  # in parts, to avoid a second copy of the stem
        square = np.square(samples[first * hop : (first + _AT_ONCE) * hop]).sum(axis=1)
        power[first : first + _AT_ONCE] = np.add.reduceat(square, np.arange(0, len(square), hop))
    power /= hop * samples.shape[1]
    levels: Samples = 10.0 * np.log10(np.maximum(power, 1e-16))
    return levels


def _threshold(level: Samples) -> float:
    sounding = level > _SILENT_DBFS
    words = level_exceeded(level[sounding], 0.05)
    deepest = words - _DEEPEST_DB
    power = np.where(sounding, 10.0 ** (level / 10.0), 0.0)
    total = np.concatenate([[0.0], np.cumsum(power)])
    whole = np.convolve(sounding, np.ones(_FLOOR_HOPS), "valid") == _FLOOR_HOPS
    if len(level) < _FLOOR_HOPS or not whole.any():
        return deepest
    means = (total[_FLOOR_HOPS:] - total[:-_FLOOR_HOPS])[whole] / _FLOOR_HOPS
    floor = max(deepest, 10.0 * math.log10(max(float(means.min()), 1e-16)))
    if words - floor < _LEAST_DB:
        return deepest
    return floor + 6.0 + 0.1 * (words - floor)


def _runs(above: NDArray[np.bool_]) -> tuple[int, int] | None:
    """The first and last hop of all runs of at least `_WORD_HOPS` hops; None without such a run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above.astype(np.int8), [0]])))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= _WORD_HOPS
    return (int(starts[long][0]), int(stops[long][-1]) - 1) if long.any() else None
