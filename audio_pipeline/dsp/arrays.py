"""The layout of audio in this project: `(n, channels)` float64, time first.

In memory the channels are planar (Fortran order): NumPy processes contiguous samples six times as fast as
interleaved ones. Arrays from other libraries may be interleaved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float64]"
"""`(n, channels)` or, where stated, `(n,)` float64; full scale is ±1."""

Single: TypeAlias = "NDArray[np.float32]"
"""`Samples` in single precision, for the input of reverberation."""

Precision = TypeVar("Precision", "np.float32", "np.float64")
"""Single precision for searches, otherwise double."""

Spectrum: TypeAlias = "NDArray[np.complex128]"
"""The result of `np.fft.rfft` along axis 0."""


def silence(n: int, channels: int) -> Samples:
    """`(n, channels)` zeros, planar."""
    return np.zeros((channels, n)).T


def single_silence(n: int, channels: int) -> Single:
    """`silence` in single precision."""
    return np.zeros((channels, n), np.float32).T


def unset(n: int, channels: int) -> Samples:
    """`(n, channels)`, planar, uninitialised."""
    return np.empty((channels, n)).T


def scaled(samples: Samples, gain: float) -> Single:
    """`samples` `(n, channels)` times `gain`, in single precision and planar."""
    out = np.empty(samples.shape[::-1], np.float32).T
    return np.multiply(samples, gain, out=out, casting="same_kind")
