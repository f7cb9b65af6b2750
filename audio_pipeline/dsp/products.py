"""Matrix products on the calling thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Precision

_WORTH_THREADS = 200_000
"""Multiplications; OpenBLAS spreads a product over its own threads from 262 144 on."""


def row_product(
    rows: NDArray[Precision], matrix: NDArray[Precision], out: NDArray[Precision] | None = None
) -> NDArray[Precision]:
    """`rows @ matrix`, `(n, k)` by `(k, m)`, in stacks so small that BLAS starts no threads.

    For long and narrow products its threads gain little, and where other processes want the cores they
    wait for one another for many times as long as the work takes.
    """
    n, (k, m) = len(rows), matrix.shape
    height = max(1, _WORTH_THREADS // (k * m))
    whole = n // height * height
    out = np.empty((n, m), matrix.dtype) if out is None else out
    if whole:
        np.matmul(rows[:whole].reshape(-1, height, k), matrix, out=out[:whole].reshape(-1, height, m))
    if whole < n:
        np.matmul(rows[whole:], matrix, out=out[whole:])
    return out
