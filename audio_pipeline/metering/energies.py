"""The energy of every 10 ms, K-weighted and plain, from which loudness is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.recursive import RecursiveFilter
from audio_pipeline.metering import history
from audio_pipeline.metering.history import History
from audio_pipeline.metering.kweighting import k_weighting
from audio_pipeline.metering.span_levels import hop_energies, padded


class Energies:
    """Measures the energies of pieces of one second, fed in order; `weights` are the channel weights.

    `filtered` `(channels, second)` is the latest piece, K-weighted.
    """

    def __init__(self, sample_rate_hz: int, weights: Sequence[float]) -> None:
        self._rate = sample_rate_hz
        self._weights = np.array(weights)
        self._filter = RecursiveFilter(k_weighting(sample_rate_hz), sample_rate_hz)
        self._state = self._filter.rest_state(len(weights))
        self.filtered = np.zeros((len(weights), sample_rate_hz))
        self._weighted: list[Samples] = []
        self._plain: list[Samples] = []

    def feed(self, piece: Samples) -> None:
        """Feed the next piece `(second, channels)`."""
        weighted, plain, self._state = self._made(piece)
        self._weighted.append(weighted)
        self._plain.append(plain)

    def history(self, rest: Samples) -> History:
        """All hops so far, with the hops of `rest` `(m, channels)`, less than a second, which is not added."""
        weighted, plain, _ = self._made(padded(rest, self._rate))
        hops = history.whole_hops(len(rest), self._rate)
        return History(
            self._rate,
            np.concatenate([*self._weighted, weighted[:hops]]),
            np.concatenate([*self._plain, plain[:hops]]),
        )

    def _made(self, piece: Samples) -> tuple[Samples, Samples, Samples]:
        """The weighted and plain energy of every hop in a piece, and the filter's state after it."""
        plain = hop_energies(piece.T, self._rate).sum(axis=0)
        if not plain.any() and not self._state.any():  # silence after silence
            self.filtered.fill(0.0)
            return plain, plain, self._state
        _, state = self._filter.run(piece, self._state, self.filtered)
        return self._weights @ hop_energies(self.filtered, self._rate), plain, state
