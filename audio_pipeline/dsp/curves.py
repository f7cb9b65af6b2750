"""Fade curves by the names of ffmpeg's `acrossfade`, and pan laws.

A curve maps progress 0..1 to gain 0..1 and is monotone; progress outside is clamped. Reversed, it is the
fade-out. Source of names and shapes: ffmpeg, libavfilter/af_afade.c (formulas as documented in "afade"),
and Sengpiel's pan-law pages for cos(θ)^(x/3.01).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from audio_pipeline.dsp.arrays import Samples

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
    # exact at both ends, so that a finished fade-out is digital silence; most of a programme is at an end
    lowest, highest = x.min(initial=1.0), x.max(initial=0.0)
    if lowest >= 1.0 or highest <= 0.0:
        return x
    if lowest > 0.0 and highest < 1.0:
        return np.asarray(_CURVES[name](x))
    between = (x > 0.0) & (x < 1.0)
    x[between] = _CURVES[name](x[between])
    return x


def pan_gains(position: Samples, law_db: float) -> Samples:
    """Left and right gains `(n, 2)` for positions `(n,)` from −1 (left) to +1 (right).

    `law_db` is the attenuation of a centred signal in each channel: 3.01 keeps L² + R² at 1 (uncorrelated
    signals), 6.02 keeps L + R at 1 (identical signals), values between are the studio compromise. At ±1 one
    gain is 1 and the other exactly 0.
    """
    return np.stack([pan_gain(position, law_db, 0), pan_gain(position, law_db, 1)]).T


def balance_gains(position: float) -> Samples:
    """Left and right gains `(2,)` of a balance control, for `position` −1 (left) to +1 (right).

    The side of `position` keeps its level; the other is attenuated by the cosine pan law, to silence at ±1.
    """
    law_db = 3.01
    sides = pan_gains(np.array([position]), law_db)[0]
    gains: Samples = np.minimum(sides / pan_gains(np.zeros(1), law_db)[0], 1.0)
    return gains


def pan_gain(position: Samples, law_db: float, side: Literal[0, 1]) -> Samples:
    """One side's gain `(n,)` of `pan_gains`: left (0) or right (1)."""
    x = (np.clip(position, -1.0, 1.0) + 1.0) / 2.0
    if abs(law_db - 2 * db_at_half_power()) < 0.02:
        return x if side else 1.0 - x
    angle = x * (math.pi / 2)
    gain: Samples = np.sin(angle, out=angle) if side else np.cos(angle, out=angle)
    exponent = law_db / db_at_half_power()
    if exponent != 1.0:  # NumPy takes as long for a power of 1 as for any other
        np.power(np.abs(gain), exponent, out=gain)
    if not side:
        gain[x >= 1.0] = 0.0  # exactly 0 instead of the cosine's rounding error
    return gain


def db_at_half_power() -> float:
    """10·log10(2), the "3 dB" of a pan law, 3.0103."""
    return 10.0 * math.log10(2.0)
