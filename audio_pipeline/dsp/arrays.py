"""The one layout of audio in this project: `(n, channels)` float64, time first.

In memory each channel lies by itself (Fortran order): NumPy works through contiguous samples six
times as fast as through every second one. What comes from elsewhere may lie otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float64]"
"""`(n, channels)` or, where said, `(n,)` float64; full scale is ±1."""

Single: TypeAlias = "NDArray[np.float32]"
"""The same in single precision, for what only a room will hear."""

Precision = TypeVar("Precision", "np.float32", "np.float64")
"""Single where it is only to be searched, else double."""

Spectrum: TypeAlias = "NDArray[np.complex128]"
"""What `np.fft.rfft` gives along axis 0."""


def silence(n: int, channels: int) -> Samples:
    """`(n, channels)` zeros, planar."""
    return np.zeros((channels, n)).T


def single_silence(n: int, channels: int) -> Single:
    """`silence` in single precision."""
    return np.zeros((channels, n), np.float32).T


def unset(n: int, channels: int) -> Samples:
    """`(n, channels)`, planar, to be filled."""
    return np.empty((channels, n)).T


def scaled(samples: Samples, gain: float) -> Single:
    """`samples` `(n, channels)` times `gain`, in single precision and planar."""
    out = np.empty(samples.shape[::-1], np.float32).T
    return np.multiply(samples, gain, out=out, casting="same_kind")
