"""The levels of a part of a programme, exact to the sample, as if it were a file of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.dsp.recursive import RecursiveFilter
from audio_pipeline.loudness import history
from audio_pipeline.loudness.history import History
from audio_pipeline.loudness.kweighting import channel_weights, k_weighting
from audio_pipeline.timeline.spans import Span

TOO_SHORT = "shorter than 400 ms"
TOO_SHORT_FOR_RANGE = "shorter than 3 s"
GATED = "below the −70 LUFS gate"
SILENT = "digital silence"
EMPTY = "no samples"


@dataclass(frozen=True)
class SpanLevels:
    """What a span measures. RMS is over all samples of all channels, and a full-scale square wave reads
    0 (a sine −3.01). Every None has its `reasons` entry."""

    span: Span
    integrated_lufs: float | None
    rms_dbfs: float | None
    sample_peak_dbfs: float | None
    reasons: dict[str, str] = field(default_factory=dict)


class Pieces:
    """Cuts what comes in any blocks into pieces of one length, so that every figure is computed on one
    grid and comes out the same to the last bit."""

    def __init__(self, length: int, channels: int) -> None:
        self._piece = np.empty((length, channels), order="F")
        self._filled = 0

    @property
    def rest(self) -> Samples:
        """What has come since the last whole piece, `(m, channels)`, m < length."""
        return self._piece[: self._filled]

    def cut(self, block: Samples) -> Iterator[Samples]:
        """Whole pieces `(length, channels)`, each channel contiguous; each is valid until the next."""
        start, length = 0, len(self._piece)
        planar = block.strides[0] == block.itemsize
        while start < len(block):
            if planar and not self._filled and len(block) - start >= length:
                yield block[start : start + length]  # a whole one, and as it is wanted: not copied
                start += length
                continue
            end = min(len(block), start + len(self._piece) - self._filled)
            filled = self._filled + end - start
            self._piece[self._filled : filled] = block[start:end]
            start, self._filled = end, filled % len(self._piece)
            if not self._filled:
                yield self._piece


def hop_energies(x: Samples, sample_rate_hz: int) -> Samples:
    """`(channels, n)`, n at most a second, to `(channels, hops)`: the sums of squares of whole hops."""
    hops = history.whole_hops(x.shape[1], sample_rate_hz)
    edges = history.hop_edges(sample_rate_hz)
    if not hops:
        return np.zeros((len(x), 0))
    inside = x[:, : edges[hops]]
    if sample_rate_hz % history.HOPS_PER_S:
        uneven: Samples = np.add.reduceat(np.square(inside), edges[:hops], axis=1)
        return uneven
    even = inside.reshape(len(x), hops, -1)
    sums: Samples = np.vecdot(even, even)
    return sums


def padded(rest: Samples, length: int) -> Samples:
    """`rest` with zeros after it, `(length, channels)`."""
    piece = np.zeros((length, rest.shape[1]), order="F")
    piece[: len(rest)] = rest
    return piece


class SpanMeter:
    """Measures one span, fed with its samples in blocks of any size."""

    def __init__(
        self, span: Span, sample_rate_hz: int, channels: int, weights: tuple[float, ...] | None = None
    ) -> None:
        self._span = span
        self._rate = sample_rate_hz
        self._channels = channels
        self._weights = np.array(channel_weights(channels) if weights is None else weights)
        self._pieces = Pieces(sample_rate_hz, channels)
        self._filter = RecursiveFilter(k_weighting(sample_rate_hz), sample_rate_hz)
        self._state = self._filter.rest_state(channels)
        self._filtered = np.empty((channels, sample_rate_hz))
        self._weighted: list[Samples] = []
        self._whole = 0
        self._energy = self._peak = 0.0

    def feed(self, x: Samples) -> None:
        """Take `(n, channels)` more of the span."""
        for piece in self._pieces.cut(x):
            filtered, self._state = self._filter.run(piece, self._state, self._filtered)
            self._weighted.append(self._weights @ hop_energies(filtered, self._rate))
            self._energy += float(hop_energies(piece.T, self._rate).sum())
            self._peak = max(self._peak, float(piece.max()), -float(piece.min()))
            self._whole += len(piece)

    def result(self) -> SpanLevels:
        """The levels of all that was fed so far."""
        rest = self._pieces.rest
        samples = self._whole + len(rest)
        filtered = self._filter.run(padded(rest, self._rate), self._state)[0][:, : len(rest)]
        weighted = [*self._weighted, self._weights @ hop_energies(filtered, self._rate)]
        momentary = History(self._rate, np.concatenate(weighted), np.zeros(0)).momentary()
        count = samples * self._channels
        levels = {
            "integrated_lufs": history.integrated_lufs(momentary),
            "rms_dbfs": level_dbfs(self._energy + float(np.sum(np.square(rest))), count),
            "sample_peak_dbfs": finite(
                db_from_gain(max(self._peak, float(np.abs(rest).max(initial=0.0))))
            ),
        }
        why_not = EMPTY if not samples else SILENT
        reasons = {name: why_not for name, value in levels.items() if value is None}
        if "integrated_lufs" in reasons:
            reasons["integrated_lufs"] = GATED if len(momentary) else TOO_SHORT
        return SpanLevels(self._span, **levels, reasons=reasons)


def levels_of(
    samples: Samples, sample_rate_hz: int, weights: tuple[float, ...] | None = None
) -> SpanLevels:
    """The levels of `(n, channels)` samples."""
    meter = SpanMeter(Span(0, len(samples)), sample_rate_hz, samples.shape[1], weights)
    meter.feed(samples)
    return meter.result()


def finite(level: float) -> float | None:
    """The level, or None for minus infinity."""
    return level if math.isfinite(level) else None


def level_dbfs(energy: float, count: int) -> float | None:
    """The RMS level of so many samples with that sum of squares, dBFS; None for silence or none."""
    return finite(10.0 * math.log10(energy / count)) if count and energy > 0.0 else None
