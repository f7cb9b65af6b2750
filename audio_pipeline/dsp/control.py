"""Slow curves, worked out every few samples and drawn straight between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audio_pipeline.dsp.arrays import Samples

HOP = 32
"""Samples between the points of a slow curve: 1500 points a second at 48 kHz."""
LONG_HOP = 480
"""The same for what takes seconds: 100 points a second."""


def slow_curve(curve: Callable[[Samples], Samples], start: int, stop: int, *, hop: int = HOP) -> Samples:
    """`(stop − start,)`: `curve` at the samples [start, stop), exact at multiples of `hop`.

    The points lie on one fixed grid, so that windows that overlap agree where they do.
    """
    first = start // hop
    points = curve(np.arange(first, -(-stop // hop) + 1, dtype=np.float64) * hop)
    drawn = np.diff(points)[:, None] * (np.arange(hop) / hop)
    drawn += points[:-1, None]
    offset = start - first * hop
    return drawn.reshape(-1)[offset : offset + stop - start]
