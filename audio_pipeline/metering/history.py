"""The memory of a meter, the energy of every 10 ms, and the loudness figures computed from it.

A grid of 10 ms is the coarsest on which the maximum momentary loudness passes EBU Tech 3341; the usual
grid of 100 ms is off by up to 0.5 LU. Window k of a curve ends at the end of hop k.

Sources: ITU-R BS.1770-5, Annex 1 (blocks and gates); EBU Tech 3341 v4 (400 ms, 3 s); EBU Tech 3342 v4
(loudness range, percentiles by nearest rank).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.kweighting import OFFSET_LU
from audio_pipeline.records import dataclass

HOPS_PER_S = 100
MOMENTARY_HOPS = 40
SHORT_TERM_HOPS = 300

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
RANGE_LOW, RANGE_HIGH = 0.10, 0.95

_STEP_HOPS = 10

Hop = TypeVar("Hop", int, NDArray[np.intp])


def hop_edge(hop: Hop, sample_rate_hz: int) -> Hop:
    """The first sample of a hop, or of each of many hops.

    It is 10 ms times the hop's number, rounded to the nearest sample, halves up. At 11025 and 22050 Hz,
    where 10 ms is not a whole number of samples, hops differ by one sample and do not drift; momentary
    and short-term windows are still exactly 400 ms and 3 s.
    """
    return (2 * hop * sample_rate_hz + HOPS_PER_S) // (2 * HOPS_PER_S)


@lru_cache(maxsize=16)
def hop_edges(sample_rate_hz: int) -> NDArray[np.intp]:
    """The edges of the hops of a second, `(101,)`; they are the same in every second."""
    return hop_edge(np.arange(HOPS_PER_S + 1), sample_rate_hz)


def whole_hops(samples: int, sample_rate_hz: int) -> int:
    """The number of complete hops in `samples` samples."""
    hops = samples * HOPS_PER_S // sample_rate_hz
    return hops + 1 if hop_edge(hops + 1, sample_rate_hz) <= samples else hops


@dataclass(frozen=True, eq=False)
class History:
    """Energies of complete hops.

    `weighted` `(hops,)` is Σ over channels of weight × Σ K-weighted squares, `plain` `(hops,)` is Σ
    over channels and samples of unweighted squares.
    """

    sample_rate_hz: int
    weighted: Samples
    plain: Samples

    def momentary(self) -> Samples:
        """Mean weighted power of every full 400 ms window, `(hops − 39,)` or empty."""
        return self._means(MOMENTARY_HOPS)

    def short_term(self) -> Samples:
        """Mean weighted power of every full 3 s window, `(hops − 299,)` or empty."""
        return self._means(SHORT_TERM_HOPS)

    def level_dbfs(self, channels: int) -> Samples:
        """RMS of every hop over all channels, dBFS, `(hops,)`; minus infinity for digital silence."""
        lengths = np.resize(np.diff(hop_edges(self.sample_rate_hz)), len(self.plain))
        with np.errstate(divide="ignore"):
            levels: Samples = 10.0 * np.log10(self.plain / (lengths * channels))
        return levels

    def _means(self, hops: int) -> Samples:
        count = len(self.weighted) - hops + 1
        if count <= 0:
            return np.zeros(0)
        # sums of sums of ten, because differences of one running sum lose soft passages after loud ones
        # to rounding
        tens = _sliding(self.weighted, 1, 10)
        energy = _sliding(tens, 10, hops // 10)
        edges = hop_edge(np.arange(HOPS_PER_S + hops + 1), self.sample_rate_hz)
        lengths = np.resize((edges[hops:] - edges[:-hops])[:HOPS_PER_S], count)
        means: Samples = energy / lengths
        return means


def _sliding(x: Samples, stride: int, count: int) -> Samples:
    """The sums y[k] = x[k] + x[k + stride] + … of `count` terms."""
    n = len(x) - stride * (count - 1)
    y = x[:n].copy()
    for term in range(1, count):
        y += x[term * stride : term * stride + n]
    return y


def lufs(power: Samples) -> Samples:
    """The loudness of a mean weighted power, LUFS; minus infinity for 0."""
    with np.errstate(divide="ignore"):
        loudness: Samples = OFFSET_LU + 10.0 * np.log10(power)
    return loudness


def power_at(loudness_lufs: float) -> float:
    """The mean weighted power at a loudness."""
    return math.pow(10.0, (loudness_lufs - OFFSET_LU) / 10.0)


def integrated_lufs(momentary: Samples) -> float | None:
    """Integrated loudness, LUFS, from the powers of all 400 ms windows on the 10 ms grid.

    Every tenth window is a gating block (overlap 75 %). None when no block is above −70 LUFS.
    """
    return integrated_of_blocks(gating_blocks(momentary))


def integrated_of_blocks(blocks: Samples) -> float | None:
    """Integrated loudness, LUFS, from the powers of the gating blocks, in any order."""
    blocks = blocks[blocks > power_at(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    loud = blocks[blocks > blocks.mean() * 10.0 ** (RELATIVE_GATE_LU / 10.0)]
    return float(lufs(loud.mean()))


def gating_blocks(momentary: Samples) -> Samples:
    """Every tenth of the windows on the 10 ms grid: the gating blocks, which overlap by 75 %."""
    return momentary[::_STEP_HOPS]


def loudness_range_lu(short_term: Samples) -> float | None:
    """Loudness range, LU, from the powers of all 3 s windows on the 10 ms grid; every tenth is used.

    None when no window is above −70 LUFS.
    """
    blocks = short_term[::_STEP_HOPS]
    blocks = blocks[blocks > power_at(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    loud = np.sort(blocks[blocks > blocks.mean() * 10.0 ** (RANGE_GATE_LU / 10.0)])
    last = len(loud) - 1
    low, high = (int(last * share + 0.5) for share in (RANGE_LOW, RANGE_HIGH))
    return float(lufs(loud[high]) - lufs(loud[low]))
