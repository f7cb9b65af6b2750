"""The loudness of a mix of two parts, the first and the rest, for any gains of both.

Each part is K-weighted once; the energy of the mix is then computed from the energies of the parts and
of their common part, so that a gain is found without reading the samples again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering import history
from audio_pipeline.metering.energies import Energies
from audio_pipeline.metering.history import History
from audio_pipeline.metering.kweighting import channel_weights
from audio_pipeline.metering.span_levels import Pieces, hop_energies
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PartEnergies:
    """K-weighted energies of every complete hop, `(hops,)` each.

    `first` and `rest` are the energies of both parts, `common` is twice the sum of the products of
    their samples. `rest` and `common` are zero if the rest is not measured.
    """

    sample_rate_hz: int
    first: Samples
    rest: Samples
    common: Samples

    def mix(self, first_gain: float, rest_gain: float) -> Samples:
        """The energies of the mix at the given gains, `(hops,)`."""
        both = self.common * (first_gain * rest_gain)
        both += self.first * first_gain**2
        both += self.rest * rest_gain**2
        return np.maximum(both, 0.0)


class PartMeter(Protocol):
    """Measures the parts of a mix, fed in blocks `(n, channels)` of equal lengths."""

    measures_rest: ClassVar[bool]
    """Whether it measures the rest; otherwise the rest may be anything."""

    def feed(self, first: Samples, rest: Samples) -> None: ...

    def result(self) -> PartEnergies: ...


class FirstPartMeter:
    """Measures the first part alone."""

    measures_rest: ClassVar[bool] = False

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._pieces = Pieces(sample_rate_hz, channels)
        self._energies = Energies(sample_rate_hz, channel_weights(channels))

    def feed(self, first: Samples, rest: Samples) -> None:
        """Feed the next block of the first part; `rest` is ignored."""
        for piece in self._pieces.cut(first):
            self._energies.feed(piece)

    def result(self) -> PartEnergies:
        """The energies of all blocks so far."""
        weighted = self._energies.history(self._pieces.rest).weighted
        nothing = np.zeros(len(weighted))
        return PartEnergies(self._rate, weighted, nothing, nothing)


class MixMeter:
    """Measures both parts."""

    measures_rest: ClassVar[bool] = True

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._pieces = (Pieces(sample_rate_hz, channels), Pieces(sample_rate_hz, channels))
        self._weights = np.array(channel_weights(channels))
        self._energies = (
            Energies(sample_rate_hz, channel_weights(channels)),
            Energies(sample_rate_hz, channel_weights(channels)),
        )
        self._sums: list[Samples] = []

    def feed(self, first: Samples, rest: Samples) -> None:
        """Feed the next block of both parts. Raises ValueError for blocks of unequal lengths."""
        cuts = (pieces.cut(x) for pieces, x in zip(self._pieces, (first, rest), strict=True))
        for both in zip(*cuts, strict=True):
            for energies, piece in zip(self._energies, both, strict=True):
                energies.feed(piece)
            self._sums.append(self._sum())

    def result(self) -> PartEnergies:
        """The energies of all blocks so far."""
        first, rest = (
            energies.history(pieces.rest).weighted
            for energies, pieces in zip(self._energies, self._pieces, strict=True)
        )
        sums = np.concatenate([*self._sums, self._sum()])[: len(first)]
        return PartEnergies(self._rate, first, rest, sums - first - rest)

    def _sum(self) -> Samples:
        """The energy of the sum of both parts, for every hop of the latest piece."""
        first, rest = (energies.filtered for energies in self._energies)
        return self._weights @ hop_energies(first + rest, self._rate)


def momentary_power(weighted: Samples, sample_rate_hz: int) -> Samples:
    """The mean weighted power of every 400 ms, from K-weighted hop energies `(hops,)`."""
    return History(sample_rate_hz, weighted, np.zeros(0)).momentary()


def gain_to_lufs_db(weighted: Samples, sample_rate_hz: int, target_lufs: float) -> float | None:
    """The gain in dB that brings K-weighted hop energies `(hops,)` to an integrated loudness.

    A gain moves blocks above or below the absolute gate of −70 LUFS, which changes the loudness before
    the gain: so every possible number of blocks above the gate is tried. The result is the smallest
    gain with this loudness; if no gain reaches it, the gain with the nearest one. None for less than
    400 ms and for digital silence.
    """
    blocks = history.gating_blocks(momentary_power(weighted, sample_rate_hz))
    powers = np.sort(blocks[blocks > 0.0])[::-1]
    if not len(powers):
        return None
    loudness_lufs = history.lufs(_means_of_the_loudest(powers))
    exact_db = target_lufs - loudness_lufs
    consistent = _passing(powers, exact_db) == np.arange(1, len(powers) + 1)
    if consistent.any():
        return float(exact_db[consistent].min())
    # the loudness jumps at every gain at which a block passes the gate
    edges_db = history.ABSOLUTE_GATE_LUFS - history.lufs(powers)
    tried_db = np.sort(np.concatenate([exact_db, edges_db - 1e-9, edges_db + 1e-9]))
    passing = _passing(powers, tried_db)
    tried_db, passing = tried_db[passing > 0], passing[passing > 0]
    reached_lufs = tried_db + loudness_lufs[passing - 1]
    return float(tried_db[np.argmin(np.abs(reached_lufs - target_lufs))])


def _means_of_the_loudest(powers: Samples) -> Samples:
    """The gated mean powers: item n − 1 is for the first n of descending `powers` above the absolute gate."""
    counts = np.arange(1, len(powers) + 1)
    sums = np.cumsum(powers)
    gates = sums / counts * 10.0 ** (history.RELATIVE_GATE_LU / 10.0)
    over = np.minimum(np.searchsorted(-powers, -gates, side="left"), counts)
    means: Samples = sums[over - 1] / over
    return means


def _passing(powers: Samples, gains_db: Samples) -> NDArray[np.intp]:
    """The number of descending `powers` above the absolute gate at each gain."""
    gates = history.power_at(history.ABSOLUTE_GATE_LUFS) * 10.0 ** (-gains_db / 10.0)
    return np.searchsorted(-powers, -gates, side="left")
