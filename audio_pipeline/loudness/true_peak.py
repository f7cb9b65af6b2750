"""True peak: what the waveform reaches between the samples, by interpolation.

Source: ITU-R BS.1770-5, Annex 2, which asks for at least fourfold oversampling at 48 kHz and leaves the
filter open. Fourfold alone still under-reads by up to 0.6 dB near the top of the band; the parabola
through a peak and its neighbours brings that under 0.1 dB (`FILTER` says all there is to report).
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.products import row_product

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
_HEADROOM = 1.0 / math.cos(math.pi / 8.0)
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
            windows = np.ascontiguousarray(_windows(padded, 2 * _ROW)[::_ROW])
            points = row_product(windows, _matrix(factor, _ROW))
            height, _ = _crests(points[:, :-2], points[:, 1:-1], points[:, 2:])
            peaks = height.reshape(-1, factor).max(axis=1)
            out[start:stop, channel] = peaks[: stop - start]
    return out


def peaks_that_may_pass(window: Samples, sample_rate_hz: int, limit: float) -> Samples | None:
    """As `inter_sample_peaks`, where a peak may be higher than `limit`; elsewhere plain magnitudes.

    None when no peak can be. Most of a programme is far below a ceiling, and interpolating it is most
    of a limiter's work.
    """
    n = len(window) - 2 * REACH
    bounds = _bounds(oversampling(sample_rate_hz))
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
def _matrix(factor: int, samples: int) -> Samples:
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
class _Bounds:
    """What limits the points after a sample and the crests at them, from what is under the filter: m,
    the largest sample, and m2, the largest second difference, as magnitudes.

    No point is higher than `steepest · m`: the filter's absolute sum. None is higher than the square
    root of the energy of the four samples around it, and `far · m` for the rest. None is higher than
    the sample on either side and `added · m2`: what interpolation adds to a straight line is a sum of
    second differences. And no crest is higher than its point and `bent · m2`, as the parabola adds at
    most an eighth of its bend, nor than its point times `_HEADROOM`.
    """

    steepest: float
    far: float
    added: float
    bent: float


@lru_cache(maxsize=16)
def _bounds(factor: int) -> _Bounds:
    columns = interpolator(factor)
    magnitude = np.abs(columns)
    near = slice(REACH - 1, REACH + 3)
    line = np.zeros_like(columns)
    phase = np.arange(factor) / factor
    line[REACH], line[REACH + 1] = 1.0 - phase, phase
    added = np.abs(_in_second_differences(columns - line)).sum(axis=0).max()
    # the points of three samples in a row, in taps from −REACH − 1 to REACH + 1
    fine = np.zeros((len(columns) + 2, 3 * factor))
    for part in range(3):
        fine[part : part + len(columns), part * factor : (part + 1) * factor] = columns
    bend = np.abs(_in_second_differences(np.diff(fine, 2, axis=1))).sum(axis=0).max()
    energy = max(1.0, float(np.square(columns[near]).sum(axis=0).max()))
    return _Bounds(
        steepest=float(magnitude.sum(axis=0).max()),
        far=float((magnitude.sum(axis=0) - magnitude[near].sum(axis=0)).max()) + math.sqrt(energy) - 1.0,
        added=float(added),
        bent=float(bend / 8.0),
    )


def _in_second_differences(taps: Samples) -> Samples:
    """The taps that do to second differences what `taps`, without mean or slope, do to samples."""
    twice: Samples = np.cumsum(np.cumsum(taps, axis=0), axis=0)
    return twice


def _crests(before: Samples, point: Samples, after: Samples) -> tuple[Samples, Samples]:
    """The height that a point stands for, and its distance from it in points, −0.5 to 0.5.

    A point that is no crest stands for itself, a crest for the vertex of the parabola through it and
    its neighbours, at most `_HEADROOM` above it. All arrays of one shape.
    """
    magnitude, sign = np.abs(point), np.sign(point)
    before, after = before * sign, after * sign
    bend = 2.0 * magnitude - before - after
    crest = (before <= magnitude) & (after <= magnitude) & (bend > 0.0)
    place = np.divide(after - before, 2.0 * bend, out=np.zeros_like(bend), where=crest)
    height = np.minimum(magnitude + place * (after - before) / 4.0, magnitude * _HEADROOM)
    return height, place


class Peaks:
    """The running sample peak and true peak of every channel, with their places; fed in any pieces.

    Blocks that cannot beat the true peak so far, going by their largest sample and the filter's
    absolute sum, are skipped, so that most of a programme costs one look at its samples. Places are in
    samples from the start of the programme; a true peak's has a fraction.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._factor = oversampling(sample_rate_hz)
        self._tail = np.zeros((channels, 2 * REACH))
        self._heard = 0
        self.sample_peaks = np.zeros(channels)
        self.sample_places = np.zeros(channels)
        self.true_peaks = np.zeros(channels)
        self.true_places = np.zeros(channels)

    def feed(self, x: Samples) -> None:
        """Take `(n, channels)` more; points near its end wait for the samples that follow."""
        window = np.concatenate([self._tail, x.T], axis=1)
        for channel, samples in enumerate(window):
            self._search(channel, samples)
        self._tail = window[:, -2 * REACH :].copy()
        self._heard += len(x)

    def finished(self, rest: Samples) -> Peaks:
        """The peaks if `rest` `(n, channels)` and then silence followed; this one stays as it is."""
        twin = copy(self)
        for name in ("sample_peaks", "sample_places", "true_peaks", "true_places"):
            setattr(twin, name, getattr(self, name).copy())
        twin.feed(np.vstack([rest, np.zeros((2 * REACH, len(self._tail)))]))
        return twin

    def _search(self, channel: int, samples: Samples) -> None:
        starts = np.arange(0, len(samples), _COARSE)
        magnitude = np.abs(samples)
        largest = np.maximum.reduceat(magnitude, starts)
        loudest = int(np.argmax(largest))
        if largest[loudest] > self.sample_peaks[channel]:
            self.sample_peaks[channel] = largest[loudest]
            place = starts[loudest] + int(np.argmax(magnitude[starts[loudest] :][:_COARSE]))
            self.sample_places[channel] = self._heard - 2 * REACH + place
        steepest = _HEADROOM * _bounds(self._factor).steepest
        if largest[loudest] * steepest <= self.true_peaks[channel]:
            return
        if largest[loudest] > self.true_peaks[channel]:
            # the loudest first, so that few of the others are left to look at
            self._search_blocks(channel, samples, starts[loudest : loudest + 1])
        within = np.maximum(largest, np.append(largest[1:], 0.0))
        self._search_blocks(channel, samples, starts[within * steepest > self.true_peaks[channel]])

    def _search_blocks(self, channel: int, samples: Samples, starts: NDArray[np.intp]) -> None:
        """Look at the blocks that begin at `starts`, and at the points of the samples worth it."""
        if not len(starts):
            return
        length = _COARSE + 2 * REACH
        whole = np.zeros(int(starts[-1]) + length)
        part = samples[: len(whole)]
        whole[: len(part)] = part
        # block after block in one row; what would reach from one into the next is left out below
        x = np.zeros(len(starts) * length + 2 * REACH)
        x[: -2 * REACH].reshape(-1, length)[:] = _windows(whole, length)[starts]
        may = _may_beat(x, self._factor, self.true_peaks[channel])
        block, sample = np.nonzero(may.reshape(-1, length)[:, :_COARSE])
        begin = starts[block] + sample
        # what waits for samples still to come is the next piece's
        ready = begin < len(samples) - 2 * REACH
        places, begin = (block * length + sample)[ready], begin[ready]
        for first in range(0, len(places), _BATCH):
            batch = slice(first, first + _BATCH)
            self._search_points(channel, x, places[batch], begin[batch])

    def _search_points(
        self, channel: int, x: Samples, places: NDArray[np.intp], begin: NDArray[np.intp]
    ) -> None:
        """Look at the points of the samples REACH after each place in `x`: `begin` in the piece."""
        windows = _windows(x, 2 * REACH + 1)[places]
        points = np.ascontiguousarray(row_product(windows, _matrix(self._factor, 1)).T)
        height, aside = _crests(points[:-2], points[1:-1], points[2:])
        best = np.unravel_index(int(np.argmax(height)), height.shape)
        if height[best] > self.true_peaks[channel]:
            self.true_peaks[channel] = height[best]
            after = (best[0] + aside[best]) / self._factor
            self.true_places[channel] = self._heard - REACH + begin[best[1]] + after


