"""Upper bounds of the peaks of a mix, for any gains of its two parts, without reading it again.

The largest sample and the largest second difference of every block are stored for both parts; with
them, the bounds of the interpolator (see `metering.true_peak`) show which blocks of the mix can reach a
level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.true_peak import HEADROOM, REACH, bounds_of
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import TILE, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 480
"""Samples of a block, 10 ms at 48 kHz.

A tile is a whole number of blocks, and a block is longer than the reach of the interpolator.
"""

assert TILE % BLOCK == 0
assert BLOCK > REACH + 2

_SLACK = 1.0 + 1e-9
"""Factor for the rounding error of a bound."""


@dataclass(frozen=True, eq=False)
class BlockPeaks:
    """The largest sample and the largest second difference of every block, as magnitudes, `(blocks,)`."""

    largest: Samples
    bend: Samples

    def mixed(self, other: BlockPeaks, gain: float, other_gain: float) -> BlockPeaks:
        """The bounds of the sum of this and `other` at the given gains."""
        return BlockPeaks(
            self.largest * gain + other.largest * other_gain, self.bend * gain + other.bend * other_gain
        )

    def may_pass(self, limit: float) -> NDArray[np.bool_]:
        """Whether the waveform of each block may be higher than `limit`, `(blocks,)`."""
        bounds = bounds_of()
        largest, bend = _with_neighbours(self.largest), _with_neighbours(self.bend)
        point = np.minimum(bounds.steepest * largest, largest + bounds.added * bend)
        crest = np.minimum(HEADROOM * point, point + bounds.bent * bend)
        passing: NDArray[np.bool_] = crest * _SLACK > limit
        return passing


def block_peaks(tile: Samples | None) -> BlockPeaks:
    """The peaks of the blocks of one tile `(TILE, channels)`, or of silence."""
    if tile is None:
        nothing = np.zeros(TILE // BLOCK)
        return BlockPeaks(nothing, nothing)
    largest, bend = np.zeros(TILE // BLOCK), np.zeros(TILE // BLOCK)
    second = np.zeros(TILE)
    for channel in tile.T:
        np.maximum(largest, _largest(np.ascontiguousarray(channel)), out=largest)
        step = np.diff(channel)
        np.subtract(step[1:], step[:-1], out=second[1:-1])
        np.maximum(bend, _largest(second), out=bend)
    # the samples outside the tile are unknown, so the bend is bounded by its maximum
    for edge in (0, -1):
        bend[edge] = 4.0 * largest[edge]
    return BlockPeaks(largest, bend)


def block_maxima(tile: Samples | None) -> Samples:
    """The largest magnitude of each block of one tile `(TILE, channels)`, or of silence, `(blocks,)`."""
    largest = np.zeros(TILE // BLOCK)
    for channel in () if tile is None else tile.T:
        np.maximum(largest, _largest(np.ascontiguousarray(channel)), out=largest)
    return largest


def peak_figures(
    first: Samples | None, rest: Samples | None, parts: Sequence[Samples | None]
) -> Samples:
    """The peaks of one tile of both parts of a mix, and the largest magnitudes of the parts of the rest.

    They are columns, `(blocks, 4 + parts)`, which `figures_of` reads.
    """
    both = (block_peaks(first), block_peaks(rest))
    bounds = (figure for peaks in both for figure in (peaks.largest, peaks.bend))
    return np.stack([*bounds, *map(block_maxima, parts)], axis=1)


def figures_of(tiles: Sequence[Samples]) -> tuple[BlockPeaks, BlockPeaks, list[Samples]]:
    """The peaks of both parts over all tiles, and the largest magnitudes of each bus, `(blocks,)`."""
    first, bend, rest, rest_bend, *buses = np.ascontiguousarray(np.concatenate(tiles).T)
    return BlockPeaks(first, bend), BlockPeaks(rest, rest_bend), buses


def blocks_of(span: Span) -> slice:
    """The blocks that meet `span`, counted from sample 0."""
    return slice(max(0, span.start // BLOCK), max(0, -(-span.stop // BLOCK)))


def _largest(x: Samples) -> Samples:
    blocks = x.reshape(-1, BLOCK)
    highest: Samples = np.maximum(blocks.max(axis=1), -blocks.min(axis=1))
    return highest


def _with_neighbours(x: Samples) -> Samples:
    """The largest of each item and its two neighbours."""
    padded = np.concatenate([[0.0], x, [0.0]])
    largest: Samples = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return largest
