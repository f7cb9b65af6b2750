"""A slow, smooth, random curve that never repeats: for what drifts."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.noise import generator

_GRID = 240  # samples between points that are worked out; straight lines between them
_MAX_KNOT = 2.0  # in standard deviations, so that a drift has a known bound


def drift(seed: int, stream: str, interval: int, start: int, stop: int) -> Samples:
    """`(stop - start,)` of mean 0 and RMS about 1, bounded by ±2.9, as smooth as a cubic spline.

    One knot every `interval` ≥ 480 samples is drawn for the named stream, so that little of it is
    faster than one cycle in two intervals. A pure function of absolute time. Uniform cubic B-spline
    (de Boor, "A Practical Guide to Splines", 1978), whose knots of RMS 1 have an RMS of √(151/315).
    """
    if interval < 2 * _GRID:
        raise ValueError(f"a drift needs an interval of at least {2 * _GRID} samples, not {interval}")
    points = np.arange(start // _GRID, -(-stop // _GRID) + 1) * _GRID
    cell, within = np.divmod(points, interval)
    first = int(cell[0]) - 1
    knots = np.array(
        [generator(seed, stream, k).standard_normal() for k in range(first, int(cell[-1]) + 3)]
    )
    knots = np.clip(knots, -_MAX_KNOT, _MAX_KNOT)
    u = within / interval
    weights = (
        (1 - u) ** 3 / 6,
        (3 * u**3 - 6 * u**2 + 4) / 6,
        (-3 * u**3 + 3 * u**2 + 3 * u + 1) / 6,
        u**3 / 6,
    )
    near = cell - 1 - first
    curve = np.sum([w * knots[near + i] for i, w in enumerate(weights)], axis=0)
    drifting: Samples = np.interp(np.arange(start, stop), points, curve / np.sqrt(151 / 315))
    return drifting
