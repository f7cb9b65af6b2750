"""True peak: the maximum level of the waveform between the samples, by interpolation.

Source: ITU-R BS.1770-5, Annex 2, which requires at least fourfold oversampling at 48 kHz and does not
specify the filter. A short filter under-reads signals close to half the sample rate, by 1.9 dB for
white noise and by more for samples that alternate; this one is long enough to agree with the reference
in `tests/standards/true_peak_reference.py`.
"""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Precision, Samples
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 256
"""Half-length of the filter: a peak depends on this number of samples on either side."""

OVERSAMPLING = 4
"""Points per sample, at every sample rate."""

BLOCK = 2 * REACH
"""Samples that one transform interpolates, with REACH more samples on either side."""

_BETA = 6.5
FILTER = (
    f"{2 * REACH} taps a phase, sinc under a Kaiser window (beta {_BETA:g}), {OVERSAMPLING} times "
    "oversampled at every sample rate; a sine through each peak and its two neighbours"
)
"""A description of the interpolator."""

_WINDOW = BLOCK + 2 * REACH
_ROWS = 16
_BATCH = 8 * BLOCK
_STEP_RAD = math.pi / OVERSAMPLING
HEADROOM = 1.0 / math.cos(_STEP_RAD / 2.0)
"""The ratio by which a sine at half the sample rate may rise above the highest point on it."""


@lru_cache(maxsize=1)
def interpolator() -> Samples:
    """The FIRs `(2·REACH + 1, OVERSAMPLING)`; column p is for p/OVERSAMPLING after the middle sample.

    Constants and straight lines are interpolated exactly; column 0 is the sample itself.
    """
    n = np.arange(-REACH, REACH + 1.0)
    columns = np.zeros((len(n), OVERSAMPLING))
    columns[REACH, 0] = 1.0
    for phase in range(1, OVERSAMPLING):
        offset = n - phase / OVERSAMPLING
        inside = np.maximum(1.0 - np.square(offset / REACH), 0.0)
        window = np.where(np.abs(offset) < REACH, np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA), 0.0)
        taps = np.sinc(offset) * window
        # the least change, under the same window, that makes the sum 1 and the first moment 0
        straight = np.stack([window, window * offset], axis=1)
        moments = np.stack([np.ones_like(n), offset])
        short = np.array([1.0, 0.0]) - moments @ taps
        columns[:, phase] = taps + straight @ np.linalg.solve(moments @ straight, short)
    return columns


@lru_cache(maxsize=1)
def _responses() -> NDArray[np.complex128]:
    """The frequency responses `(OVERSAMPLING − 1, BLOCK + 1)` from a window's spectrum to each phase's.

    The first value of the result is for sample REACH − 1 of the window.
    """
    # only the first phase uses tap −REACH, so that the convolution does not wrap around the window
    taps = np.zeros((OVERSAMPLING - 1, _WINDOW))
    taps[:, : 2 * REACH] = interpolator().T[1:, 1:]
    return np.conj(np.fft.rfft(taps, axis=1))


def points_of(windows: Samples) -> Samples:
    """The interpolated points of windows `(rows, REACH + BLOCK + REACH)`.

    Returns `(rows, 1 + BLOCK·OVERSAMPLING + 1)`: the points of the BLOCK samples in the middle, with
    one more point on either side.
    """
    spectra = np.fft.rfft(windows, axis=1)
    points = np.empty((len(windows), BLOCK + 2, OVERSAMPLING))
    points[:, :, 0] = windows[:, REACH - 1 : REACH + BLOCK + 1]
    for phase, response in enumerate(_responses(), start=1):
        between = np.fft.irfft(spectra * response, _WINDOW, axis=1)
        points[:, :-1, phase] = between[:, : BLOCK + 1]
    flat = points.reshape(len(windows), -1)
    return np.ascontiguousarray(flat[:, OVERSAMPLING - 1 : 1 - OVERSAMPLING])


def inter_sample_peaks(window: Samples) -> Samples:
    """The largest magnitude from each sample to the next one.

    `window`: `(REACH + n + REACH, channels)`; returns `(n, channels)`. Its maximum over a programme
    with zeros on either side is the true peak of `Peaks`. Raises ValueError for a shorter window.
    """
    return _peaks_above(window, 0.0)


