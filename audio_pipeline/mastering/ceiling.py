"""A true-peak ceiling: a centred look-ahead limiter.

The gain that each sample needs is held by a sliding minimum and then smoothed over the same window, so
that it is reduced before the peak and never above the gain that the peak allows. Its memory is finite,
so tiles can be mastered in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain, gain_from_db
from audio_pipeline.dsp.windows import sliding_minimum
from audio_pipeline.metering.true_peak import REACH, peaks_that_may_pass
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN_DB = 0.2
"""Margin of the limiter below the ceiling, dB, because a moving gain adds small peaks."""


@dataclass(frozen=True)
class CeilingAction:
    """The action of the ceiling: maximum reduction in dB, its position, and the number of samples affected.

    `stems_db` is the excess of a stem over full scale beyond the reduction for the master.
    """

    reduction_db: float = 0.0
    at_sample: int | None = None
    touched_samples: int = 0
    stems_db: float = 0.0

    def with_tile(self, gain: Samples, tile: Span, stems_db: float = 0.0) -> CeilingAction:
        """The statistics with one more tile, whose gains are `(n,)`."""
        lowest = int(np.argmin(gain))
        reduction = -db_from_gain(float(gain[lowest]))
        deeper = reduction > self.reduction_db
        return CeilingAction(
            reduction if deeper else self.reduction_db,
            tile.start + lowest if deeper else self.at_sample,
            self.touched_samples + int(np.count_nonzero(gain < 1.0)),
            max(self.stems_db, stems_db),
        )


@dataclass(frozen=True, eq=False)
class Held:
    """The gains of the ceiling over a span, `(n,)`; `stems_db` as in `CeilingAction`."""

    gain: Samples
    stems_db: float = 0.0


class Ceiling:
    """Keeps true peaks under `ceiling_dbtp`; `look_ahead` is half its window, in samples."""

    def __init__(self, ceiling_dbtp: float, look_ahead: int) -> None:
        self._limit = gain_from_db(ceiling_dbtp - MARGIN_DB)
        self._look_ahead = max(1, look_ahead)
        hann = np.hanning(2 * self._look_ahead + 3)[1:-1]
        self._window = hann / hann.sum()
        self.halo = 2 * self._look_ahead + REACH
        """Samples that it needs before and after those that it processes."""

    @property
    def limit(self) -> float:
        """The linear level of a true peak at which it starts to act."""
        return self._limit

    def gains(self, loud: Samples) -> Samples | None:
        """The gains `(n,)` for the middle of `loud` `(halo + n + halo, channels)`, at the master's level.

        None if no peak reaches the ceiling. Raises ValueError for another shape.
        """
        held = self.held(loud)
        return None if held is None else held.gain

    def held(self, loud: Samples, overshoot: Samples | None = None) -> Held | None:
        """As `gains`, for a mix whose stems must not exceed full scale either.

        `overshoot` `(halo + n + halo,)`, if given, is the ratio of the highest stem to its limit at
        each sample; it is reduced to 1. None if no peak reaches the ceiling. Raises ValueError for
        another shape.
        """
        if loud.ndim != 2 or len(loud) <= 2 * self.halo:
            raise ValueError(f"{loud.shape} is not (halo + n + halo, channels), halo = {self.halo}")
        excess = np.ones(len(loud) - 2 * REACH)
        by_channel = peaks_that_may_pass(loud, self._limit)
        if by_channel is not None:
            np.maximum(excess, highest_channel(by_channel) / self._limit, out=excess)
        stems_db = 0.0
        if overshoot is not None:
            of_stems = overshoot[REACH : len(overshoot) - REACH]
            more = float((of_stems / excess).max())
            if more > 1.0:
                stems_db = db_from_gain(more)
                np.maximum(excess, of_stems, out=excess)
        if float(excess.max()) <= 1.0:
            return None
        least = sliding_minimum(1.0 / excess, 2 * self._look_ahead + 1)
        return Held(self._smoothed(least), stems_db)

    def _smoothed(self, held: Samples) -> Samples:
        """`held` smoothed by the window; the result is shorter by the window's length minus 1."""
        width = len(self._window)
        smooth = np.ones(len(held) - width + 1)
        for start, stop in _stretches(held < 1.0, width):
            # a window without a gain below 1 gives 1
            first, last = max(0, start - width + 1), min(stop, len(smooth))
            smooth[first:last] = np.convolve(held[first : last + width - 1], self._window, mode="valid")
        # without a reduction the sum of weights is 1, apart from rounding
        return np.where(smooth > 1.0 - 1e-12, 1.0, smooth)


def highest_channel(x: Samples) -> Samples:
    """The largest of all channels at each sample, `(n, channels)` → `(n,)`."""
    return reduce(np.maximum, x.T)


def _stretches(held: NDArray[np.bool_], gap: int) -> Iterator[tuple[int, int]]:
    """The stretches `[start, stop)` of True values; stretches less than `gap` apart are joined."""
    places = np.flatnonzero(held)
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts = places[np.concatenate([[0], breaks + 1])] if len(places) else places
    stops = places[np.concatenate([breaks, [len(places) - 1]])] + 1 if len(places) else places
    yield from zip(starts.tolist(), stops.tolist(), strict=True)
