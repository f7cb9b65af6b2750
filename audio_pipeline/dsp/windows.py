"""Sliding-window operations."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples


def sliding_minimum(x: Samples, width: int) -> Samples:
    """The minimum of every `width` adjacent samples: `(n,)` → `(n − width + 1,)`.

    By doubling: minima over 1, 2, 4 … samples, the last two overlapping; log₂(width) passes. Raises
    ValueError for a width outside 1 to n.
    """
    if not 1 <= width <= len(x):
        raise ValueError(f"a window of {width} does not fit into {len(x)} samples")
    reach, least = 1, x
    while 2 * reach <= width:
        least = np.minimum(least[:-reach], least[reach:])
        reach *= 2
    rest = width - reach
    return np.minimum(least[: len(least) - rest], least[rest:])