def _windows(x: Samples, length: int) -> Samples:
    """Every window of a contiguous x, `(len(x) − length + 1, length)`, as a view.

    NumPy's own `sliding_window_view` takes longer to set up than most of what is done here.
    """
    return np.ndarray((len(x) - length + 1, length), x.dtype, x, strides=x.strides * 2)


def _may_beat(x: Samples, factor: int, peak: float) -> NDArray[np.bool_]:
    """Whether a crest after any of the inner samples of x may exceed `peak`.

    `x`: `(k·_ROW + 2·REACH,)`; returns `(k·_ROW,)`.
    """
    bounds = _bounds(factor)
    n = len(x) - 2 * REACH
    magnitude = np.abs(x)
    second = np.zeros_like(x)
    second[1:-1] = np.abs(x[2:] - 2.0 * x[1:-1] + x[:-2])
    bend = (bounds.added + bounds.bent) * _around(second)
    either = np.maximum(magnitude[REACH : REACH + n], magnitude[REACH + 1 : REACH + 1 + n])
    smooth = either > np.repeat(peak - bend, _ROW)
    if not smooth.any():
        return smooth
    energy = np.square(x)
    pairs = energy[:-1] + energy[1:]
    fours = (pairs[:-2] + pairs[2:])[REACH - 1 : REACH - 1 + n]
    near = np.maximum(peak / _HEADROOM - bounds.far * _around(magnitude), 0.0)
    may: NDArray[np.bool_] = smooth & (fours >= np.repeat(np.square(near), _ROW))
    return may


def _around(x: Samples) -> Samples:
    """The largest of each row of x and the one that follows it."""
    largest = np.maximum.reduceat(x, np.arange(0, len(x), _ROW))
    both: Samples = np.maximum(largest[:-1], largest[1:])
    return both
