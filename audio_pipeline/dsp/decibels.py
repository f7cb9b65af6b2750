"""Conversion between linear gain and decibels; RMS levels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray


def gain_from_db(db: float) -> float:
    """The linear gain of `db` decibels; minus infinity gives 0.

    Examples:
        >>> round(gain_from_db(-6.0), 3)
        0.501
    """
    return 0.0 if db == -math.inf else float(10.0 ** (db / 20.0))


def db_from_gain(gain: float) -> float:
    """The decibels of a linear `gain` ≥ 0; 0 gives minus infinity.

    Examples:
        >>> db_from_gain(10.0)
        20.0
    """
    return -math.inf if gain <= 0.0 else 20.0 * math.log10(gain)


def rms(x: NDArray[np.floating]) -> float:
    """Root mean square over every sample of `x`, any shape; 0 for an empty array.

    Examples:
        >>> rms(np.array([3.0, -3.0]))
        3.0
    """
    return float(np.sqrt(np.mean(np.square(x)))) if x.size else 0.0


def rms_dbfs(x: Samples) -> float:
    """RMS in dBFS: a full-scale square wave is 0, a full-scale sine −3.01.

    Examples:
        >>> rms_dbfs(np.array([0.1, -0.1]))
        -20.0
    """
    return db_from_gain(rms(x))
