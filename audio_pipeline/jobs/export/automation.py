"""Gain curves as automation points with linear segments: as many as the tolerance needs, up to a maximum.

A curve is cut into segments of a second. A segment whose line is further than the tolerance from the curve is
halved, down to single samples; the segment with the greatest error comes first, so that a maximum number of
points leaves the smallest errors.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.jobs.export.model import AutomationPoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE_DB = 0.002
"""Maximum error of the line, at each probed sample and in each channel."""
SOFTEST_GAIN = 1e-3
"""Below −60 dB the tolerance stays that of −60 dB: near a gain of 0 no line is within a fraction of a dB."""
MOST_POINTS = 4096
"""Maximum number of points of one curve."""
_PROBES = 33

Gains = Callable[[Samples], Samples]
"""Returns the linear gains of left and right, `(n, 2)`, 0 or more, at sample numbers `(n,)`."""


def automation_of(gains: Gains, start: int, stop: int, piece: int) -> tuple[AutomationPoint, ...]:
    """The points of `gains` from sample `start` to `stop` − 1, starting from segments of `piece` samples.

    Both channels are within `TOLERANCE_DB` of the curve, as far as `MOST_POINTS` allows.
    """
    if stop - start < 1:
        return ()
    edges = [*range(start, stop - 1, piece), stop - 1] if stop - start > 1 else [start]
    values = _values(gains, np.array(edges))
    known = dict(zip(edges, values, strict=True))
    queue: list[tuple[float, int, int]] = []
    for left, right in pairwise(edges):
        _enqueue(queue, gains, known, left, right)
    while queue and len(known) < MOST_POINTS:
        _, left, right = heapq.heappop(queue)
        middle = (left + right) // 2
        known[middle] = _values(gains, np.array([middle]))[0]
        _enqueue(queue, gains, known, left, middle)
        _enqueue(queue, gains, known, middle, right)
    return _without_repeats([_point(at, known[at]) for at in sorted(known)])


def gains_at(points: tuple[AutomationPoint, ...], samples: Samples) -> Samples:
    """The gains of left and right, `(n, 2)`, of the points at sample numbers `(n,)`."""
    at = [point.at_samples for point in points]
    volume = np.interp(samples, at, [point.volume for point in points])
    balance = np.interp(samples, at, [point.balance for point in points])
    return _channels(volume, balance)


def _enqueue(
    queue: list[tuple[float, int, int]],
    gains: Gains,
    known: dict[int, Samples],
    left: int,
    right: int,
) -> None:
    """Put a segment into the queue, the greatest error first, unless its line is within the tolerance."""
    if right - left < 2:
        return
    probes = np.unique(np.linspace(left, right, min(_PROBES, right - left + 1)).astype(np.int64))
    share = ((probes - left) / (right - left))[:, None]
    line = known[left] + share * (known[right] - known[left])
    error = _error(_channels(line[:, 0], line[:, 1]), gains(probes.astype(np.float64)))
    if error > 1.0:
        heapq.heappush(queue, (-error, left, right))


def _error(found: Samples, wanted: Samples) -> float:
    """The greatest error, as a multiple of the tolerance."""
    allowed = (10.0 ** (TOLERANCE_DB / 20.0) - 1.0) * np.maximum(wanted, SOFTEST_GAIN)
    return float((np.abs(found - wanted) / allowed).max())


def _values(gains: Gains, samples: NDArray[np.int64]) -> Samples:
    """Volume and balance, `(n, 2)`."""
    both = gains(samples.astype(np.float64))
    volume = both.max(axis=1)
    softer = np.divide(both.min(axis=1), volume, out=np.ones(len(both)), where=volume > 0.0)
    balance = np.where(both[:, 1] >= both[:, 0], 1.0, -1.0) * (1.0 - softer)
    return np.stack([volume, balance], axis=1)


def _channels(volume: Samples, balance: Samples) -> Samples:
    left = volume * (1.0 - np.maximum(0.0, balance))
    right = volume * (1.0 + np.minimum(0.0, balance))
    return np.stack([left, right], axis=1)


def _point(at: int, value: Samples) -> AutomationPoint:
    return AutomationPoint(at, float(value[0]), float(value[1]) + 0.0)


def _without_repeats(points: list[AutomationPoint]) -> tuple[AutomationPoint, ...]:
    """The points without those between two points of the same values."""

    def repeats(n: int) -> bool:
        around = {(p.volume, p.balance) for p in points[max(0, n - 1) : n + 2]}
        return 0 < n < len(points) - 1 and len(around) == 1

    return tuple(point for n, point in enumerate(points) if not repeats(n))
