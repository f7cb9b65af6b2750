"""Fades at the two ends of something that stands on the timeline."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import CurveName, curve


def edges(
    begin: int,
    end: int,
    rise: int,
    fall: int,
    start: int,
    stop: int,
    *,
    rise_curve: CurveName = "hsin",
    fall_curve: CurveName = "hsin",
) -> Samples:
    """The gain `(stop - start,)`, over samples [start, stop), of what lasts over [begin, end).

    Outside it is 0. Sample `begin` is 0 and `begin + rise` the first that is 1; `end - 1` is 0 and
    `end - 1 - fall` the last that is 1. A length of 0 is a cut. Where both fades meet they multiply.
    """
    gain = np.zeros(stop - start)
    first, last = max(begin, start), min(end, stop)
    if last <= first:
        return gain
    gain[first - start : last - start] = 1.0
    rising = np.arange(first, min(begin + rise, last))
    gain[rising - start] *= curve(rise_curve, (rising - begin) / max(rise, 1))
    falling = np.arange(max(end - fall, first), last)
    gain[falling - start] *= curve(fall_curve, (end - 1 - falling) / max(fall, 1))
    return gain
