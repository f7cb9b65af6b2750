"""A true-peak ceiling: a centred look-ahead limiter.

The gain that each sample would need is held by a sliding minimum and then smoothed over the same
window, so that it is down before the peak and never above what the peak allows. Its memory is finite,
so tiles can be mastered in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain, gain_from_db
from audio_pipeline.dsp.windows import sliding_minimum
from audio_pipeline.metering.true_peak import REACH, peaks_that_may_pass
from audio_pipeline.timeline.spans import Span

MARGIN_DB = 0.2
"""How far under the ceiling the limiter aims, dB: a moving gain makes small peaks of its own."""


@dataclass(frozen=True)
class CeilingAction:
    """What the ceiling did: the greatest reduction in dB, where, and how many samples it touched."""

    reduction_db: float = 0.0
    at_sample: int | None = None
    touched_samples: int = 0

    def with_tile(self, gain: Samples, tile: Span) -> CeilingAction:
        """This and what it did in one more tile, whose gains are `(n,)`."""
        lowest = int(np.argmin(gain))
        reduction = -db_from_gain(float(gain[lowest]))
        deeper = reduction > self.reduction_db
        return CeilingAction(
            reduction if deeper else self.reduction_db,
            tile.start + lowest if deeper else self.at_sample,
            self.touched_samples + int(np.count_nonzero(gain < 1.0)),
        )


class Ceiling:
    """Keeps true peaks under `ceiling_dbtp`; `look_ahead` is half its window, in samples."""

    def __init__(self, ceiling_dbtp: float, look_ahead: int) -> None:
        self._limit = gain_from_db(ceiling_dbtp - MARGIN_DB)
        self._look_ahead = max(1, look_ahead)
        hann = np.hanning(2 * self._look_ahead + 3)[1:-1]
        self._window = hann / hann.sum()
        self.halo = 2 * self._look_ahead + REACH
        """Samples that it must see on both sides of those that it works on."""

    def gains(self, loud: Samples) -> Samples | None:
        """The gains `(n,)` for the middle of `loud` `(halo + n + halo, channels)`, at master's level.

        None where nothing reaches the ceiling. Raises ValueError for another shape.
        """
        if loud.ndim != 2 or len(loud) <= 2 * self.halo:
            raise ValueError(f"{loud.shape} is not (halo + n + halo, channels), halo = {self.halo}")
        by_channel = peaks_that_may_pass(loud, self._limit)
        if by_channel is None or float(by_channel.max(initial=0.0)) <= self._limit:
            return None
        peaks = by_channel.max(axis=1)
        needed = np.minimum(1.0, self._limit / np.maximum(peaks, 1e-30))
        held = sliding_minimum(needed, 2 * self._look_ahead + 1)
        smooth = np.convolve(held, self._window, mode="valid")
        # where nothing is held down the sum of weights is 1 but for rounding
        return np.where(smooth > 1.0 - 1e-12, 1.0, smooth)
