"""The running sample peak and true peak of a programme.

Nearly all of a programme is far from its highest peak, so it is searched in three steps, each dearer
and on less: blocks that cannot hold a higher peak, going by their largest sample and their sharpest
bend, are passed over; the rest is interpolated in single precision; and what comes within that
precision of the highest is computed again in double. The answer is that of the last step alone.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.products import row_product
from audio_pipeline.dsp.scratch import Scratch
from audio_pipeline.metering.true_peak import (
    HEADROOM,
    REACH,
    bounds_of,
    crests,
    oversampling,
    point_matrix,
    windows_of,
)

Rough: TypeAlias = NDArray[np.float32]
"""Samples or points in single precision."""

BLOCK = 256
"""Samples that are passed over or looked at together."""

_ROW = REACH
_UNDER_ROW = 3 * _ROW
_UNDER_BLOCK = BLOCK + 2 * REACH
_POINTS = 65_536
_SLACK = 1.0 + 1e-5
"""How far a point in single precision may be off: 33 products of rounded factors, whose absolute sum is
at most 2.54 peaks."""
_BATCH = 4096
_FIT_FOR_SINGLE = (1e-15, 1e15)
"""Peaks that single precision can hold, and their squares, with room on either side."""


class Peaks:
    """The highest sample and the true peak of every channel, with their places; fed in any pieces.

    Samples wait until a block of them is there and what the filter needs around it, so the way they
    were fed makes no difference. Places are in samples from the start of the programme; a true peak's
    has a fraction.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._factor = oversampling(sample_rate_hz)
        self._bounds = bounds_of(self._factor)
        self._waiting = np.zeros((channels, 2 * REACH))
        self._scratch = Scratch()
        self._first = -2 * REACH  # the place of the first that waits
        self.sample_peaks = np.zeros(channels)
        self.sample_places = np.zeros(channels)
        self.true_peaks = np.zeros(channels)
        self.true_places = np.zeros(channels)

    def feed(self, x: Samples) -> None:
        """Take `(n, channels)` more."""
        waiting = self._waiting.shape[1]
        blocks = (waiting + len(x) - 2 * REACH) // BLOCK
        for channel, (before, new) in enumerate(zip(self._waiting, x.T, strict=True)):
            highest = _highest(new)
            if highest > self.sample_peaks[channel]:
                self.sample_peaks[channel] = highest
                self.sample_places[channel] = self._first + waiting + int(np.argmax(np.abs(new)))
            highest = max(highest, _highest(before))
            if blocks and self._bounds.steepest * HEADROOM * highest > self.true_peaks[channel]:
                window = self._scratch.take("window", (waiting + len(new),), np.float64)
                window[:waiting], window[waiting:] = before, new
                low, high = _FIT_FOR_SINGLE
                if low < highest < high:
                    self._search(channel, window, blocks)
                else:
                    self._look_at(channel, window, np.arange(blocks * BLOCK))
        taken = blocks * BLOCK
        self._first += taken
        last = np.concatenate([self._waiting[:, taken:], x.T[:, max(0, taken - waiting) :]], axis=1)
        self._waiting = last

    def finished(self, rest: Samples) -> Peaks:
        """The peaks if `rest` `(n, channels)` and then silence followed; this one stays as it is."""
        twin = copy(self)
        for name in ("sample_peaks", "sample_places", "true_peaks", "true_places"):
            setattr(twin, name, getattr(self, name).copy())
        twin.feed(np.vstack([rest, np.zeros((2 * REACH + BLOCK, len(self._waiting)))]))
        return twin

    def _search(self, channel: int, x: Samples, blocks: int) -> None:
        """Look at so many blocks, the first of which begins REACH after x does."""
        rough = self._scratch.take("rough", ((blocks + 1) * BLOCK,), np.float32)
        inside = x[: len(rough)]
        rough[: len(inside)], rough[len(inside) :] = inside, 0.0
        largest, bend = self._largest(rough), self._sharpest(rough)
        at_most = _SLACK * np.minimum(
            self._bounds.steepest * HEADROOM * largest,
            largest + (self._bounds.added + self._bounds.bent) * bend,
        )
        batch = _POINTS // (BLOCK * self._factor)
        left = np.arange(blocks)
        while len(left := left[at_most[left] > self.true_peaks[channel]]):
            chosen, left = left[:batch], left[batch:]
            under = windows_of(rough, _UNDER_BLOCK)[chosen * BLOCK]
            found = self._candidates(under, float(bend[chosen].max()), self.true_peaks[channel])
            block, sample = np.divmod(found, BLOCK)
            self._look_at(channel, x, chosen[block] * BLOCK + sample)

    def _largest(self, x: Rough) -> Rough:
        """The largest magnitude of each block of x and the one that follows it, `(blocks − 1,)`."""
        magnitude = np.abs(x, out=self._scratch.take("magnitude", x.shape, np.float32))
        largest = magnitude.reshape(-1, BLOCK).max(axis=1)
        both: Rough = np.maximum(largest[:-1], largest[1:])
        return both

    def _sharpest(self, x: Rough) -> Rough:
        """The largest second difference under each block's filter, as a magnitude, `(blocks − 1,)`."""
        step = self._scratch.take("step", x.shape, np.float32)
        second = self._scratch.take("second", x.shape, np.float32)
        np.subtract(x[1:], x[:-1], out=step[1:])
        np.subtract(step[2:], step[1:-1], out=second[:-2])
        second[-2:] = 0.0
        return self._largest(second)

    def _candidates(self, under: Rough, bend: float, peak: float) -> NDArray[np.intp]:
        """Which samples of the blocks may have a peak above `peak`, counted from block to block.

        `under`: `(blocks, BLOCK + 2·REACH)`, what the filter needs of each; `bend`: their sharpest.
        """
        points = self._interpolated(under)
        top = _highest(points)
        if _SLACK * min(HEADROOM * top, top + self._bounds.bent * bend) <= peak:
            return np.zeros(0, np.intp)
        level = max(peak, top / _SLACK)
        least = max(level / HEADROOM, level - self._bounds.bent * bend) / _SLACK
        magnitude = np.abs(points, out=self._scratch.take("magnitude", points.shape, np.float32))
        by_block = magnitude.reshape(len(under), -1)
        by_block[:, self._factor - 1] = by_block[:, (BLOCK + 1) * self._factor] = 0.0
        place = np.flatnonzero(magnitude > least)
        height = _height(points[place - 1], points[place], points[place + 1])
        high = height * _SLACK >= max(level, float(height.max(initial=0.0)) / _SLACK)
        samples = set((place[high] // self._factor).tolist())  # np.unique would import numpy.ma
        block, sample = np.divmod(np.array(sorted(samples), np.intp), _UNDER_BLOCK)
        found: NDArray[np.intp] = block * BLOCK + sample - 1
        return found

    def _interpolated(self, under: Rough) -> Rough:
        """The points of each block, of the sample before it and of those after it, in a row of blocks
        times `(BLOCK + 2·REACH)·factor`; 0 but for the block's own and the one on either side."""
        line = self._scratch.take("line", (under.size + _UNDER_ROW,), np.float32)
        line[: under.size], line[under.size :] = under.reshape(-1), 0.0
        rows = under.size // _UNDER_ROW
        points = self._scratch.take("points", (rows, 3, _ROW * self._factor), np.float32)
        for turn in range(3):
            # every third row overlaps no other, so that it is no copy
            every_third = line[turn * _ROW :][: under.size].reshape(rows, _UNDER_ROW)
            row_product(every_third, _rough_matrix(self._factor), out=points[:, turn])
        by_block = points.reshape(len(under), -1)
        by_block[:, : self._factor - 1] = 0.0
        by_block[:, (BLOCK + 1) * self._factor + 1 :] = 0.0
        return points.reshape(-1)

    def _look_at(self, channel: int, x: Samples, begin: NDArray[np.intp]) -> None:
        """Look at the points of the samples that stand REACH after each place of x."""
        for first in range(0, len(begin), _BATCH):
            part = begin[first : first + _BATCH]
            under = windows_of(x, 2 * REACH + 1)[part]
            points = np.ascontiguousarray(row_product(under, point_matrix(self._factor, 1)).T)
            height, aside = crests(points[:-2], points[1:-1], points[2:])
            best = np.unravel_index(int(np.argmax(height)), height.shape)
            if height[best] > self.true_peaks[channel]:
                self.true_peaks[channel] = height[best]
                after = (best[0] + aside[best]) / self._factor
                self.true_places[channel] = self._first + REACH + part[best[1]] + after


def _highest(x: NDArray[np.floating[Any]]) -> float:
    """The largest magnitude of x; 0 when it is empty."""
    return max(float(x.max(initial=0.0)), -float(x.min(initial=0.0)))


@lru_cache(maxsize=16)
def _rough_matrix(factor: int) -> Rough:
    """`(3·REACH, REACH·factor)`: samples to the points of REACH of them, from the one before the last
    of the first REACH."""
    matrix = point_matrix(factor, _ROW)[:, 1:-1]
    # the first of all is beyond every tap
    return np.ascontiguousarray(np.roll(matrix, -1, axis=0), dtype=np.float32)


def _height(before: Rough, point: Rough, after: Rough) -> Rough:
    """What a point stands for, as `crests` has it, or more where it cannot be told from a crest."""
    magnitude, sign = np.abs(point), np.sign(point)
    before, after = before * sign, after * sign
    crest = np.maximum(before, after) <= magnitude * np.float32(_SLACK)
    bend = np.maximum(2.0 * magnitude - before - after, np.float32(1e-30))
    rise = np.where(crest, np.square(after - before) / (8.0 * bend), 0.0)
    height: Rough = np.minimum(magnitude + rise, magnitude * HEADROOM)
    return height
