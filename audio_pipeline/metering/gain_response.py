"""The exact effect of a gain on gated loudness.

The absolute gate of −70 LUFS is fixed while a gain moves the programme, so integrated loudness does not
change 1:1 with the gain where blocks cross the gate, and the loudness range jumps there. Between two
crossings the same blocks count, and both figures have a closed form.

Sources: ITU-R BS.1770-5, Annex 1 (gates); EBU Tech 3342 v4 (loudness range).
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.history import (
    ABSOLUTE_GATE_LUFS,
    MOMENTARY_HOPS,
    RANGE_GATE_LU,
    RANGE_HIGH,
    RANGE_LOW,
    RELATIVE_GATE_LU,
    SHORT_TERM_HOPS,
)
from audio_pipeline.records import dataclass

_STEP_HOPS = 10


@dataclass(frozen=True, eq=False)
class Steps:
    """A figure as a step function of the gain.

    `values[i]` is for gains above `starts[i]` dB up to and including `starts[i + 1]`; both `(n,)`,
    starts ascending; gains below the first have no value. A figure that `moves` is its value plus the
    gain.
    """

    starts: Samples
    values: Samples
    moves: bool

    def above(self, gains_db: Samples) -> Samples:
        """The values directly above each gain, `(len(gains_db),)`; nan below the first."""
        if not len(self.starts):
            return np.full(len(gains_db), np.nan)
        places = np.searchsorted(self.starts, gains_db, side="right") - 1
        found: Samples = np.where(places >= 0, self.values[np.maximum(places, 0)], np.nan)
        return found


def momentary_blocks(curve_lufs: Samples) -> Samples:
    """The gating blocks, LUFS, of a momentary curve on the 10 ms grid: every tenth full window."""
    return curve_lufs[MOMENTARY_HOPS - 1 :: _STEP_HOPS]


def short_term_blocks(curve_lufs: Samples) -> Samples:
    """The blocks of the loudness range, LUFS, of a short-term curve on the 10 ms grid."""
    return curve_lufs[SHORT_TERM_HOPS - 1 :: _STEP_HOPS]


def integrated_by_gain(blocks_lufs: Samples) -> Steps:
    """Integrated loudness, LUFS, by gain, of gating blocks `(n,)`; silence is nan or minus infinity."""
    loudness, power, mean, count = _ranked(blocks_lufs)
    if not count:
        return Steps(loudness, loudness, moves=True)
    loud = _louder_than(power, mean, RELATIVE_GATE_LU)
    means = np.cumsum(power)[loud - 1] / loud
    return Steps(ABSOLUTE_GATE_LUFS - loudness, loudness[0] + 10.0 * np.log10(means), moves=True)


def range_by_gain(blocks_lufs: Samples) -> Steps:
    """Loudness range, LU, by gain, of short-term blocks `(n,)`; it is constant between its jumps."""
    loudness, power, mean, count = _ranked(blocks_lufs)
    if not count:
        return Steps(loudness, loudness, moves=False)
    last = _louder_than(power, mean, RANGE_GATE_LU) - 1
    low, high = ((last * share + 0.5).astype(np.intp) for share in (RANGE_LOW, RANGE_HIGH))
    # ranked from the loudest, so that the percentiles are counted from the other end
    return Steps(ABSOLUTE_GATE_LUFS - loudness, loudness[last - high] - loudness[last - low], False)


def share_by_gain(curve_lufs: Samples, integrated: Steps, gate_lu: float, seconds: float) -> Steps:
    """The share of `seconds`, percent, by gain, in which a momentary curve is above its gate.

    The gate is `gate_lu` relative to the integrated loudness. `curve_lufs` `(hops,)` is on the 10 ms
    grid; `integrated` is for the same programme.
    """
    ranked = np.sort(curve_lufs[np.isfinite(curve_lufs)])
    above = len(ranked) - np.searchsorted(ranked, integrated.values + gate_lu, side="right")
    share = np.minimum(100.0, above * 0.01 * 100.0 / max(seconds, 1e-9))
    return Steps(integrated.starts, share, moves=False)


def _ranked(blocks_lufs: Samples) -> tuple[Samples, Samples, Samples, int]:
    """Loudness in descending order, power relative to the loudest, mean power of the first k, count."""
    loudness = np.sort(blocks_lufs[np.isfinite(blocks_lufs)])[::-1]
    if not len(loudness):
        return loudness, loudness, loudness, 0
    power = 10.0 ** ((loudness - loudness[0]) / 10.0)
    return loudness, power, np.cumsum(power) / np.arange(1, len(power) + 1), len(loudness)


def _louder_than(power: Samples, mean: Samples, gate_lu: float) -> Samples:
    """The number of the first k blocks above their relative gate, `(n,)` integers."""
    over = np.searchsorted(-power, -mean * 10.0 ** (gate_lu / 10.0), side="left")
    count: Samples = np.clip(over, 1, np.arange(1, len(power) + 1))
    return count
