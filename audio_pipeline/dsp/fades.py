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
    """Fade `sound`, which begins at sample `start`, in and out at the edges of [begin, end), in place.

    `sound`: `(n,)` or `(n, channels)`; samples between the fades are not changed, samples outside become 0.
    Sample `begin` is 0 and `begin + rise` the first at full level; `end - 1` is 0 and `end - 1 - fall` the
    last at full level. A length of 0 is a cut. Overlapping fades multiply.

    Examples:
        >>> sound = np.ones(6)
        >>> fade_edges(sound, 0, 0, 6, 2, 2)
        >>> [round(float(x), 2) for x in sound]
        [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    channels = sound.T  # time last, whatever the shape
    # the samples at the curves' ends are set here, so that `curve` need not search for them
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
