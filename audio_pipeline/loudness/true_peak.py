"""True peak: what the waveform reaches between the samples, by interpolation.

Source: ITU-R BS.1770-5, Annex 2, which asks for at least fourfold oversampling at 48 kHz and leaves the
filter open. Fourfold alone still under-reads by up to 0.6 dB near the top of the band; the parabola
through a peak and its neighbours brings that under 0.1 dB (`FILTER` says all there is to report).
"""

from __future__ import annotations

import math
from copy import copy
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Samples

REACH = 16
"""How many samples on either side a peak depends on: the half-length of the filter."""

_BETA = 5.0
FILTER = (
    f"{2 * REACH} taps a phase, sinc under a Kaiser window (beta {_BETA:g}), four times oversampled at 44.1 "
    "and 48 kHz, twice at 88.2 and 96, once from 176.4, more below 44.1; a parabola through each peak "
    "and its two neighbours"
)
"""The interpolator, for the report."""

_ROW = 2 * REACH
_COARSE = 16 * _ROW
_PIECE = 1024 * _ROW
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

    Every column sums to 1, so that a constant stays what it is; column 0 is the sample itself.
    """
    offset = np.arange(-REACH, REACH + 1)[:, None] - np.arange(factor) / factor
    inside = np.maximum(1.0 - (offset / REACH) ** 2, 0.0)
    taps = np.sinc(offset) * np.i0(_BETA * np.sqrt(inside)) * (np.abs(offset) < REACH)
    taps[:, 0] = np.arange(-REACH, REACH + 1) == 0
    columns: Samples = taps / taps.sum(axis=0)
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
            points = _points(sliding_window_view(padded, 2 * _ROW)[::_ROW], factor)
            peaks = _crests(points)[0].reshape(-1, factor).max(axis=1)
            out[start:stop, channel] = peaks[: stop - start]
    return out


@lru_cache(maxsize=16)
def _row_matrix(factor: int) -> Samples:
    """`(2·_ROW, factor·_ROW + 2)`: a row of samples to its points, and one point more at each end."""
    columns = interpolator(factor)
    matrix = np.zeros((2 * _ROW, factor * _ROW + 2))
    for point in range(-1, factor * _ROW + 1):
        sample, phase = divmod(point, factor)
        for tap, value in enumerate(columns[:, phase]):
            if 0 <= sample + tap < 2 * _ROW:
                matrix[sample + tap, point + 1] = value
    return matrix


@lru_cache(maxsize=16)
def _steepest(factor: int) -> float:
    """The most that a crest can be of the largest sample under the filter."""
    return _HEADROOM * float(np.abs(interpolator(factor)).sum(axis=0).max())


def _points(rows: Samples, factor: int) -> Samples:
    """`(rows, factor·_ROW + 2)` interpolated points of `(rows, 2·_ROW)` samples."""
    points: Samples = np.ascontiguousarray(rows) @ _row_matrix(factor)
    return points


def _crests(points: Samples) -> tuple[Samples, Samples]:
    """Magnitude and place, in points, of what each inner point stands for, `(rows, points − 2)`.

    A point that is no crest stands for itself, a crest for the vertex of the parabola through it and
    its neighbours, at most `_HEADROOM` above it.
    """
    magnitude = np.abs(points[:, 1:-1])
    sign = np.sign(points[:, 1:-1])
    before, after = points[:, :-2] * sign, points[:, 2:] * sign
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
        if not self._may_beat(channel, largest[loudest]):
            return
        # the loudest first, so that few of the others are left to look at
        self._search_blocks(channel, samples, starts[loudest : loudest + 1])
        within = np.maximum(largest, np.append(largest[1:], 0.0))
        self._search_blocks(channel, samples, starts[self._may_beat(channel, within)])

    def _may_beat(self, channel: int, largest: Samples) -> NDArray[np.bool_]:
        beats: NDArray[np.bool_] = largest * _steepest(self._factor) > self.true_peaks[channel]
        return beats

    def _search_blocks(self, channel: int, samples: Samples, starts: NDArray[np.intp]) -> None:
        if not len(starts):
            return
        whole = np.zeros(int(starts[-1]) + _COARSE + _ROW)
        length = min(len(whole), len(samples))
        whole[:length] = samples[:length]
        cells = sliding_window_view(whole, _COARSE + _ROW)[starts]
        largest = np.abs(cells).reshape(len(starts), -1, _ROW).max(axis=2)
        block, row = np.nonzero(self._may_beat(channel, np.maximum(largest[:, :-1], largest[:, 1:])))
        begin = starts[block] + row * _ROW
        # points that wait for samples still to come are the next piece's
        left = len(samples) - 2 * REACH - begin
        begin, left = begin[left > 0], left[left > 0]
        if not len(begin):
            return
        height, place = _crests(_points(sliding_window_view(whole, 2 * _ROW)[begin], self._factor))
        if left[-1] < _ROW:
            height[-1, left[-1] * self._factor :] = 0.0
        best = np.unravel_index(int(np.argmax(height)), height.shape)
        if height[best] > self.true_peaks[channel]:
            self.true_peaks[channel] = height[best]
            points = best[1] + place[best]
            self.true_places[channel] = self._heard - REACH + begin[best[0]] + points / self._factor
