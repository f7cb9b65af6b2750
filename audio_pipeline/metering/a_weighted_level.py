"""The A-weighted level of a part of a programme, which suits soft sounds."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.recursive import RecursiveFilter
from audio_pipeline.metering.span_levels import Pieces, hop_energies, level_dbfs, padded
from audio_pipeline.metering.weighting import a_weighting
from audio_pipeline.timeline.spans import Span


class AWeightedMeter:
    """Measures one span, exact to the sample, fed with the complete programme in blocks of any size."""

    def __init__(self, span: Span, sample_rate_hz: int, channels: int) -> None:
        self._span = span
        self._channels = channels
        self._position = 0
        self._rate = sample_rate_hz
        self._pieces = Pieces(sample_rate_hz, channels)
        self._filter = RecursiveFilter(a_weighting(sample_rate_hz), sample_rate_hz)
        self._state = self._filter.rest_state(channels)
        self._filtered = np.empty((channels, sample_rate_hz))
        self._energy = 0.0
        self._samples = 0

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        here = Span(self._position, self._position + len(block))
        part = block[self._span.intersect(here).inside(here)] if self._span.meets(here) else block[:0]
        for piece in self._pieces.cut(part):
            filtered, self._state = self._filter.run(piece, self._state, self._filtered)
            self._energy += float(hop_energies(filtered, self._rate).sum())
        self._samples += len(part)
        self._position = here.stop

    def result(self) -> float | None:
        """The level over all samples of all channels, dBFS; None for silence or no samples.

        A full-scale square wave of 1 kHz reads about 0, a sine −3.01.
        """
        rest = self._pieces.rest
        filtered, _ = self._filter.run(padded(rest, self._rate), self._state)
        energy = self._energy + float(np.sum(np.square(filtered[:, : len(rest)])))
        return level_dbfs(energy, self._samples * self._channels)


def a_weighted_dbfs(samples: Samples, sample_rate_hz: int) -> float | None:
    """The A-weighted level of `(n, channels)` samples, dBFS; None for silence or no samples."""
    meter = AWeightedMeter(Span(0, len(samples)), sample_rate_hz, samples.shape[1])
    meter.feed(samples)
    return meter.result()
