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


def straight_between(points: NDArray[_Float], apart: int = HOP) -> NDArray[_Float]:
    """`((len(points) − 1) · apart,)`: a straight line from each point to the next."""
    drawn = np.multiply(np.diff(points)[:, None], np.arange(apart, dtype=points.dtype) / apart)
    drawn += points[:-1, None]
    return drawn.reshape(-1)


def slow_curve(curve: Callable[[Samples], Samples], start: int, stop: int, *, hop: int = HOP) -> Samples:
    """`(stop − start,)`: `curve` at the samples [start, stop), exact at multiples of `hop`.

    The points lie on one fixed grid, so that windows that overlap agree where they do.
    """
    first = start // hop
    points = curve(np.arange(first, -(-stop // hop) + 1, dtype=np.float64) * hop)
    offset = start - first * hop
    return straight_between(points, hop)[offset : offset + stop - start]
