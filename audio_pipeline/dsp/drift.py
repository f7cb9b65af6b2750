"""A slow, smooth, random curve that never repeats, for drifting parameters."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.noise import generator

_CELL = 64  # knots drawn at a time
_MAX_KNOT = 2.0  # in standard deviations, so that a drift has a known bound


def drift(seed: int, stream: str, interval: int, at: Samples) -> Samples:
    """`(n,)` of mean 0 and RMS about 1, bounded by ±2.9, at the samples `at` `(n,)` in rising order.

    One knot every `interval` ≥ 1 samples is drawn for the named stream, so that little of the drift is
    faster than one cycle in two intervals. A pure function of absolute time, smooth like a cubic spline; for
    every sample use `slow_curve`. Uniform cubic B-spline (de Boor, "A Practical Guide to Splines", 1978);
    knots of RMS 1 give an RMS of √(151/315). Raises ValueError for an interval below 1.
    """
    if interval < 1:
        raise ValueError(f"a drift needs an interval of at least 1 sample, not {interval}")
    if not len(at):
        return np.zeros(0)
    before = np.floor(at / interval)
    u = at / interval - before
    first, last = int(before[0]) - 1, int(before[-1]) + 2
    cells = range(first // _CELL, last // _CELL + 1)
    drawn = np.concatenate([generator(seed, stream, cell).standard_normal(_CELL) for cell in cells])
    knots = np.clip(drawn[first - cells[0] * _CELL :], -_MAX_KNOT, _MAX_KNOT) / np.sqrt(151 / 315)
    near = before.astype(np.int64) - 1 - first
    # the polynomial of each interval between two knots, computed once
    a, b, c, d = (knots[k : len(knots) - 3 + k] for k in range(4))
    cubic, square, slope = (d - a) / 6 + (b - c) / 2, (a + c) / 2 - b, (c - a) / 2
    level = (a + 4 * b + c) / 6
    curve: Samples = ((cubic[near] * u + square[near]) * u + slope[near]) * u + level[near]
    return curve
