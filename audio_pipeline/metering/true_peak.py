"""True peak: what the waveform reaches between the samples, by interpolation.

Source: ITU-R BS.1770-5, Annex 2, which asks for at least fourfold oversampling at 48 kHz and leaves the
filter open. Fourfold alone still under-reads by up to 0.6 dB near the top of the band; the parabola
through a peak and its neighbours brings that under 0.1 dB (`FILTER` says all there is to report).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Precision, Samples
from audio_pipeline.dsp.products import row_product

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 16
"""How many samples on either side a peak depends on: the half-length of the filter."""

_BETA = 5.0
FILTER = (
    f"{2 * REACH} taps a phase, sinc under a Kaiser window (beta {_BETA:g}), four times oversampled at "
    "44.1 and 48 kHz, twice at 88.2 and 96, once from 176.4, more below 44.1; a parabola through each "
    "peak and its two neighbours"
)
"""The interpolator, for the report."""

_ROW = 2 * REACH
_COARSE = 8 * _ROW
_PIECE = 512 * _ROW
_BATCH = 4096
HEADROOM = 1.0 / math.cos(math.pi / 8.0)
"""A wave sampled four times as often as it must be rises at most so far above its highest sample."""


def oversampling(sample_rate_hz: int) -> int:
    """How many points are looked at per sample: the least power of 2 that makes 176.4 kHz or more."""
    factor = 1
    while factor * sample_rate_hz < 176_400:
        factor *= 2
    return factor


@lru_cache(maxsize=16)
def interpolator(factor: int) -> Samples:
    """`(2·REACH + 1, factor)`: column p gives the point p/factor of a sample after the middle one.

    Constants and straight lines stay what they are, exactly; column 0 is the sample itself.
    """
    n = np.arange(-REACH, REACH + 1.0)
    columns = np.zeros((len(n), factor))
    columns[REACH, 0] = 1.0
    for phase in range(1, factor):
        offset = n - phase / factor
        inside = np.maximum(1.0 - np.square(offset / REACH), 0.0)
        window = np.where(np.abs(offset) < REACH, np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA), 0.0)
        taps = np.sinc(offset) * window
        # the least change, under the same window, that makes the sum 1 and the first moment 0
        straight = np.stack([window, window * offset], axis=1)
        moments = np.stack([np.ones_like(n), offset])
        short = np.array([1.0, 0.0]) - moments @ taps
        columns[:, phase] = taps + straight @ np.linalg.solve(moments @ straight, short)
    return columns


def inter_sample_peaks(window: Samples, sample_rate_hz: int) -> Samples:
    """The largest magnitude that belongs to each sample, between it and the next one.

    `window`: `(REACH + n + REACH, channels)`; returns `(n, channels)`. Its maximum over a programme with
    zeros on either side is the true peak that `Peaks` reads. Raises ValueError for a shorter window.
    """
    n = len(window) - 2 * REACH
    if window.ndim != 2 or n < 0:
        raise ValueError(f"window {window.shape} is not (REACH + n + REACH, channels), REACH = {REACH}")
    factor = oversampling(sample_rate_hz)
    out = np.empty((n, window.shape[1]))
    for channel in range(window.shape[1]):
        for start in range(0, n, _PIECE):
            stop = min(n, start + _PIECE)
            rows = -(-(stop - start) // _ROW)
            padded = np.zeros((rows + 1) * _ROW)
            piece = window[start : stop + 2 * REACH, channel]
            padded[: len(piece)] = piece
            windows = np.ascontiguousarray(windows_of(padded, 2 * _ROW)[::_ROW])
            points = row_product(windows, point_matrix(factor, _ROW))
            height, _ = crests(points[:, :-2], points[:, 1:-1], points[:, 2:])
            peaks = height.reshape(-1, factor).max(axis=1)
            out[start:stop, channel] = peaks[: stop - start]
    return out


def peaks_that_may_pass(window: Samples, sample_rate_hz: int, limit: float) -> Samples | None:
    """As `inter_sample_peaks`, where a peak may be higher than `limit`; elsewhere plain magnitudes.

    None when no peak can be. Most of a programme is far below a ceiling, and interpolating it is most
    of a limiter's work.
    """
    n = len(window) - 2 * REACH
    bounds = bounds_of(oversampling(sample_rate_hz))
    magnitude = np.abs(window)
    risky = []
    for start in range(0, n, _BATCH):
        block = slice(start, min(n, start + _BATCH))
        under = slice(block.start, block.stop + 2 * REACH)
        highest = float(magnitude[under].max())
        if (bounds.steepest + 4.0 * bounds.bent) * highest <= limit:
            continue
        bend = float(np.abs(np.diff(window[under], 2, axis=0)).max(initial=0.0))
        point = min(bounds.steepest * highest, highest + bounds.added * bend)
        if point + bounds.bent * bend > limit:
            risky.append(block)
    if not risky:
        return None
    peaks = magnitude[REACH : REACH + n].copy()
    for block in risky:
        under = slice(block.start, block.stop + 2 * REACH)
        peaks[block] = inter_sample_peaks(window[under], sample_rate_hz)
    return peaks


@lru_cache(maxsize=16)
def point_matrix(factor: int, samples: int) -> Samples:
    """`(samples + 2·REACH, factor·samples + 2)`: samples to points, and one point more at each end."""
    columns = interpolator(factor)
    matrix = np.zeros((samples + 2 * REACH, factor * samples + 2))
    for point in range(-1, factor * samples + 1):
        sample, phase = divmod(point, factor)
        for tap, value in enumerate(columns[:, phase]):
            if 0 <= sample + tap < len(matrix):
                matrix[sample + tap, point + 1] = value
    return matrix


@dataclass(frozen=True)
class Bounds:
    """What limits the points after a sample and the crests at them, from what is under the filter: m,
    the largest sample, and m2, the largest second difference, as magnitudes.

    No point is higher than `steepest · m`: the filter's absolute sum. None is higher than
    the sample on either side and `added · m2`: what interpolation adds to a straight line is a sum of
    second differences. And no crest is higher than its point and `bent · m2`, as the parabola adds at
    most an eighth of its bend, nor than its point times `HEADROOM`.
    """

    steepest: float
    added: float
    bent: float


@lru_cache(maxsize=16)
def bounds_of(factor: int) -> Bounds:
    """The bounds at this oversampling."""
    columns = interpolator(factor)
    magnitude = np.abs(columns)
    line = np.zeros_like(columns)
    phase = np.arange(factor) / factor
    line[REACH], line[REACH + 1] = 1.0 - phase, phase
    added = np.abs(_in_second_differences(columns - line)).sum(axis=0).max()
    # the points of three samples in a row, in taps from −REACH − 1 to REACH + 1
    fine = np.zeros((len(columns) + 2, 3 * factor))
    for part in range(3):
        fine[part : part + len(columns), part * factor : (part + 1) * factor] = columns
    bend = np.abs(_in_second_differences(np.diff(fine, 2, axis=1))).sum(axis=0).max()
    return Bounds(
        steepest=float(magnitude.sum(axis=0).max()),
        added=float(added),
        bent=float(bend / 8.0),
    )


def _in_second_differences(taps: Samples) -> Samples:
    """The taps that do to second differences what `taps`, without mean or slope, do to samples."""
    twice: Samples = np.cumsum(np.cumsum(taps, axis=0), axis=0)
    return twice


def crests(before: Samples, point: Samples, after: Samples) -> tuple[Samples, Samples]:
    """The height that a point stands for, and its distance from it in points, −0.5 to 0.5.

    A point that is no crest stands for itself, a crest for the vertex of the parabola through it and
    its neighbours, at most `HEADROOM` above it. All arrays of one shape.
    """
    magnitude, sign = np.abs(point), np.sign(point)
    before, after = before * sign, after * sign
    bend = 2.0 * magnitude - before - after
    crest = (before <= magnitude) & (after <= magnitude) & (bend > 0.0)
    place = np.divide(after - before, 2.0 * bend, out=np.zeros_like(bend), where=crest)
    height = np.minimum(magnitude + place * (after - before) / 4.0, magnitude * HEADROOM)
    return height, place


def windows_of(x: NDArray[Precision], length: int) -> NDArray[Precision]:
    """Every window of a contiguous x, `(len(x) − length + 1, length)`, as a view.

    NumPy's own `sliding_window_view` takes longer to set up than most of what is done here.
    """
    return np.ndarray((len(x) - length + 1, length), x.dtype, x, strides=x.strides * 2)
