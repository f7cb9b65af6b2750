"""All faults of the channels of a programme, found in one pass.

finder = FaultFinder(48_000, ("L", "R"), bits=24)
for block in blocks:            # (n, 2) float64, full scale ±1
    finder.feed(block)
finder.result()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.metering.faults.clipping import ClippingFinder
from audio_pipeline.metering.faults.gap_faults import gap_faults
from audio_pipeline.metering.faults.gaps import GapFinder
from audio_pipeline.metering.faults.half_seconds import half_seconds
from audio_pipeline.metering.faults.kinds import Fault, FaultKind
from audio_pipeline.metering.faults.pair_faults import pair_faults
from audio_pipeline.metering.faults.pairs import PairMeter
from audio_pipeline.metering.faults.word_length import WordLength

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEAD = 10.0 ** (-80.0 / 20.0)
"""A channel whose samples vary by no more than this is dead."""
OFFSET = 10.0 ** (-60.0 / 20.0)
_STEADY_OFFSET = 2.0
"""Minimum ratio of an offset to the variation of half-second means, which low frequencies cause."""
FEWEST_PADDED_BITS = 4
FEWEST_USED_BITS = 8
"""Samples with fewer bits in use are a test signal."""
LFE_TOP_HZ = 250.0
"""Well above the 120 Hz at which an LFE is low-pass filtered."""
LFE_SHARE = 0.1
_LFE_WINDOW = 16_384

_MATES = (("L", "R"), ("Ls", "Rs"), ("Lb", "Rb"), ("L", "C"), ("R", "C"))


class FaultFinder:
    """Finds the faults of a programme whose channels have the given `roles`, e.g. ("L", "R").

    `bits` is the word length of a file with integer samples, None for floating-point samples.
    """

    def __init__(self, sample_rate_hz: int, roles: tuple[str, ...], bits: int | None) -> None:
        self._rate, self._roles, self._bits = sample_rate_hz, roles, bits
        self._samples = 0
        self._sums: list[Samples] = []
        self._lengths: list[NDArray[np.intp]] = []
        self._gaps = GapFinder(sample_rate_hz, len(roles))
        self._clipping = [ClippingFinder() for _ in roles]
        self._words = [WordLength(bits) for _ in roles] if bits is not None else []
        self._pairs = {
            pair: PairMeter(sample_rate_hz, delays=names == ("L", "R"))
            for pair, names in _pairs_of(roles).items()
        }
        self._lfe = roles.index("LFE") if "LFE" in roles else None
        self._lfe_energies = np.zeros(2)

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        if not len(block):
            return
        columns = [np.ascontiguousarray(column) for column in block.T]
        halves = [half_seconds(column, self._rate) for column in columns]
        self._gaps.feed(block)
        for column, clipping in zip(columns, self._clipping, strict=True):
            clipping.feed(column)
        for column, word in zip(columns, self._words, strict=bool(self._words)):
            word.feed(column)
        for (first, second), meter in self._pairs.items():
            meter.feed(halves[first], halves[second])
        self._sums.append(np.stack([half.sums for half in halves]))
        self._lengths.append(halves[0].lengths)
        if self._lfe is not None:
            self._feed_lfe(columns[self._lfe])
        self._samples += len(block)

    def result(self) -> tuple[Fault, ...]:
        """The faults: first those of the complete programme, then the others by position."""
        if not self._samples:
            return ()
        gaps = self._gaps.finish()
        dead = self._dead()
        alive = [c for c in range(len(self._roles)) if c not in dead]
        if not alive:
            return ()
        whole = [Fault(self._kind_of_dead(c), (c,), figure=self._peak_db(c)) for c in sorted(dead)]
        whole += self._offsets(alive) + self._padded(alive) + self._of_lfe(alive)
        for pair, meter in self._pairs.items():
            if dead.isdisjoint(pair):
                whole += pair_faults(meter, pair, self._rate, stereo=len(self._roles) == 2)
        placed = gap_faults(gaps, self._roles, dead, self._rate) + self._clipped(alive)
        return (*whole, *sorted(placed, key=lambda fault: (fault.start or 0, fault.channels)))

    def used_bits(self) -> int | None:
        """The maximum of bits in use over all channels; None for floating-point samples."""
        return max((word.used() for word in self._words), default=None)

    def _feed_lfe(self, lfe: Samples) -> None:
        window = lfe[:_LFE_WINDOW]
        power = np.abs(np.fft.rfft(window * np.hanning(len(window)))) ** 2
        high = np.fft.rfftfreq(len(window), 1.0 / self._rate) > LFE_TOP_HZ
        self._lfe_energies += (power[high].sum(), power.sum())

    def _dead(self) -> set[int]:
        return {
            c for c, found in enumerate(self._clipping) if 0.5 * (found.highest - found.lowest) <= DEAD
        }

    def _peak_db(self, channel: int) -> float | None:
        found = self._clipping[channel]
        peak = max(found.highest, -found.lowest)
        return db_from_gain(peak) if peak > 0.0 else None

    def _kind_of_dead(self, channel: int) -> FaultKind:
        return FaultKind.LFE_SILENT if channel == self._lfe else FaultKind.DEAD

    def _offsets(self, alive: list[int]) -> list[Fault]:
        sums, lengths = np.concatenate(self._sums, axis=1), np.concatenate(self._lengths)
        means = sums.sum(axis=1) / self._samples
        varies = np.sqrt(np.average((sums / lengths - means[:, None]) ** 2, axis=1, weights=lengths))
        return [
            Fault(FaultKind.OFFSET, (c,), figure=db_from_gain(abs(float(means[c]))))
            for c in alive
            if abs(means[c]) >= OFFSET and abs(means[c]) >= _STEADY_OFFSET * varies[c]
        ]

    def _padded(self, alive: list[int]) -> list[Fault]:
        if self._bits is None:
            return []
        used = {c: self._words[c].used() for c in alive}
        padded = [
            c for c, bits in used.items() if FEWEST_USED_BITS <= bits <= self._bits - FEWEST_PADDED_BITS
        ]
        by_bits = {used[c]: tuple(d for d in padded if used[d] == used[c]) for c in padded}
        return [Fault(FaultKind.PADDED, channels, figure=bits) for bits, channels in by_bits.items()]

    def _of_lfe(self, alive: list[int]) -> list[Fault]:
        high, all_of_it = self._lfe_energies
        if self._lfe not in alive or self._lfe is None or high <= LFE_SHARE * all_of_it:
            return []
        return [Fault(FaultKind.LFE_FULL_BAND, (self._lfe,), figure=float(100.0 * high / all_of_it))]

    def _clipped(self, alive: list[int]) -> list[Fault]:
        found = []
        for c in alive:
            clipped = self._clipping[c].result()
            if clipped is not None:
                count, first, top = clipped
                level = db_from_gain(top)
                found.append(Fault(FaultKind.CLIPPED, (c,), first, None, level, count))
        return found


def _pairs_of(roles: tuple[str, ...]) -> dict[tuple[int, int], tuple[str, str]]:
    """The pairs of corresponding channels, by the numbers of their channels."""
    return {
        (roles.index(first), roles.index(second)): (first, second)
        for first, second in _MATES
        if first in roles and second in roles
    }
