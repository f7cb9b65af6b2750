"""The frequency response of an optical sound track.

Source: the Academy or N curve of mono optical tracks (Research Council of the Academy of Motion Picture
Arts and Sciences, 1938).
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples

ACADEMY_CURVE = ((40.0, -7.0), (100.0, 0.0), (1600.0, 0.0), (5000.0, -10.0), (8000.0, -18.0))
"""(Hz, dB) of the Academy curve; linear over log frequency between the points, extrapolated beyond them."""


def academy_db(frequency_hz: Samples) -> Samples:
    """The Academy curve at frequencies > 0, any shape, in dB."""
    x = np.log2(frequency_hz)
    points = np.log2([hz for hz, _ in ACADEMY_CURVE])
    levels = np.array([db for _, db in ACADEMY_CURVE])
    slopes = np.diff(levels) / np.diff(points)
    low = np.minimum(x - points[0], 0.0) * slopes[0]
    high = np.maximum(x - points[-1], 0.0) * slopes[-1]
    level: Samples = np.interp(x, points, levels) + low + high
    return level


def optical_magnitude(tilt_db: float, frequency_hz: Samples) -> Samples:
    """The magnitude of an optical track: the Academy curve, tilted by `tilt_db` per octave about 1 kHz."""
    hz = np.maximum(frequency_hz, 1.0)
    magnitude: Samples = 10.0 ** ((academy_db(hz) + tilt_db * np.log2(hz / 1000.0)) / 20.0)
    return magnitude
