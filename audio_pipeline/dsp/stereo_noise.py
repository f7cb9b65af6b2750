"""Noise in two channels that are as alike as was asked, at each frequency."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.coloured_noise import ColouredNoise


class StereoNoise:
    """Two channels of one colour, `magnitude` `(SIZE // 2 + 1,)`, made of middle and side.

    `coherence`, from −1 to 1, one for all frequencies or one for each: left = middle + side and right =
    middle − side, and the powers of these two stand as 1 + coherence to 1 − coherence. Each channel has
    the level that `ColouredNoise` says. Raises ValueError for a magnitude of another shape.
    """

    def __init__(self, seed: int, stream: str, magnitude: Samples, coherence: float | Samples) -> None:
        self._middle, self._side = (
            ColouredNoise(seed, f"{stream}.{part}", magnitude * np.sqrt(power))
            for part, power in (("middle", (1.0 + coherence) / 2.0), ("side", (1.0 - coherence) / 2.0))
        )

    def draw(self, start: int, stop: int) -> Samples:
        """`(stop - start, 2)`, planar, the same for every window that holds it."""
        middle, side = self._middle.draw(start, stop), self._side.draw(start, stop)
        channels = np.empty((2, len(middle)))
        np.add(middle, side, out=channels[0])
        np.subtract(middle, side, out=channels[1])
        return channels.T
