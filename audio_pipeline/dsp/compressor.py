"""The gain of a compressor, for a complete signal.

Source: Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", J. Audio Eng. Soc. 60
(6), 2012: the static curve with a quadratic knee, and a smooth branching peak detector on the gain.
"""

from __future__ import annotations

import math

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.control import straight_between
from audio_pipeline.records import dataclass

KNEE_DB = 6.0
"""Width of the static curve's knee; half of it is below the threshold."""
_HOPS_PER_S = 1000


@dataclass(frozen=True)
class Compressor:
    """A compressor; above `threshold_dbfs`, an RMS level, `ratio` dB of input give 1 dB of output."""

    threshold_dbfs: float
    ratio: float
    attack_s: float
    release_s: float

    def reduction_db(self, level_dbfs: Samples) -> Samples:
        """The gain reduction of the static curve at each level, dB ≥ 0, same shape."""
        over = level_dbfs - self.threshold_dbfs
        knee = np.clip(over + KNEE_DB / 2.0, 0.0, KNEE_DB)
        bent = knee**2 / (2.0 * KNEE_DB) + np.maximum(over - KNEE_DB / 2.0, 0.0)
        reduction: Samples = bent * (1.0 - 1.0 / self.ratio)
        return reduction

    def gain(self, x: Samples, sample_rate_hz: int) -> Samples:
        """The gain for each sample of `x` `(n,)`: `(n,)`, linear, at most 1.

        The level is the RMS of each millisecond; the gain is interpolated linearly between them.
        """
        hop = max(1, round(sample_rate_hz / _HOPS_PER_S))
        hops = -(-len(x) // hop)
        padded = np.concatenate([x, np.zeros(hops * hop - len(x))]).reshape(hops, hop)
        power = np.vecdot(padded, padded) / hop
        wanted = self.reduction_db(10.0 * np.log10(np.maximum(power, 1e-20)))
        points = 10.0 ** (-self._smoothed(wanted, hop / sample_rate_hz) / 20.0)
        return straight_between(np.concatenate([points, points[-1:]]), hop)[: len(x)]

    def _smoothed(self, reduction_db: Samples, hop_s: float) -> Samples:
        """`reduction_db` smoothed with the attack and the release time."""
        rise, fall = (
            math.exp(-hop_s / seconds) if seconds > 0.0 else 0.0
            for seconds in (self.attack_s, self.release_s)
        )
        now, smooth = 0.0, []
        for wanted in reduction_db.tolist():  # each value depends on the previous one
            now = wanted + (rise if wanted > now else fall) * (now - wanted)
            smooth.append(now)
        return np.array(smooth)