def _peaks_above(window: Samples, level: float) -> Samples:
    """As `inter_sample_peaks` for peaks higher than `level`; elsewhere the highest point."""
    n = len(window) - 2 * REACH
    if window.ndim != 2 or n < 0:
        raise ValueError(f"window {window.shape} is not (REACH + n + REACH, channels), REACH = {REACH}")
    blocks = -(-n // BLOCK)
    padded = np.zeros(max(1, blocks) * BLOCK + 2 * REACH)
    out = np.empty((n, window.shape[1]))
    for channel in range(window.shape[1]):
        padded[: len(window)] = window[:, channel]
        rows = windows_of(padded, _WINDOW)[::BLOCK]
        for first in range(0, blocks, _ROWS):
            points = points_of(rows[first : first + _ROWS])
            height = np.abs(points)
            height[:, 0] = height[:, -1] = 0.0
            place = np.flatnonzero(height > level / HEADROOM)
            every = points.reshape(-1)
            height.reshape(-1)[place], _ = crests(every[place - 1], every[place], every[place + 1])
            # faster than the maximum along an axis of four
            peaks = reduce(np.maximum, height[:, 1:-1].reshape(-1, OVERSAMPLING).T)
            part = slice(first * BLOCK, min(n, first * BLOCK + len(peaks)))
            out[part, channel] = peaks[: part.stop - part.start]
    return out


def peaks_that_may_pass(window: Samples, limit: float) -> Samples | None:
    """As `inter_sample_peaks` where a peak may be higher than `limit`; elsewhere plain magnitudes.

    None when no peak can be higher. This is fast: most of a programme is far below a ceiling, and
    interpolation takes most of a limiter's time.
    """
    n = len(window) - 2 * REACH
    bounds = bounds_of()
    magnitude = np.abs(window)
    risky = []
    for start in range(0, n, _BATCH):
        block = slice(start, min(n, start + _BATCH))
        under = slice(block.start, block.stop + 2 * REACH)
        highest = float(magnitude[under].max())
        if bounds.steepest * HEADROOM * highest <= limit:
            continue
        bend = float(np.abs(np.diff(window[under], 2, axis=0)).max(initial=0.0))
        point = min(bounds.steepest * highest, highest + bounds.added * bend)
        if min(HEADROOM * point, point + bounds.bent * bend) > limit:
            risky.append(block)
    if not risky:
        return None
    peaks = magnitude[REACH : REACH + n].copy()
    for block in risky:
        under = slice(block.start, block.stop + 2 * REACH)
        peaks[block] = _peaks_above(window[under], limit)
    return peaks


@dataclass(frozen=True)
class Bounds:
    """Factors of the upper bounds of points and crests.

    m is the largest sample under the filter, and m2 the largest second difference, as magnitudes. A
    point is at most `steepest · m`: the filter's absolute sum. A point is at most the adjacent sample
    plus `added · m2`, because interpolation adds a sum of second differences to a straight line. A
    crest is at most its point plus `bent · m2`, and at most its point times `HEADROOM`.
    """

    steepest: float
    added: float
    bent: float


@lru_cache(maxsize=1)
def bounds_of() -> Bounds:
    """The bounds of this interpolator."""
    columns = interpolator()
    line = np.zeros_like(columns)
    phase = np.arange(OVERSAMPLING) / OVERSAMPLING
    line[REACH], line[REACH + 1] = 1.0 - phase, phase
    added = np.abs(_in_second_differences(columns - line)).sum(axis=0).max()
    # the points of three samples in a row, in taps from −REACH − 1 to REACH + 1
    fine = np.zeros((len(columns) + 2, 3 * OVERSAMPLING))
    for part in range(3):
        fine[part : part + len(columns), part * OVERSAMPLING : (part + 1) * OVERSAMPLING] = columns
    bend = np.abs(_in_second_differences(np.diff(fine, 2, axis=1))).sum(axis=0).max()
    # relative to the bend, a crest rises most above its point where two points are equally high
    rise = (HEADROOM - 1.0) / (2.0 - 2.0 * math.cos(_STEP_RAD))
    return Bounds(
        steepest=float(np.abs(columns).sum(axis=0).max()),
        added=float(added),
        bent=float(bend * rise),
    )


def _in_second_differences(taps: Samples) -> Samples:
    """The taps for second differences that are equivalent to `taps`, without mean or slope, for samples."""
    twice: Samples = np.cumsum(np.cumsum(taps, axis=0), axis=0)
    return twice


def crests(before: Samples, point: Samples, after: Samples) -> tuple[Samples, Samples]:
    """The height of the wave around each point, and its distance from the point in points, ±0.5.

    At a crest, the height is the amplitude of the sine through the point and its neighbours, at most
    `HEADROOM` times the point, and its position the vertex of the parabola; elsewhere the height is the
    magnitude of the point. All arrays have one shape.
    """
    magnitude, sign = np.abs(point), np.sign(point)
    middle, across = 0.5 * (before + after) * sign, 0.5 * (after - before) * sign
    drop = magnitude - middle
    crest = (drop > 0.0) & (np.abs(across) <= drop)
    place = np.divide(across, drop, out=np.zeros_like(drop), where=crest)
    # for a sine with w radians per point: drop = p·(1 − cos w), across = q·sin w, and its amplitude is
    # √(p² + q²); neighbours lower than cos(π/OVERSAMPLING) of the point are beyond its band
    whole = magnitude + np.maximum(middle, magnitude * math.cos(_STEP_RAD))
    slope = np.divide(across, whole, out=np.zeros_like(drop), where=crest)
    height = magnitude * np.minimum(np.sqrt(1.0 + place * slope), HEADROOM)
    return height, 0.5 * place


def windows_of(x: NDArray[Precision], length: int) -> NDArray[Precision]:
    """Every window of a contiguous x, `(len(x) − length + 1, length)`, as a view.

    NumPy's own `sliding_window_view` has a set-up time longer than most operations here.
    """
    return np.ndarray((len(x) - length + 1, length), x.dtype, x, strides=x.strides * 2)
