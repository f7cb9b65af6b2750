"""Placement of a mono sound in stereo for speakers, by level alone."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from audio_pipeline.dsp.arrays import Samples, unset
from audio_pipeline.dsp.curves import pan_gains
from audio_pipeline.records import dataclass


class Placer(Protocol):
    """Places a mono sound; a pure function of its window with a finite look-back."""

    @property
    def look_back(self) -> int: ...

    def place(self, window: Samples, position: Samples) -> Samples:
        """`window` `(look_back + n,)` at `position` `(n,)`, −1 left … +1 right → `(n, 2)`, planar.

        A `position` of `(1,)` is a constant position.
        """
        ...


@dataclass(frozen=True)
class SpeakerPlacer:
    """The pan pot: a gain for each speaker by a pan law (see `dsp.curves.pan_gains`)."""

    look_back: ClassVar[int] = 0

    law_db: float

    def place(self, window: Samples, position: Samples) -> Samples:
        """See `Placer.place`."""
        placed = unset(len(window), 2)
        for gain, side in zip(pan_gains(position, self.law_db).T, placed.T, strict=True):
            np.multiply(window, gain, out=side)
        return placed
