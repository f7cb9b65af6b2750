"""Checks of a recording's samples: errors and warnings."""

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
"""A recording whose peak is below this was recorded too low: gain raises its noise, too."""
DC_DBFS = -60.0
"""An offset above this gives a warning."""
ANTI_PHASE = -0.5
"""Left and right with a correlation below this cancel when summed to mono."""
CLIPPED_FROM = 0.99
CLIPPED_RUN = 3
"""A clip is a run of at least this many equal samples at or above `CLIPPED_FROM`."""


class SignalCheck:
    """Checks a recording block by block and returns its warnings at the end.

    `count` is the number of samples fed so far, per channel.
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
        """Feed the next block `(n, channels)`.

        Raises StemError for a sample that is NaN, infinite or above `ABSURD_DBFS`.
        """
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
        """Raise StemError when the recording is silent."""
        if self._peak < gain_from_db(SILENT_DBFS):
            raise StemError(
                f"{self._name} is silent from beginning to end.",
                hint="Check that the right track was exported, and that it was not muted.",
            )

    def offset(self) -> Samples:
        """The mean of each channel, `(channels,)`, over samples where not all channels are digital silence."""
        mean: Samples = self._sum / max(1, self._sounding)
        return mean

    def products(self, offset: Samples) -> Samples:
        """The mean products of all pairs of channels, `(channels, channels)`, after removing `offset`.

        The mean is over samples where not all channels are digital silence.
        """
        crossed = np.outer(offset, self.offset())
        products: Samples = (
            self._products / max(1, self._sounding) - crossed - crossed.T + np.outer(offset, offset)
        )
        return products

    def warnings(self) -> tuple[str, ...]:
        """One sentence for each fault that matters to a sound editor."""
        found = []
        if self._clipped:
            places = "1 place" if self._clipped == 1 else f"{self._clipped} places"
            found.append(
                f"{self._name} is clipped in {places}; clipping cannot be repaired."
                " Export it again with more headroom."
            )
        if self._peak < gain_from_db(LOW_DBFS):
            found.append(
                f"{self._name} is recorded very low (peak {db_from_gain(self._peak):.1f} dBFS); its noise floor"
                " rises with it. Record it at a higher level."
            )
        offset = float(np.max(np.abs(self.offset())))
        if offset > gain_from_db(DC_DBFS):
            found.append(f"{self._name} has a DC offset of {db_from_gain(offset):.1f} dBFS.")
        if len(self._sum) == 2 and self._correlation() < ANTI_PHASE:
            found.append(
                f"{self._name} has left and right in opposite phase"
                f" (correlation {self._correlation():.2f}); in mono they cancel."
                " Invert one of them, or choose one with channel."
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
        # a clip counts once, at its start; the carried samples show whether it began in an earlier block,
        # unless they are too few: then no clip is counted yet
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
    """The last `CLIPPED_RUN` samples of `carried` followed by `part`; all if there are fewer."""
    return np.concatenate([carried, part[:, -CLIPPED_RUN:]], axis=1)[:, -CLIPPED_RUN:]
