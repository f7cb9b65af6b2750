"""The running sample peak and true peak of a programme.

Nearly all of a programme is far below its highest peak. Blocks that cannot contain a higher peak, by
their largest sample and their largest second difference, are skipped; the others are interpolated. A
block's points depend only on its samples, so that the result is the same for any blocks.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Precision, Samples
from audio_pipeline.dsp.scratch import Scratch
from audio_pipeline.metering.true_peak import (
    BLOCK,
    HEADROOM,
    OVERSAMPLING,
    REACH,
    bounds_of,
    crests,
    points_of,
    windows_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audio_pipeline.dsp.arrays import Single as Rough

_UNDER_BLOCK = BLOCK + 2 * REACH
_BATCH = 32
_SLACK = 1.0 + 1e-5
"""Factor for the rounding error of a bound in single precision.

It covers a few roundings of 6e-8 of samples up to three times as high as their differences.
"""
_FIT_FOR_SINGLE = (1e-15, 1e15)
"""The range of peaks for which single precision is safe."""


class Peaks:
    """The highest sample and the true peak of every channel, with their positions; fed in blocks of any size.

    Samples are buffered until a block and its context for the filter are complete. Positions are in
    samples from the start of the programme; the position of a true peak has a fraction.
    """

    def __init__(self, channels: int) -> None:
        self._bounds = bounds_of()
        self._waiting = np.zeros((channels, 2 * REACH))
        self._highest_before = np.zeros(channels)
        self._scratch = Scratch()
        self._first = -2 * REACH  # the position of the first buffered sample
        self.sample_peaks = np.zeros(channels)
        self.sample_places = np.zeros(channels)
        self.true_peaks = np.zeros(channels)
        self.true_places = np.zeros(channels)

    def feed(self, x: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        waiting = self._waiting.shape[1]
        blocks = (waiting + len(x) - 2 * REACH) // BLOCK
        highest_new = _highest(x.T)
        # an upper bound for the buffered samples, all of which may be in an earlier block
        bounds = np.maximum(highest_new, self._highest_before)
        self._highest_before = highest_new if len(x) > 2 * REACH + BLOCK else bounds
        for channel in np.flatnonzero(highest_new > self.sample_peaks).tolist():
            self.sample_peaks[channel] = highest_new[channel]
            self.sample_places[channel] = self._first + waiting + int(np.argmax(np.abs(x[:, channel])))
        for channel in np.flatnonzero(
            self._bounds.steepest * HEADROOM * bounds > self.true_peaks
        ).tolist():
            if blocks:
                self._search(channel, x[:, channel], blocks, float(bounds[channel]))
        taken = blocks * BLOCK
        self._first += taken
        last = np.concatenate([self._waiting[:, taken:], x.T[:, max(0, taken - waiting) :]], axis=1)
        self._waiting = last

    def finished(self, rest: Samples) -> Peaks:
        """The peaks as if `rest` `(n, channels)` and then silence followed; this object is unchanged."""
        twin = copy(self)
        for name in ("sample_peaks", "sample_places", "true_peaks", "true_places"):
            setattr(twin, name, getattr(self, name).copy())
        twin.feed(np.vstack([rest, np.zeros((2 * REACH + BLOCK, len(self._waiting)))]))
        return twin

    def _search(self, channel: int, new: Samples, blocks: int, highest: float) -> None:
        """Search the next `blocks` blocks for a higher peak; no sample under them is above `highest`."""
        at_most, bend = self._limits(channel, new, blocks, highest)
        left = np.flatnonzero(at_most > self.true_peaks[channel])
        if not len(left):
            return
        x = np.concatenate([self._waiting[channel], new])
        while len(left := left[at_most[left] > self.true_peaks[channel]]):
            chosen, left = left[:_BATCH], left[_BATCH:]
            under = windows_of(x, _UNDER_BLOCK)[chosen * BLOCK]
            self._look_at(channel, chosen, points_of(under), float(bend[chosen].max()))

    def _limits(self, channel: int, new: Samples, blocks: int, highest: float) -> tuple[Rough, Rough]:
        """Upper bounds of the peaks of each block, and of the second differences under its filter."""
        low, high = _FIT_FOR_SINGLE
        if not low < highest < high:
            unknown = np.full(blocks, np.inf, np.float32)
            return unknown, unknown
        waiting = self._waiting.shape[1]
        rough = self._scratch.take("rough", (waiting + len(new),), np.float32)
        rough[:waiting], rough[waiting:] = self._waiting[channel], new
        rough = rough[: (blocks + 1) * BLOCK]
        second = self._second_differences(rough)
        above = self._bounds.added + self._bounds.bent
        # one bound of all blocks together takes a quarter of the time of the bounds of each, and is enough for
        # nearly all of a programme of speech: 5 % of a measurement
        bound = _SLACK * (highest + above * _highest(second[None]).item())
        if bound <= self.true_peaks[channel]:
            return np.full(blocks, bound, np.float32), np.full(blocks, np.inf, np.float32)
        largest, bend = self._largest(rough), self._largest(second)
        at_most = _SLACK * np.minimum(self._bounds.steepest * HEADROOM * largest, largest + above * bend)
        return at_most, _SLACK * bend

    def _largest(self, x: Rough) -> Rough:
        """The largest magnitude of each block of x and the next block, `(blocks − 1,)`."""
        magnitude = np.abs(x, out=self._scratch.take("magnitude", x.shape, np.float32))
        largest = magnitude.reshape(-1, BLOCK).max(axis=1)
        both: Rough = np.maximum(largest[:-1], largest[1:])
        return both

    def _second_differences(self, x: Rough) -> Rough:
        """The second difference from each sample on, `(n,)`; zero for the last two."""
        step = self._scratch.take("step", (len(x) - 1,), np.float32)
        second = self._scratch.take("second", x.shape, np.float32)
        np.subtract(x[1:], x[:-1], out=step)
        np.subtract(step[1:], step[:-1], out=second[:-2])
        second[-2:] = 0.0
        return second

    def _look_at(self, channel: int, blocks: NDArray[np.intp], points: Samples, bend: float) -> None:
        """Store the highest peak of the blocks if it is higher than all before.

        `points` is the result of `points_of`; `bend` is the largest second difference in these blocks.
        """
        magnitude = np.abs(points, out=self._scratch.take("points", points.shape, np.float64))
        magnitude[:, 0] = magnitude[:, -1] = 0.0  # neighbours, which belong to other blocks
        peak, top = float(self.true_peaks[channel]), float(magnitude.max())
        rise = self._bounds.bent * bend
        if _SLACK * min(HEADROOM * top, top + rise) <= peak:
            return
        level = max(peak, top)
        place = np.flatnonzero(magnitude >= max(level / HEADROOM, level - rise) / _SLACK)
        every = points.reshape(-1)
        height, aside = crests(every[place - 1], every[place], every[place + 1])
        best = int(np.argmax(height))
        if height[best] > peak:
            row, column = divmod(int(place[best]), points.shape[1])
            after = (column - 1 + aside[best]) / OVERSAMPLING
            self.true_peaks[channel] = height[best]
            self.true_places[channel] = self._first + blocks[row] * BLOCK + REACH + after


def _highest(x: NDArray[Precision]) -> NDArray[Precision]:
    """The largest magnitude of every channel of x `(channels, n)`; 0 when it is empty."""
    highest: NDArray[Precision] = np.maximum(x.max(axis=1, initial=0.0), -x.min(axis=1, initial=0.0))
    return highest
