"""Noise in two channels with a given correlation at each frequency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples, unset
from audio_pipeline.dsp.coloured_noise import ColouredNoise

if TYPE_CHECKING:
    from numpy.typing import NDArray


class StereoNoise:
    """Two channels with one spectrum, `magnitude` `(SIZE // 2 + 1,)`, computed from mid and side.

    `coherence`, from −1 to 1, is one value for all frequencies or one for each: left = mid + side, right =
    mid − side, with the powers of mid and side in the ratio 1 + coherence to 1 − coherence. Each channel has
    the level of `ColouredNoise`. Raises ValueError for a magnitude of another shape.
    """

    def __init__(self, seed: int, stream: str, magnitude: Samples, coherence: float | Samples) -> None:
        self._middle, self._side = (
            ColouredNoise(seed, f"{stream}.{part}", magnitude * np.sqrt(power))
            for part, power in (("middle", (1.0 + coherence) / 2.0), ("side", (1.0 - coherence) / 2.0))
        )

    def draw(self, start: int, stop: int) -> Samples:
        """`(stop - start, 2)` samples of noise, planar; overlapping windows have the same samples."""
        out = unset(max(stop - start, 0), 2)
        at = 0
        for left, right in self.pieces(start, stop):
            out[at : at + len(left), 0] = left
            out[at : at + len(left), 1] = right
            at += len(left)
        return out

    def pieces(self, start: int, stop: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """The samples of `draw`, in order: left and right of each piece, see `ColouredNoise.pieces`."""
        for middle, side in zip(
            self._middle.pieces(start, stop), self._side.pieces(start, stop), strict=True
        ):
            yield middle + side, middle - side
