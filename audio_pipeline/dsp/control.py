"""Slow curves, computed every few samples and interpolated linearly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from audio_pipeline.dsp.arrays import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Float = TypeVar("_Float", "np.float32", "np.float64")

HOP = 32
"""Samples between the points of a slow curve: 1500 points a second at 48 kHz."""
LONG_HOP = 480
"""The hop of curves that take seconds: 100 points a second at 48 kHz."""


_DRAWN = 16_384
"""Samples of a curve interpolated at a time, rounded up to a multiple of `_ROWS` lines."""
_ROWS = 48
"""Rows of a matrix product: a whole number of kernel tiles in every BLAS."""


def straight_between(points: NDArray[_Float], apart: int = HOP) -> NDArray[_Float]:
    """Linear interpolation between `points`, `apart` samples apart: `((len(points) − 1) · apart,)`.

    A matrix product, which takes a third of the time of broadcasting: (point, step to the next point) times
    (1, fraction of the step).
    """
    lines, height = len(points) - 1, _ROWS * -(-_DRAWN // (_ROWS * apart))
    # complete batches only: a product of another shape could round differently
    starts = np.zeros((-(-lines // height) * height, 2), points.dtype)
    starts[:lines, 0] = points[:-1]
    np.subtract(points[1:], points[:-1], out=starts[:lines, 1])
    way = np.stack([np.ones(apart), np.arange(apart) / apart]).astype(points.dtype)
    drawn: NDArray[_Float] = np.matmul(starts.reshape(-1, height, 2), way).reshape(-1)
    return drawn[: lines * apart]


def slow_curve(curve: Callable[[Samples], Samples], start: int, stop: int, *, hop: int = HOP) -> Samples:
    """`(stop − start,)`: `curve` at the samples [start, stop), exact at multiples of `hop`.

    The points are on a fixed grid, so that overlapping windows have the same samples.
    """
    first = start // hop
    points = curve(np.arange(first, -(-stop // hop) + 1, dtype=np.float64) * hop)
    offset = start - first * hop
    return straight_between(points, hop)[offset : offset + stop - start]
