"""Putting one sound between two ears, for speakers: by level alone."""

from __future__ import annotations

from typing import Protocol

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import pan_gains


class Placer(Protocol):
    """Places a mono sound; a pure function of its window with a finite look-back."""

    @property
    def look_back(self) -> int: ...

    def place(self, window: Samples, position: Samples) -> Samples:
        """`window` `(look_back + n,)` at `position` `(n,)`, −1 left … +1 right → `(n, 2)`."""
        ...


class SpeakerPlacer:
    """The pan pot: a gain for each speaker by a pan law (see `dsp.curves.pan_gains`)."""

    look_back = 0

    def __init__(self, law_db: float) -> None:
        self.law_db = law_db

    def place(self, window: Samples, position: Samples) -> Samples:
        """See `Placer.place`."""
        stands_still = len(position) > 0 and bool((position == position[0]).all())
        return window[:, None] * pan_gains(position[:1] if stands_still else position, self.law_db)
