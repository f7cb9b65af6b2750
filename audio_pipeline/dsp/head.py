"""Position of a sound in headphones: two ears with a head between them.

A level pan places a sound inside the head; an interaural delay and the head's shadow place it outside. Each
ear has one response, delay included, for every half degree; a moving sound is crossfaded between adjacent
responses, whose delays differ by so little (about 2 µs) that nothing combs.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import fast_length, frequencies, minimum_phase
from audio_pipeline.dsp.head_models import Head, behind
from audio_pipeline.dsp.impulse_response import pink_gain
from audio_pipeline.dsp.near_field import brought_near, near_field_gain

_STEPS = 360  # of half a degree, from −90° to +90°
_SHADOW_TAPS = 256
_DELAY_TAPS = 32
_PIECE = 16_384


class HeadPlacer:
    """A head in a free field: positions −1 … +1 are azimuths −90° … +90°.

    At every position and frequency L² + R² is 1, so it can replace an equal-power pan. The latency is about
    0.7 ms. With `from_behind` the positions are behind the listener, mirrored at the ears' axis: the delays
    and levels between the ears are the same there, only the spectrum differs (see `head_models.behind`), and
    L² + R² is 1 for pink noise only. With `nearest_m` a sound at ±1 is at that distance from the middle of
    the head, see `near_field`; without it every position is in the far field.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        head: Head,
        *,
        from_behind: bool = False,
        nearest_m: float | None = None,
    ) -> None:
        self._responses = _responses(head, sample_rate_hz, from_behind, nearest_m)
        self.look_back = self._responses.shape[1] - 1

    def place(self, window: Samples, position: Samples) -> Samples:
        """See `Placer.place`. Mirroring the position swaps left and right, bit for bit.

        Raises ValueError when the window is not `look_back` longer than the position.
        """
        if window.ndim != 1 or len(window) < self.look_back:
            raise ValueError(f"window {window.shape} is not look_back + n = {self.look_back} + n")
        if len(position) not in (1, len(window) - self.look_back):
            raise ValueError(f"{len(position)} positions for {len(window) - self.look_back} samples")
        where = np.broadcast_to(np.clip(position, -1.0, 1.0), len(window) - self.look_back)
        return np.stack([self._ear(window, -where), self._ear(window, where)]).T

    def _ear(self, window: Samples, toward: Samples) -> Samples:
        """The signal `(n,)` at one ear; `toward` is +1 on its own side, −1 on the other side."""
        out = np.zeros(len(toward))
        # rounded, so that rounding errors at a response's exact angle do not split a constant position
        step = np.round((toward + 1.0) * (_STEPS / 2), 9)
        lower = np.minimum(step.astype(np.int64), _STEPS - 1)
        above = step - lower
        for start, stop in _pieces(lower):
            heard = window[start : stop + self.look_back]
            if heard.any():
                part = slice(start, stop)
                out[part] = self._between(heard, int(lower[start]), above[part])
        return out

    def _between(self, heard: Samples, lower: int, above: Samples) -> Samples:
        """The signal between two adjacent directions: `above` is 0 at the lower, 1 at the upper."""
        size = fast_length(len(heard))
        spectrum = np.fft.rfft(heard, size)
        total = np.zeros(len(above))
        for response, weight in ((lower, 1.0 - above), (lower + 1, above)):
            if weight.any():
                transfer = np.fft.rfft(self._responses[response], size)
                total += weight * np.fft.irfft(spectrum * transfer, size)[self.look_back : len(heard)]
        return total


def _pieces(lower: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[tuple[int, int]]:
    """(start, stop) of the ranges in which `lower` is constant, each at most `_PIECE` samples."""
    ends = [*(np.flatnonzero(np.diff(lower)) + 1).tolist(), len(lower)]
    starts = [0, *ends[:-1]]
    return [
        (at, min(at + _PIECE, stop))
        for start, stop in zip(starts, ends, strict=True)
        for at in range(start, stop, _PIECE)
    ]


@lru_cache(maxsize=4)
def _responses(head: Head, sample_rate: int, from_behind: bool, nearest_m: float | None) -> Samples:
    """`(steps + 1, taps)`: one ear's impulse responses, from the other ear's side to its own."""
    f = frequencies(8 * _SHADOW_TAPS, sample_rate)
    azimuth_deg = np.linspace(-90.0, 90.0, _STEPS + 1)
    at = np.interp(azimuth_deg, head.azimuth_deg, np.arange(len(head.azimuth_deg)))
    lower = np.minimum(at.astype(np.int64), len(head.azimuth_deg) - 2)
    above = (at - lower)[:, None]
    magnitude = head.magnitude_at(f)
    if nearest_m is not None:
        magnitude = brought_near(magnitude, near_field_gain(f, head.azimuth_deg, nearest_m))
    level = np.log(magnitude)
    magnitude = np.exp((1.0 - above) * level[lower] + above * level[lower + 1])
    if from_behind:
        magnitude *= behind(f)
    interaural_s = np.interp(azimuth_deg, head.azimuth_deg, head.interaural_s)

    later = (np.max(interaural_s) - interaural_s) / 2.0 * sample_rate
    taps = _SHADOW_TAPS + _DELAY_TAPS + int(np.max(later)) + 1
    responses = np.zeros((_STEPS + 1, taps))
    for response, shape, delay in zip(responses, magnitude, later, strict=True):
        whole = int(delay)
        fir = np.convolve(minimum_phase(shape, _SHADOW_TAPS), _fraction(delay - whole))
        response[whole : whole + len(fir)] = fir
    for far in range(_STEPS // 2 + 1):
        pair = [far, _STEPS - far]
        responses[pair] /= pink_gain(responses[pair].T, sample_rate)
    responses.setflags(write=False)
    return responses


def _fraction(delay: float) -> Samples:
    """A FIR `(taps,)` with a delay of half its taps plus `delay` (0..1) samples: a Kaiser-windowed sinc."""
    x = np.arange(_DELAY_TAPS + 1) - _DELAY_TAPS / 2 - delay
    inside = np.clip(1.0 - np.square(x / (_DELAY_TAPS / 2 + 1)), 0.0, None)
    window: Samples = np.sinc(x) * np.i0(6.0 * np.sqrt(inside)) / np.i0(6.0)
    return window
