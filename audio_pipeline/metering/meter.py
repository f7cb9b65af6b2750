"""The loudness meter: one pass over a programme of any length, in blocks of any size.

    meter = Meter(48_000, 2)
    for block in blocks:            # (n, 2) float64, full scale ±1
        meter.feed(block)
    meter.result().integrated_lufs

Sources: ITU-R BS.1770-5; EBU R 128, Tech 3341 v4 and Tech 3342 v4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.dsp.products import energies
from audio_pipeline.metering import history
from audio_pipeline.metering.energies import Energies
from audio_pipeline.metering.history import HOPS_PER_S, MOMENTARY_HOPS, SHORT_TERM_HOPS
from audio_pipeline.metering.kweighting import channel_weights
from audio_pipeline.metering.peaks import Peaks
from audio_pipeline.metering.span_levels import (
    EMPTY,
    GATED,
    SILENT,
    TOO_SHORT,
    TOO_SHORT_FOR_RANGE,
    Pieces,
    SpanLevels,
    SpanMeter,
    finite,
    start_filter,
)
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span


@dataclass(frozen=True, eq=False)
class Loudness:
    """The measurement of a programme. A value of None has its reason in `reasons`, by the field's name.

    `…_at_s` of a loudness is the **end** of its window, as on a live meter; of a peak, its position.
    The curves `(hops,)` are on the 10 ms grid: value k is for the window that ends at (k + 1) · 10 ms,
    nan before the first full window, minus infinity for digital silence. A channel with a peak of None
    is silent. `level_dbfs` is the RMS of every 10 ms over all channels. `spans` holds the levels of the
    requested spans, in order.
    """

    sample_rate_hz: int
    channels: int
    samples: int
    duration_s: float
    integrated_lufs: float | None
    loudness_range_lu: float | None
    max_momentary_lufs: float | None
    max_momentary_at_s: float | None
    max_short_term_lufs: float | None
    max_short_term_at_s: float | None
    true_peak_dbtp: float | None
    true_peak_at_s: float | None
    sample_peak_dbfs: float | None
    sample_peak_at_s: float | None
    channel_true_peaks_dbtp: tuple[float | None, ...]
    channel_sample_peaks_dbfs: tuple[float | None, ...]
    reasons: dict[str, str]
    momentary_lufs: Samples
    short_term_lufs: Samples
    level_dbfs: Samples
    spans: tuple[SpanLevels, ...]


class Meter:
    """Measures all figures of EBU mode, streaming; memory grows by 16 bytes every 10 ms.

    `channels` are in film order, `weights` are their weights (default: `channel_weights`); `spans` are
    parts of the programme to measure separately in the same pass. Blocks are split into pieces of a
    second, so the figures are bit-identical for any blocks. Raises ValueError for a rate outside 8 to
    192 kHz, or weights that do not fit the channels.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        weights: Sequence[float] | None = None,
        spans: Sequence[Span] = (),
    ) -> None:
        if not 8_000 <= sample_rate_hz <= 192_000:
            raise ValueError(f"a sample rate of {sample_rate_hz} Hz is outside 8 to 192 kHz")
        chosen = channel_weights(channels) if weights is None else tuple(weights)
        if len(chosen) != channels:
            raise ValueError(f"{len(chosen)} weights for {channels} channels")
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.samples = self._taken = 0
        self._pieces = Pieces(sample_rate_hz, channels)
        self._energies = Energies(sample_rate_hz, chosen)
        self._peaks = Peaks(channels)
        start = start_filter(sample_rate_hz)
        self._spans = [SpanMeter(span, sample_rate_hz, chosen, start) for span in spans]

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`.

        Raises ValueError, and adds no samples, for another shape or for a value that is NaN or
        infinite; the message names its position.
        """
        if np.asarray(block).dtype.kind != "f":
            raise ValueError("a block is of floats with full scale at 1, not of whole numbers")
        x = np.asarray(block, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.channels:
            raise ValueError(f"block {x.shape} is not (n, {self.channels})")
        with np.errstate(over="ignore", invalid="ignore"):
            # a sum of squares is fast, and not finite if one of its terms is not
            total = float(energies(x.T).sum())
        if not math.isfinite(total) and not np.isfinite(x).all():
            self._refuse(x)
        self.feed_finite(x)

    def feed_finite(self, x: Samples) -> None:
        """As `feed`, for values that are known to be finite, as those of a file are: 2 % of a measurement."""
        for piece in self._pieces.cut(x):
            self._peaks.feed(piece)
            self._energies.feed(piece)
            here = Span(self._taken, self._taken + len(piece))
            for span in self._spans:
                span.feed(here, piece, self._energies.filtered)
            self._taken = here.stop
        self.samples += len(x)

    def result(self) -> Loudness:
        """The measurement of all blocks so far; more may follow."""
        rest, here = self._pieces.rest, Span(self._taken, self.samples)
        hops, peaks = self._energies.history(rest), self._peaks.finished(rest)
        spans = tuple(span.result(here, rest, self._energies.filtered) for span in self._spans)
        momentary, short_term = hops.momentary(), hops.short_term()
        max_momentary_lufs, max_momentary_at_s = _maximum(momentary, MOMENTARY_HOPS)
        max_short_term_lufs, max_short_term_at_s = _maximum(short_term, SHORT_TERM_HOPS)
        true_peak_dbtp, true_peak_at_s = self._highest(peaks.true_peaks, peaks.true_places)
        sample_peak_dbfs, sample_peak_at_s = self._highest(peaks.sample_peaks, peaks.sample_places)
        values = {
            "integrated_lufs": history.integrated_lufs(momentary),
            "loudness_range_lu": history.loudness_range_lu(short_term),
            "max_momentary_lufs": max_momentary_lufs,
            "max_momentary_at_s": max_momentary_at_s,
            "max_short_term_lufs": max_short_term_lufs,
            "max_short_term_at_s": max_short_term_at_s,
            "true_peak_dbtp": true_peak_dbtp,
            "true_peak_at_s": true_peak_at_s,
            "sample_peak_dbfs": sample_peak_dbfs,
            "sample_peak_at_s": sample_peak_at_s,
        }
        return Loudness(
            sample_rate_hz=self.sample_rate_hz,
            channels=self.channels,
            samples=self.samples,
            duration_s=self.samples / self.sample_rate_hz,
            **values,
            channel_true_peaks_dbtp=tuple(finite(db_from_gain(float(p))) for p in peaks.true_peaks),
            channel_sample_peaks_dbfs=tuple(finite(db_from_gain(float(p))) for p in peaks.sample_peaks),
            reasons={
                name: self._reason(name, len(momentary), len(short_term))
                for name, value in values.items()
                if value is None
            },
            momentary_lufs=_curve(momentary, len(hops.weighted)),
            short_term_lufs=_curve(short_term, len(hops.weighted)),
            level_dbfs=hops.level_dbfs(self.channels),
            spans=spans,
        )

    def _highest(self, peaks: Samples, places: Samples) -> tuple[float | None, float | None]:
        loudest = int(np.argmax(peaks))
        level = finite(db_from_gain(float(peaks[loudest])))
        at_s = float(np.clip(places[loudest], 0, max(0, self.samples - 1))) / self.sample_rate_hz
        return level, None if level is None else at_s

    def _reason(self, name: str, momentary: int, short_term: int) -> str:
        if not self.samples:
            return EMPTY
        if name in ("integrated_lufs", "max_momentary_lufs", "max_momentary_at_s") and not momentary:
            return TOO_SHORT
        if (
            name in ("loudness_range_lu", "max_short_term_lufs", "max_short_term_at_s")
            and not short_term
        ):
            return TOO_SHORT_FOR_RANGE
        return GATED if name in ("integrated_lufs", "loudness_range_lu") else SILENT

    def _refuse(self, x: Samples) -> None:
        sample, channel = (int(index) for index in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(
            f"sample {self.samples + sample} of channel {channel + 1} is {x[sample, channel]:g}, "
            f"{(self.samples + sample) / self.sample_rate_hz:.3f} s into the programme"
        )


def measure(samples: Samples, sample_rate_hz: int) -> Loudness:
    """The loudness of complete samples `(n, channels)`. Raises ValueError as `Meter.feed`."""
    if samples.ndim != 2:
        raise ValueError(f"samples {samples.shape} are not (n, channels)")
    meter = Meter(sample_rate_hz, samples.shape[1])
    meter.feed(samples)
    return meter.result()


def _maximum(power: Samples, window_hops: int) -> tuple[float | None, float | None]:
    if not len(power) or power.max() <= 0.0:
        return None, None
    loudest = int(np.argmax(power))
    return float(history.lufs(power[loudest])), (loudest + window_hops) / HOPS_PER_S


def _curve(power: Samples, hops: int) -> Samples:
    curve = np.full(hops, np.nan)
    if len(power):
        curve[hops - len(power) :] = history.lufs(power)
    return curve
