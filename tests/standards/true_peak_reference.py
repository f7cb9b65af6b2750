"""The reference for true peaks, and the programmes on which the meter is held against it.

The reference is band-limited interpolation: 64 points per sample, each the sum of 256 samples on either
side under a sinc with a Kaiser window. Beta 8 keeps its ripple under 0.001 dB up to 0.49 of the sample
rate. What lies above depends on the window: for samples that alternate without end, the peak of the
ideal wave is infinite, and every finite filter gives the peak of its own length.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TAPS_A_SIDE = 256
POINTS = 64
BETA = 8.0


def reference_peak(x: np.ndarray) -> float:
    """The true peak of `(n,)` samples with silence on either side, linear."""
    length = len(x) + 2 * TAPS_A_SIDE
    size = 1 << (length + 2 * TAPS_A_SIDE).bit_length()
    spectrum = np.fft.rfft(x, size)
    highest = 0.0
    for phase in range(POINTS):
        offset = np.arange(-TAPS_A_SIDE, TAPS_A_SIDE + 1) + phase / POINTS
        inside = np.maximum(1.0 - np.square(offset / TAPS_A_SIDE), 0.0)
        taps = np.sinc(offset) * np.i0(BETA * np.sqrt(inside)) / np.i0(BETA)
        taps[np.abs(offset) >= TAPS_A_SIDE] = 0.0
        wave = np.fft.irfft(spectrum * np.fft.rfft(taps, size), size)
        highest = max(highest, float(np.abs(wave).max()))
    return highest


N = 2000
PLACE = np.arange(N)


def _band(spectrum: np.ndarray, top: float) -> np.ndarray:
    """No energy above `top` of the sample rate, but for what the fades at the ends make."""
    spectrum[int(top * N) :] = 0.0
    return np.fft.irfft(spectrum, N) * np.hanning(N)


def noise_to_045(rng: np.random.Generator) -> np.ndarray:
    """White noise up to between 0.05 and 0.448 of the rate."""
    return _band(np.fft.rfft(rng.standard_normal(N)), rng.uniform(0.05, 0.448))


def noise_close_to_045(rng: np.random.Generator) -> np.ndarray:
    """Noise in a narrow band below 0.448 of the rate."""
    spectrum = np.fft.rfft(rng.standard_normal(N))
    spectrum[: int(0.42 * N)] = 0.0
    return _band(spectrum, 0.448)


def tone_to_045(rng: np.random.Generator) -> np.ndarray:
    """A tone of any frequency and phase, faded at its ends."""
    return np.hanning(N) * np.sin(2 * np.pi * rng.uniform(0.001, 0.447) * PLACE + rng.uniform(0, 6))


def clicks_to_045(rng: np.random.Generator) -> np.ndarray:
    """Few samples alone, band-limited: their crests are sharp."""
    return _band(np.fft.rfft(rng.standard_normal(N) * (rng.random(N) < 0.01)), 0.448)


def clipped_to_045(rng: np.random.Generator) -> np.ndarray:
    """Noise driven hard into a clipper, then band-limited."""
    driven = np.clip(4 * _band(np.fft.rfft(rng.standard_normal(N)), 0.2), -0.1, 0.1)
    return _band(np.fft.rfft(driven), 0.448)


def white_noise(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(N)


def uniform_noise(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-1, 1, N)


def noise_of_two_values(rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], N)


def sparse_clicks(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(N) * (rng.random(N) < 0.02)


def alternating(rng: np.random.Generator) -> np.ndarray:
    """+1, −1, … from one sample to another, silence around it."""
    start, stop = np.sort(rng.integers(0, N, 2))
    return np.where((start <= PLACE) & (stop >= PLACE), (-1.0) ** PLACE, 0.0)


def alternating_turned(rng: np.random.Generator) -> np.ndarray:
    """+1, −1, … that repeats one sample: the worst that samples can do between them."""
    return (-1.0) ** (PLACE + (rng.integers(100, N - 100) < PLACE))


def alternating_turned_often(rng: np.random.Generator) -> np.ndarray:
    """+1, −1, … that repeats a sample now and then."""
    return (-1.0) ** (PLACE + np.cumsum(rng.random(N) < 10 ** rng.uniform(-2.5, -0.5)))


def alternating_in_pairs(rng: np.random.Generator) -> np.ndarray:
    """+1, +1, −1, −1, …: a tone at a quarter of the rate, half a sample off its crests."""
    return (-1.0) ** (PLACE // 2)


def tone_close_to_half(rng: np.random.Generator) -> np.ndarray:
    """A tone from 0.45 to 0.5 of the rate that begins and ends at once."""
    return np.sin(2 * np.pi * rng.uniform(0.45, 0.5) * PLACE + rng.uniform(0, 6))


Make = Callable[[np.random.Generator], np.ndarray]
BAND_LIMITED: tuple[Make, ...] = (
    noise_to_045,
    noise_close_to_045,
    tone_to_045,
    clicks_to_045,
    clipped_to_045,
)
FULL_BAND: tuple[Make, ...] = (
    white_noise,
    uniform_noise,
    noise_of_two_values,
    sparse_clicks,
    alternating,
    alternating_turned,
    alternating_turned_often,
    alternating_in_pairs,
    tone_close_to_half,
)
