"""Figures by which a sound is compared with recordings of real ones: NumPy and SciPy alone.

Audio is `(n, channels)` or `(n,)` at `RATE`. `docs/sounds.md` lists the figures of the recordings.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

RATE = 48_000
Floats = NDArray[np.float64]

THIRDS_HZ = 1000.0 * 2.0 ** (np.arange(-10, 12) / 3)
"""Centres of the third octaves from 100 Hz to 12.5 kHz."""

_TWELFTHS_HZ = 400.0 * 2.0 ** (np.arange(47) / 12)
"""From 400 Hz to 5.7 kHz."""


def db(power: float | Floats) -> Floats:
    """Decibels of a power ratio."""
    return 10.0 * np.log10(np.maximum(power, 1e-30))


def ripple_db(x: Floats) -> float:
    """Standard deviation of a spectrum from 400 Hz to 6 kHz about its slope, dB.

    `x` `(n,)`. Twelfth octaves of a Welch spectrum (2048 samples), less the straight line that fits
    them best over log frequency.
    """
    hz, density = signal.welch(x, RATE, nperseg=2048)
    levels = band_levels_db(hz, density, _TWELFTHS_HZ, 12)
    octaves = np.log2(_TWELFTHS_HZ)
    return float(np.std(levels - np.polyval(np.polyfit(octaves, levels, 1), octaves)))


def band_levels_db(hz: Floats, density: Floats, centres_hz: Iterable[float], fraction: int) -> Floats:
    """Mean density in each band of 1/`fraction` octave, dB; interpolated where a band holds no line."""
    levels = []
    for centre in centres_hz:
        inside = (hz >= centre * 2 ** (-0.5 / fraction)) & (hz < centre * 2 ** (0.5 / fraction))
        levels.append(density[inside].mean() if inside.any() else np.interp(centre, hz, density))
    return db(np.array(levels))


def third_octaves_db(x: Floats) -> Floats:
    """Energy in each of `THIRDS_HZ`, mean of the channels, dB: `(22,)`. `x` `(n, channels)`."""
    hz, density = signal.welch(x, RATE, nperseg=16_384, axis=0)
    return band_levels_db(hz, density.mean(axis=1), THIRDS_HZ, 3) + db(THIRDS_HZ)


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's correlation of two `(n,)`."""
    return float(np.corrcoef(a, b)[0, 1])


def kurtosis(x: Floats) -> float:
    """Fourth moment about the mean over the square of the second: 3 for a Gaussian; any shape."""
    away = x - x.mean()
    return float(np.mean(away**4) / np.mean(away**2) ** 2)


def crest_db(x: Floats) -> float:
    """Sample peak over RMS, dB; any shape."""
    return float(db(np.max(x**2) / np.mean(x**2)))


def tick_times_s(x: Floats, over_db: float = 12.0, rms: float | None = None) -> Floats:
    """When a sample of either channel stands `over_db` over the RMS, seconds; 20 ms dead time each.

    `x` `(n, channels)`; `rms` of the whole unless it is given.
    """
    level = np.sqrt(np.mean(x**2)) if rms is None else rms
    over = np.flatnonzero(np.abs(x).max(axis=1) > level * 10.0 ** (over_db / 20.0))
    times: list[float] = []
    for at in over / RATE:
        if not times or at - times[-1] >= 0.02:
            times.append(float(at))
    return np.array(times)


def filtered(x: Floats, low_hz: float, high_hz: float | None = None) -> Floats:
    """`x` `(n,)` through a Butterworth filter of fourth order, forwards and backwards: no delay."""
    edges, kind = (low_hz, "highpass") if high_hz is None else ((low_hz, high_hz), "bandpass")
    return signal.sosfiltfilt(signal.butter(4, edges, kind, fs=RATE, output="sos"), x)


def envelope(x: Floats, step: int = 48) -> Floats:
    """Size of the analytic signal of `x` `(n,)`, mean of every `step` samples: 1 ms by default."""
    whole = x[: len(x) // step * step]
    return np.abs(signal.hilbert(whole)).reshape(-1, step).mean(axis=1)


def frame_likeness(x: Floats, low_hz: float, high_hz: float | None, frame_samples: float) -> float:
    """Mean correlation of the envelope of single film frames with that of the mean frame.

    `x` `(n,)`, filtered to the band; the envelope has a point each millisecond.
    """
    points = envelope(filtered(x, low_hz, high_hz))
    period = frame_samples / 48.0
    length = int(period)
    starts = np.rint(np.arange(int((len(points) - length) / period)) * period).astype(int)
    frames = points[starts[:, None] + np.arange(length)]
    mean = frames.mean(axis=0)
    return float(np.mean([correlation(frame, mean) for frame in frames]))


def treble_envelope_kurtosis(x: Floats) -> float:
    """Kurtosis of the envelope above 800 Hz, a point each 2 ms. `x` `(n,)`."""
    return kurtosis(envelope(filtered(x, 800.0), 96))
