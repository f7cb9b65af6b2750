"""Slow curves, worked out every few samples and drawn straight between."""

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
"""The same for what takes seconds: 100 points a second."""


_DRAWN = 16_384
"""Samples of a curve that are drawn at a time, or a few more."""
_ROWS = 48
"""A matrix product of so many rows is whole tiles to any BLAS."""


def straight_between(points: NDArray[_Float], apart: int = HOP) -> NDArray[_Float]:
    """`((len(points) − 1) · apart,)`: a straight line from each point to the next.

    As a matrix product, which takes a third of the time of broadcasting: a point and the step from it
    to the next one, by one and the share of the way that is gone.
    """
    lines, height = len(points) - 1, _ROWS * -(-_DRAWN // (_ROWS * apart))
    # whole batches only: a product of another shape might round otherwise
    starts = np.zeros((-(-lines // height) * height, 2), points.dtype)
    starts[:lines, 0] = points[:-1]
    np.subtract(points[1:], points[:-1], out=starts[:lines, 1])
    way = np.stack([np.ones(apart), np.arange(apart) / apart]).astype(points.dtype)
    drawn: NDArray[_Float] = np.matmul(starts.reshape(-1, height, 2), way).reshape(-1)
    return drawn[: lines * apart]


def slow_curve(curve: Callable[[Samples], Samples], start: int, stop: int, *, hop: int = HOP) -> Samples:
    """`(stop − start,)`: `curve` at the samples [start, stop), exact at multiples of `hop`.

    The points lie on one fixed grid, so that windows that overlap agree where they do.
    """
    first = start // hop
    points = curve(np.arange(first, -(-stop // hop) + 1, dtype=np.float64) * hop)
    offset = start - first * hop
    return straight_between(points, hop)[offset : offset + stop - start]
