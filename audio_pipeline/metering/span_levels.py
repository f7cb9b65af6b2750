"""The levels of a part of a programme, exact to the sample, as if it were a separate file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy
from dataclasses import field

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.dsp.products import energies
from audio_pipeline.dsp.recursive import RecursiveFilter
from audio_pipeline.metering import history
from audio_pipeline.metering.history import History
from audio_pipeline.metering.kweighting import k_weighting
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

TOO_SHORT = "shorter than 400 ms"
TOO_SHORT_FOR_RANGE = "shorter than 3 s"
GATED = "below the −70 LUFS gate"
SILENT = "digital silence"
EMPTY = "no samples"

_START_HOPS = 30


@dataclass(frozen=True)
class SpanLevels:
    """The levels of a span. Every None has an entry in `reasons`.

    RMS is over all samples of all channels; a full-scale square wave reads 0 (a sine −3.01).
    """

    span: Span
    integrated_lufs: float | None
    rms_dbfs: float | None
    sample_peak_dbfs: float | None
    reasons: dict[str, str] = field(default_factory=dict)


class Pieces:
    """Cuts blocks of any size into pieces of one length.

    Every figure is computed on one grid and is therefore bit-identical for any blocks.
    """

    def __init__(self, length: int, channels: int) -> None:
        self._piece = np.empty((length, channels), order="F")
        self._filled = 0

    @property
    def rest(self) -> Samples:
        """The samples since the last complete piece, `(m, channels)`, m < length."""
        return self._piece[: self._filled]

    def cut(self, block: Samples) -> Iterator[Samples]:
        """Complete pieces `(length, channels)`, each channel contiguous; each is valid until the next."""
        start, length = 0, len(self._piece)
        planar = block.strides[0] == block.itemsize
        while start < len(block):
            if planar and not self._filled and len(block) - start >= length:
                yield block[start : start + length]  # complete and planar: not copied
                start += length
                continue
            end = min(len(block), start + len(self._piece) - self._filled)
            filled = self._filled + end - start
            self._piece[self._filled : filled] = block[start:end]
            start, self._filled = end, filled % len(self._piece)
            if not self._filled:
                yield self._piece


def hop_energies(x: Samples, sample_rate_hz: int, first: int = 0) -> Samples:
    """The sums of squares `(channels, hops)` of all complete hops in `x` `(channels, n)`.

    `x` begins at the start of hop `first`.
    """
    begin = history.hop_edge(first, sample_rate_hz)
    hops = history.whole_hops(begin + x.shape[1], sample_rate_hz) - first
    if not hops:
        return np.zeros((len(x), 0))
    if sample_rate_hz % history.HOPS_PER_S:
        edges = history.hop_edge(np.arange(first, first + hops + 1), sample_rate_hz) - begin
        uneven: Samples = np.add.reduceat(np.square(x[:, : edges[-1]]), edges[:-1], axis=1)
        return uneven
    return energies(x[:, : hops * sample_rate_hz // history.HOPS_PER_S].reshape(len(x), hops, -1))


def padded(rest: Samples, length: int) -> Samples:
    """`rest` followed by zeros, `(length, channels)`."""
    piece = np.zeros((length, rest.shape[1]), order="F")
    piece[: len(rest)] = rest
    return piece


def start_filter(sample_rate_hz: int) -> RecursiveFilter:
    """K-weighting for the first 300 ms of spans, which end at the edge of a hop."""
    return RecursiveFilter(k_weighting(sample_rate_hz), history.hop_edge(_START_HOPS, sample_rate_hz))


class SpanMeter:
    """Measures one span of a programme, fed with the programme's pieces, plain and K-weighted.

    The span is measured as if it were a separate file: its first 300 ms are weighted again, from rest,
    by the filter `start` (see `start_filter`). After them the programme's filter has no memory of the
    samples before the span: it decays by 2000 dB a second.
    """

    def __init__(
        self, span: Span, sample_rate_hz: int, weights: tuple[float, ...], start: RecursiveFilter
    ) -> None:
        self._span = span
        self._filter = start
        self._rate = sample_rate_hz
        self._weights = np.array(weights)
        self._start = np.zeros((len(weights), 0))
        self._hops = _Hops(sample_rate_hz, self._weights)
        self._energy = self._peak = 0.0

    def feed(self, here: Span, piece: Samples, filtered: Samples) -> None:
        """Feed the piece of the programme at `here`: plain `(n, channels)`, and K-weighted `(channels, n)`."""
        if not self._span.meets(here):
            return
        part = self._span.intersect(here)
        x, weighted = piece[part.inside(here)].T, filtered[:, part.inside(here)]
        self._energy += float(energies(x).sum())
        self._peak = max(self._peak, float(x.max()), -float(x.min()))
        missing = self._filter.length - self._start.shape[1]
        if missing:
            self._start = np.concatenate([self._start, x[:, :missing]], axis=1)
            if x.shape[1] < missing:
                return
            self._hops.feed(self._filter.run(self._start.T, self._filter.rest_state(len(x)))[0])
        self._hops.feed(weighted[:, missing:])

    def result(self, here: Span, rest: Samples, filtered: Samples) -> SpanLevels:
        """The levels of all samples so far and of `rest`, which is not added."""
        twin = copy(self)
        twin._hops = self._hops.copy()
        twin.feed(here, rest, filtered)
        return twin._levels(max(0, min(self._span.stop, here.stop) - self._span.start))

    def _levels(self, samples: int) -> SpanLevels:
        momentary = History(self._rate, self._hops.weighted(), np.zeros(0)).momentary()
        levels = {
            "integrated_lufs": history.integrated_lufs(momentary),
            "rms_dbfs": level_dbfs(self._energy, samples * len(self._weights)),
            "sample_peak_dbfs": finite(db_from_gain(self._peak)),
        }
        why_not = EMPTY if not samples else SILENT
        reasons = {name: why_not for name, value in levels.items() if value is None}
        if "integrated_lufs" in reasons:
            reasons["integrated_lufs"] = GATED if len(momentary) else TOO_SHORT
        return SpanLevels(self._span, **levels, reasons=reasons)


class _Hops:
    """The weighted energy of every hop, counted from the first sample, fed in blocks of any size."""

    def __init__(self, sample_rate_hz: int, weights: Samples) -> None:
        self._rate = sample_rate_hz
        self._weights = weights
        self._whole: list[Samples] = []
        self._count = self._position = 0
        self._open = 0.0  # energy of the incomplete hop

    def feed(self, filtered: Samples) -> None:
        """Feed the next block `(channels, n)`."""
        missing = history.hop_edge(self._count + 1, self._rate) - self._position
        self._position += filtered.shape[1]
        self._open += float(self._weights @ energies(filtered[:, :missing]))
        if filtered.shape[1] < missing:
            return
        following = filtered[:, missing:]
        whole = self._weights @ hop_energies(following, self._rate, self._count + 1)
        self._whole += [np.array([self._open]), whole]
        self._count += 1 + len(whole)
        left = self._position - history.hop_edge(self._count, self._rate)
        self._open = float(self._weights @ energies(following[:, following.shape[1] - left :]))

    def weighted(self) -> Samples:
        """The energies of all complete hops, `(hops,)`."""
        return np.concatenate([np.zeros(0), *self._whole])

    def copy(self) -> _Hops:
        """An independent copy."""
        twin = copy(self)
        twin._whole = self._whole.copy()
        return twin


def finite(level: float) -> float | None:
    """The level, or None for minus infinity."""
    return level if math.isfinite(level) else None


def level_dbfs(energy: float, count: int) -> float | None:
    """The RMS level of `count` samples with a sum of squares, dBFS; None for silence or no samples."""
    return finite(10.0 * math.log10(energy / count)) if count and energy > 0.0 else None
