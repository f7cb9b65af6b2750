"""Reverberation as an impulse response: velvet noise with a decay per octave; trimming and crossfading it.

Source: Karjalainen & Järveläinen, "Reverberation modeling using velvet noise", 2007: about 1500 pulses a
second sound smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import curve
from audio_pipeline.dsp.filters import fast_length, frequencies

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

OCTAVES_HZ = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
"""Centres of the octaves, each with its own decay; the outer two extend to 0 Hz and fs/2."""

SPEED_OF_SOUND = 343.0
"""m/s in air of 20 °C."""

_SEAM_HZ = 20.0  # so narrow that a slow octave does not lengthen the decay in a fast neighbour's band
_RINGING_S = 0.2  # in this time the ringing of a seam falls by 80 dB
_EVEN_PERIODS = 4.0  # longer than the beating of a band, shorter than any decay


def velvet_noise(pulses_per_s: Samples, sample_rate: int, draw: Generator) -> Samples:
    """`(n,)` noise of unit power: single pulses of random sign, one in every cell of time.

    `pulses_per_s`: `(n,)`, the density at each sample; a cell lasts 1/density, with the pulse at a random
    position in it. Cells shorter than a sample give dense noise.
    """
    n = len(pulses_per_s)
    count = np.concatenate([[0.0], np.cumsum(pulses_per_s / sample_rate)])
    cells = int(count[-1])
    place = np.interp(np.arange(cells) + draw.random(cells), count, np.arange(n + 1))
    sample = np.minimum(place.astype(np.int64), n - 1)
    sign = 2.0 * draw.integers(0, 2, cells) - 1.0
    pulses = sign * np.sqrt(sample_rate / pulses_per_s[sample])
    return np.bincount(sample, pulses, n).astype(np.float64, copy=False)


def octave_gains(frequency_hz: Samples) -> Samples:
    """`(octaves, m)` zero-phase gains with a sum of 1: flat bands with narrow raised-cosine seams."""
    above = [
        curve("hsin", (frequency_hz - math.sqrt(2.0) * centre_hz) / _SEAM_HZ + 0.5)
        for centre_hz in OCTAVES_HZ[:-1]
    ]
    return np.stack([1.0 - above[0], *(a - b for a, b in pairwise(above)), above[-1]])


def decaying(noise: Samples, rt60_s: Samples, sample_rate: int) -> Samples:
    """`noise` `(n, channels)` of unit power with each octave falling by 60 dB in its `rt60_s`; planar.

    `rt60_s`: `(octaves,)`. The envelope is applied after the bands are split, so that no filter's ringing
    lengthens the decay, and after each band's power is levelled, because the random fluctuations of the
    narrow low octaves would bend the decay. Computed in float32, the precision of rooms.
    """
    n, channels = noise.shape
    size = fast_length(n + round(_RINGING_S * sample_rate))
    spectrum = np.fft.rfft(noise.T, size).astype(np.complex64)
    gains = octave_gains(frequencies(size, sample_rate)).astype(np.float32)
    bands = np.fft.irfft(gains[:, None] * spectrum, size)[:, :, :n]
    time_s = (np.arange(n) / sample_rate).astype(np.float32)
    total = np.zeros((channels, n), np.float32)
    for band, gain, centre_hz, rt60 in zip(bands, gains, OCTAVES_HZ, rt60_s, strict=True):
        falling = np.exp(np.float32(-3.0 * math.log(10.0) / rt60) * time_s)
        falling *= np.sqrt(np.mean(np.square(gain)))
        band *= falling / _local_rms(band, round(_EVEN_PERIODS * sample_rate / centre_hz))
        total += band
    return total.T.astype(np.float64)


def _local_rms(x: NDArray[np.float32], half: int) -> NDArray[np.float32]:
    """RMS of `(channels, n)` over `half` samples to either side, fewer at the ends."""
    n = x.shape[1]
    sums = np.pad(np.cumsum(np.square(x), axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    before_and_after = np.pad(sums, ((0, 0), (half, half)), mode="edge")
    at = np.arange(n)
    count = np.minimum(at + half + 1, n) - np.maximum(at - half, 0)
    power = (before_and_after[:, 2 * half + 1 :][:, :n] - before_and_after[:, :n]) / count
    level: NDArray[np.float32] = np.sqrt(np.maximum(power, 1e-30)).astype(np.float32)
    return level


def diffuse_coherence(frequency_hz: Samples, spacing_m: float) -> Samples:
    """sin(kd)/kd: coherence of a diffuse field at two points `spacing_m` apart, −0.22 to 1.

    Source: Cook et al., "Measurement of correlation coefficients in reverberant sound fields", JASA 27,
    1955.
    """
    alike: Samples = np.sinc(2.0 * frequency_hz * spacing_m / SPEED_OF_SOUND)
    return alike


def as_alike_as(decay: Samples, coherence: Callable[[Samples], Samples], sample_rate: int) -> Samples:
    """Two channels `(n, 2)` with the given coherence, −1 to 1, at each frequency.

    `coherence(hz)` returns it. `decay` `(n, 2)`: two uncorrelated channels of equal power; they become mid
    and side with powers in the ratio 1 + coherence to 1 − coherence. Each channel keeps its power.
    """
    size = fast_length(len(decay) + round(_RINGING_S * sample_rate))
    alike = coherence(frequencies(size, sample_rate))
    spectrum = np.fft.rfft(decay, size, axis=0)
    middle = np.sqrt((1.0 + alike) / 2.0) * spectrum[:, 0]
    side = np.sqrt((1.0 - alike) / 2.0) * spectrum[:, 1]
    return np.stack([np.fft.irfft(x, size)[: len(decay)] for x in (middle + side, middle - side)]).T


def crossfade_from_early_to_late(taps: int, centre: int) -> Samples:
    """Progress `(taps,)` of the crossfade: 0 (early) up to centre / 2, 1 (late) from 3/2 centre."""
    x = np.clip(np.arange(taps) / max(centre, 1) - 0.5, 0.0, 1.0)
    progress: Samples = (1.0 - np.cos(np.pi * x)) / 2.0
    return progress


def pink_gain(response: Samples, sample_rate: int) -> float:
    """The gain of steady pink noise through `response`, all channels together: linear, RMS.

    `response`: `(taps, channels)`; the noise has the octaves 125 Hz to 8 kHz, each of equal power.
    """
    size = fast_length(max(2 * len(response), 8192))
    f = frequencies(size, sample_rate)
    weight = np.where((f > 125.0 / 2**0.5) & (f < 8000.0 * 2**0.5), 1.0 / np.maximum(f, 1.0), 0.0)
    power = np.square(np.abs(np.fft.rfft(response, size, axis=0))).sum(axis=1)
    return float(np.sqrt((weight * power).sum() / weight.sum()))


def trimmed(response: Samples, floor_db: float) -> Samples:
    """`response` `(taps, channels)` cut where the remaining energy is `floor_db` (< 0) of the total.

    The last sixteenth is faded out. A silent or empty response becomes one tap of silence.
    """
    if not len(response):
        return np.zeros((1, response.shape[1]))
    remaining = np.cumsum(np.square(response).sum(axis=1)[::-1])[::-1]
    wanted = remaining > remaining[0] * 10.0 ** (floor_db / 10.0)
    taps = int(np.count_nonzero(wanted)) if remaining[0] > 0.0 else 1
    cut = response[:taps].copy()
    fade = taps // 16
    cut[taps - fade :] *= ((1.0 + np.cos(np.pi * (np.arange(fade) + 1) / (fade + 1))) / 2.0)[:, None]
    return cut
