"""Matrix products on the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Precision, Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORTH_THREADS = 200_000
"""Multiplications per product; from 262 144 on OpenBLAS uses its own threads."""

_SHORT = 8192
"""Samples per product of two vectors; from 10 000 on OpenBLAS uses its own threads."""


def row_product(
    rows: NDArray[Precision], matrix: NDArray[Precision], out: NDArray[Precision] | None = None
) -> NDArray[Precision]:
    """`rows @ matrix`, `(..., n, k)` by `(k, m)`, in stacks so small that BLAS starts no threads.

    For long and narrow products BLAS threads gain little, and when other processes use the cores, they wait
    for each other many times longer than the computation takes.
    """
    (*lead, n, k), m = rows.shape, matrix.shape[1]
    out = np.empty((*lead, n, m), matrix.dtype) if out is None else out
    height = max(1, _WORTH_THREADS // max(1, k * m))
    whole = n // height * height
    if whole:
        shape = (*lead, whole // height, height)
        stacked, into = rows[..., :whole, :].reshape(*shape, k), out[..., :whole, :].reshape(*shape, m)
        np.matmul(stacked, matrix, out=into)
    if whole < n:
        np.matmul(rows[..., whole:, :], matrix, out=out[..., whole:, :])
    return out


def energies(x: Samples) -> Samples:
    """The sums of squares along the last axis, `(..., n)` → `(...)`; any axis may be empty."""
    return inner_products(x, x)


def inner_products(x: Samples, y: Samples) -> Samples:
    """The sums of products along the last axis, `(..., n)` twice → `(...)`; any axis may be empty.

    Computed in parts so short that BLAS starts no threads.
    """
    count = x.shape[-1] // _SHORT
    whole = count * _SHORT
    sums: Samples = np.vecdot(x[..., whole:], y[..., whole:])
    if whole:
        # the number of parts is explicit, because NumPy cannot infer it if another axis is empty
        shape = (*x.shape[:-1], count, _SHORT)
        parts = np.vecdot(x[..., :whole].reshape(shape), y[..., :whole].reshape(shape))
        sums += parts.sum(axis=-1)
    return sums
