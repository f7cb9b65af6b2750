"""Thirty programmes for Leq(m), and what leqm-nrt reads on them.

leqm-nrt 0.0.18 (Luca Trisciani, GPL, https://sourceforge.net/projects/leqm-nrt/) is a free meter after
ISO 21727:2004. It is no part of this project: it was built and run by hand, on each programme as a 24-bit
WAV file,

    leqm-nrt FILE -convpoints 4096 -buffersize 3400 -chconfcal 0 0 …

so with 4096 points of its filter (64 unless told), every channel at 0 dB, and one buffer of 3.4 s, which
is as long as a programme. Each buffer is filtered as if it were a loop; so every programme is one. Where
the ends of a buffer do not meet there is a click: with the usual buffers of 850 ms `noise -1` reads
2.4 dB more. With 1024 points `sine 60` reads 0.45 dB more, the others the same within 0.02 dB.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

LENGTH_S = 3.4
POINTS_HZ = (
    *(31, 63, 100, 200, 400, 800, 1000, 2000, 3150, 4000, 5000, 6300),
    *(7100, 8000, 9000, 10_000, 12_500, 14_000, 16_000, 20_000, 31_500),
)
POINTS_DB = (
    *(-35.5, -29.5, -25.4, -19.4, -13.4, -7.5, -5.6, 0.0, 3.4, 4.9, 6.1, 6.6),
    *(6.4, 5.8, 4.5, 2.5, -5.6, -10.9, -17.3, -27.8, -48.3),
)
"""The table of ISO 21727, which is that of BS.468-4, 5.6 dB lower (its first frequency is 31.5 Hz)."""

READINGS_DB = {
    "sine 60": 54.9461,
    "sine 100": 59.5905,
    "sine 500": 73.0749,
    "sine 1000": 79.3969,
    "sine 1500": 82.2,
    "sine 2000": 84.9979,
    "sine 4000": 89.8995,
    "sine 6300": 91.5997,
    "sine 10000": 87.499,
    "sine 15000": 70.9,
    "noise -1": 55.0381,
    "noise -0.75": 73.1499,
    "noise -0.5": 87.6023,
    "noise -0.25": 91.9691,
    "noise 0": 91.831,
    "noise 0.25": 90.6789,
    "burst 0": 84.647,
    "burst 1": 84.741,
    "burst 2": 84.4703,
    "burst 3": 84.0995,
    "burst 4": 86.4104,
    "burst 5": 84.6951,
    "voice 90": 86.7174,
    "voice 130": 86.7234,
    "voice 210": 86.7248,
    "six channels": 82.9549,
    "noise at 32000": 84.9103,
    "noise at 44100": 84.7287,
    "noise at 88200": 84.7172,
    "noise at 96000": 84.9451,
}
"""Leq(m) by leqm-nrt."""


def interpolated_db(frequency_hz: np.ndarray) -> np.ndarray:
    """leqm-nrt's weighting: straight lines in decibels over hertz from point to point.

    Below 31 Hz the line comes from −118 dB at 0 Hz, which follows from the 24 bits of the file. Above
    31.5 kHz it reads past the end of its table; as it was built here, it weighs what lies there by 0 dB.
    """
    points_hz, points_db = (0, *POINTS_HZ), (20 - 23 * 20 * np.log10(2), *POINTS_DB)
    return np.where(frequency_hz > POINTS_HZ[-1], 0.0, np.interp(frequency_hz, points_hz, points_db))


def coloured(slope: float, n: int, rate_hz: int, seed: int) -> np.ndarray:
    """Noise whose amplitude goes as f^slope, RMS −20 dB, `(n,)`; its end meets its beginning."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    spectrum[1:] *= np.fft.rfftfreq(n, 1 / rate_hz)[1:] ** slope
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, n)
    return 0.1 * noise / np.std(noise)


def _burst(seed: int, n: int, rate_hz: int) -> np.ndarray:
    """Two channels of noise that comes and goes."""
    steps = np.random.default_rng(seed).random(24)
    swell = np.interp(np.arange(n) / n * 24, np.arange(25), np.append(steps, steps[0]))
    noise = [coloured(slope, n, rate_hz, seed + place) for place, slope in ((100, -0.5), (200, -0.3))]
    return np.stack(noise, axis=1) * swell[:, None]


def _voice(pitch_hz: int, n: int, rate_hz: int) -> np.ndarray:
    """A buzz with formants, in syllables."""
    t = np.arange(n) / rate_hz
    buzz = np.zeros(n)
    for hz in range(pitch_hz, 8000, pitch_hz):
        level = sum(np.exp(-(((hz - f) / w) ** 2)) for f, w in ((600, 200), (1500, 300), (3200, 600)))
        buzz += (level + 0.01) / np.sqrt(hz) * np.sin(2 * np.pi * hz * t + hz)
    buzz *= np.clip(np.sin(2 * np.pi * 2.5 / 0.85 * t), 0, 1)
    return (0.1 * buzz / np.std(buzz))[:, None]


def programmes() -> Iterator[tuple[str, np.ndarray, int]]:
    """(name, `(n, channels)` samples as a 24-bit file holds them, sample rate)."""
    for name, x, rate_hz in _made():
        yield name, np.round(np.clip(x, -1, 1 - 2**-23) * 2**23) / 2**23, rate_hz


def _made() -> Iterator[tuple[str, np.ndarray, int]]:
    rate_hz = 48_000
    n = round(LENGTH_S * rate_hz)
    for hz in (60, 100, 500, 1000, 1500, 2000, 4000, 6300, 10_000, 15_000):
        yield f"sine {hz}", 0.1 * np.sin(2 * np.pi * hz * np.arange(n) / rate_hz)[:, None], rate_hz
    for slope in (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25):
        pair = [coloured(slope, n, rate_hz, seed) for seed in (1, 2)]
        yield f"noise {slope:g}", np.stack(pair, axis=1), rate_hz
    for seed in range(6):
        yield f"burst {seed}", _burst(seed, n, rate_hz), rate_hz
    for pitch_hz in (90, 130, 210):
        yield f"voice {pitch_hz}", _voice(pitch_hz, n, rate_hz), rate_hz
    yield "six channels", np.stack([coloured(-0.5, n, rate_hz, k) for k in range(6)], 1) / 3, rate_hz
    for rate_hz in (32_000, 44_100, 88_200, 96_000):
        n = round(LENGTH_S * rate_hz)
        yield f"noise at {rate_hz}", coloured(-0.5, n, rate_hz, 3)[:, None], rate_hz
