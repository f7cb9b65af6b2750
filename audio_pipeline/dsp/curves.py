"""Fade curves by the names of ffmpeg's `acrossfade`, and pan laws.

A curve maps progress 0..1 to gain 0..1 and is monotone; progress outside is clamped. Played
backwards it is the fade-out. Source of names and shapes: ffmpeg, libavfilter/af_afade.c (formulas
as documented in "afade"), and Sengpiel's pan-law pages for cos(θ)^(x/3.01).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from audio_pipeline.dsp.arrays import Samples, unset

CurveName = Literal[
    "tri", "qsin", "hsin", "esin", "log", "ipar", "qua", "cub", "squ", "cbr", "par", "exp"
]
CURVE_NAMES: tuple[str, ...] = get_args(CurveName)

_LOG_FLOOR_DB = 100.0


def _logarithmic(x: Samples) -> Samples:
    gain: Samples = np.exp(math.log(10.0) * _LOG_FLOOR_DB / 20.0 * (x - 1.0))
    return gain


_CURVES: dict[str, Callable[[Samples], Samples]] = {
    "tri": lambda x: x,
    "qsin": lambda x: np.sin(x * math.pi / 2),
    "hsin": lambda x: (1.0 - np.cos(x * math.pi)) / 2,
    "esin": lambda x: 1.0 - np.cos(math.pi / 4 * ((2 * x - 1) ** 3 + 1)),
    "log": lambda x: np.clip(1.0 + 0.2 * np.log10(np.maximum(x, 1e-5)), 0.0, 1.0),
    "ipar": lambda x: 1.0 - (1.0 - x) ** 2,
    "qua": lambda x: x**2,
    "cub": lambda x: x**3,
    "squ": lambda x: np.sqrt(x),
    "cbr": lambda x: np.cbrt(x),
    "par": lambda x: 1.0 - np.sqrt(1.0 - x),
    "exp": _logarithmic,
}


def curve(name: CurveName, progress: Samples) -> Samples:
    """Gain 0..1 of the named curve at `progress` (any shape; clamped to 0..1).

    Raises ValueError for a name that is not in `CURVE_NAMES`.
    """
    if name not in _CURVES:
        raise ValueError(f"unknown curve {name!r}; known: {', '.join(CURVE_NAMES)}")
    x = np.clip(progress, 0.0, 1.0)
    # exact at both ends, what has faded out is digital silence; and most of a programme is at an end
    gain = np.where(x >= 1.0, 1.0, 0.0)
    between = (x > 0.0) & (x < 1.0)
    if between.all():
        return np.asarray(_CURVES[name](x))
    gain[between] = _CURVES[name](x[between])
    return gain


def pan_gains(position: Samples, law_db: float) -> Samples:
    """Left and right gains `(n, 2)` for positions `(n,)` from −1 (left) to +1 (right).

    `law_db` is what a centred signal loses in each channel: 3.01 keeps L² + R² at 1 (unlike
    signals), 6.02 keeps L + R at 1 (like ones), values between are the studio compromise. At the
    outer ends one gain is 1 and the other exactly 0.
    """
    x = (np.clip(position, -1.0, 1.0) + 1.0) / 2.0
    exponent = law_db / db_at_half_power()
    if abs(law_db - 2 * db_at_half_power()) < 0.02:
        return np.stack([1.0 - x, x]).T
    gains = unset(len(x), 2)
    angle = x * (math.pi / 2)
    for wave, column in zip((np.cos, np.sin), gains.T, strict=True):
        wave(angle, out=column)
        if exponent != 1.0:  # NumPy takes as long for a power of 1 as for any other
            np.power(np.abs(column), exponent, out=column)
    gains[x >= 1.0, 0] = 0.0  # where the cosine is a rounding error
    return gains


def db_at_half_power() -> float:
    """10·log10(2), the "3 dB" of a pan law, 3.0103."""
    return 10.0 * math.log10(2.0)
