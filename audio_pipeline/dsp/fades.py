"""Fades at both ends of a span."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import CurveName, curve


def fade_edges(
    sound: Samples,
    start: int,
    begin: int,
    end: int,
    rise: int,
    fall: int,
    *,
    rise_curve: CurveName = "hsin",
    fall_curve: CurveName = "hsin",
) -> None:
    """Let `sound`, which begins at sample `start`, last over [begin, end): in place.

    `sound`: `(n,)` or `(n, channels)`; between its edges, where most of it lies, nothing is touched.
    Outside it becomes 0. Sample `begin` is 0 and `begin + rise` the first that is whole; `end - 1` is 0
    and `end - 1 - fall` the last that is whole. A length of 0 is a cut. Where both fades meet they
    multiply.

    Examples:
        >>> sound = np.ones(6)
        >>> fade_edges(sound, 0, 0, 6, 2, 2)
        >>> [round(float(x), 2) for x in sound]
        [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    channels = sound.T  # time last, whatever the shape
    # the two samples at which a curve is at its end are set, so that no curve has to look for its ends
    first, last = max(begin + (rise > 0), start), min(end - (fall > 0), start + len(sound))
    channels[..., : max(first - start, 0)] = 0.0
    channels[..., max(last - start, 0) :] = 0.0
    rising, falling = (first, min(begin + rise, last)), (max(end - fall, first), last)
    if rising[0] < rising[1]:
        gain = curve(rise_curve, (np.arange(*rising) - begin) / rise)
        channels[..., rising[0] - start : rising[1] - start] *= gain
    if falling[0] < falling[1]:
        gain = curve(fall_curve, (end - 1 - np.arange(*falling)) / fall)
        channels[..., falling[0] - start : falling[1] - start] *= gain
