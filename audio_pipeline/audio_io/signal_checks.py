"""What is wrong with the samples of a recording: what refuses it, and what is only worth a warning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain, gain_from_db
from audio_pipeline.errors import StemError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ABSURD_DBFS = 40.0
"""A sample above this is invalid: the file's format is wrong."""
SILENT_DBFS = -120.0
"""A recording whose peak is below this is silence."""
LOW_DBFS = -40.0
"""A recording whose peak is below this was recorded too low: its noise comes up with it."""
DC_DBFS = -60.0
"""An offset above this is worth a warning."""
ANTI_PHASE = -0.5
"""Left and right correlate less than this: summed to mono, they cancel."""
CLIPPED_FROM = 0.99
CLIPPED_RUN = 3
"""Clipped: so many samples in a row, at the very same value, this near to full scale."""


class SignalCheck:
    """Fed with a recording block by block; knows at the end what should be said about it.

    `count` is how many samples of one channel it was fed with.
    """

    def __init__(self, name: str, sample_rate_hz: int, channels: int) -> None:
        self._name = name
        self._rate_hz = sample_rate_hz
        self.count = 0
        self._sounding = 0
        self._peak = 0.0
        self._sum = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._clipped = 0
        self._carried = np.zeros((channels, 0))

    def feed(self, block: Samples) -> None:
        """Take the next `(n, channels)`. Raises StemError at a sample that is not a number, or absurd."""
        if not len(block):
            return
        part = np.ascontiguousarray(block.T)
        highest, lowest = float(part.max()), float(part.min())
        if not (math.isfinite(highest) and math.isfinite(lowest)):
            self._refuse(~np.isfinite(part), "is not a number (NaN or infinity)")
        peak = max(highest, -lowest)
        if peak > gain_from_db(ABSURD_DBFS):
            absurd = np.abs(part) > gain_from_db(ABSURD_DBFS)
            self._refuse(absurd, f"is at {db_from_gain(peak):+.0f} dBFS")
        self._peak = max(self._peak, peak)
        self._sum += part.sum(axis=1)
        self._sounding += int(np.count_nonzero(part.any(axis=0)))
        self._products += part @ part.T
        self._count_clipped(part, peak)
        self.count += part.shape[1]

    def refuse_silence(self) -> None:
        """Raises StemError when nothing sounded."""
        if self._peak < gain_from_db(SILENT_DBFS):
            raise StemError(
                f"{self._name} is silent from beginning to end.",
                hint="Check that the right track was exported, and that it was not muted.",
            )

    def offset(self) -> Samples:
        """The mean of each channel, `(channels,)`, where not all of them are digital silence."""
        mean: Samples = self._sum / max(1, self._sounding)
        return mean

    def products(self, offset: Samples) -> Samples:
        """The mean product of each channel with each, `(channels, channels)`, once `offset` is out, where not
        all of them are digital silence."""
        crossed = np.outer(offset, self.offset())
        products: Samples = (
            self._products / max(1, self._sounding) - crossed - crossed.T + np.outer(offset, offset)
        )
        return products

    def warnings(self) -> tuple[str, ...]:
        """One sentence for each thing that a sound editor would want to know."""
        found = []
        if self._clipped:
            places = "1 place" if self._clipped == 1 else f"{self._clipped} places"
            found.append(f"{self._name} is clipped in {places}; clipping cannot be repaired.")
        if self._peak < gain_from_db(LOW_DBFS):
            found.append(
                f"{self._name} is recorded very low (its peak is {db_from_gain(self._peak):.1f} dBFS);"
                " its noise comes up with it."
            )
        offset = float(np.max(np.abs(self.offset())))
        if offset > gain_from_db(DC_DBFS):
            found.append(f"{self._name} has a DC offset of {db_from_gain(offset):.1f} dBFS.")
        if len(self._sum) == 2 and self._correlation() < ANTI_PHASE:
            found.append(
                f"{self._name} has left and right in opposite phase"
                f" (correlation {self._correlation():.2f}); in mono they would cancel."
            )
        return tuple(found)

    def _correlation(self) -> float:
        (left, cross), (_, right) = self._products
        return float(cross / math.sqrt(left * right)) if left * right > 0.0 else 0.0

    def _count_clipped(self, part: Samples, peak: float) -> None:
        carried, self._carried = self._carried, _last(self._carried, part)
        if max(peak, float(np.abs(carried).max(initial=0.0))) < CLIPPED_FROM:
            return
        joined = np.concatenate([carried, part], axis=1)
        if joined.shape[1] < CLIPPED_RUN:
            return
        same = (joined[:, 1:] == joined[:, :-1]) & (np.abs(joined[:, 1:]) >= CLIPPED_FROM)
        flat = same[:, 1:] & same[:, :-1]
        # a flat top counts once, where it begins; the carried samples tell whether it began before
        # unless there are too few of them, and nothing was counted yet
        self._clipped += int(np.count_nonzero(flat[:, 1:] & ~flat[:, :-1]))
        if carried.shape[1] < CLIPPED_RUN:
            self._clipped += int(np.count_nonzero(flat[:, 0]))

    def _refuse(self, bad: NDArray[np.bool_], what: str) -> None:
        at_s = (self.count + int(np.argmax(bad.any(axis=0)))) / self._rate_hz
        raise StemError(
            f"{self._name} has an invalid sample value at {at_s:.3f} s: it {what}.",
            hint="Export it again, as 24-bit PCM.",
        )


def _last(carried: Samples, part: Samples) -> Samples:
    """The last `CLIPPED_RUN` samples of both; all of them where they are fewer."""
    return np.concatenate([carried, part[:, -CLIPPED_RUN:]], axis=1)[:, -CLIPPED_RUN:]
