"""Thirty-six programmes, all different, for comparing meters: speech, bursts, sweeps, dropouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

from tests.conftest import REPOSITORY

STEMS = REPOSITORY / "stems"


def _level(x: np.ndarray, dbfs: float) -> np.ndarray:
    return x * 10 ** (dbfs / 20) / np.sqrt(np.mean(x**2))


def _band(x: np.ndarray, low_hz: float, high_hz: float, rate: int) -> np.ndarray:
    return sosfilt(butter(2, [low_hz, high_hz], "band", fs=rate, output="sos"), x, axis=0)


def speech_like(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Band noise in syllables, words and pauses."""
    n = 14 * rate
    t = np.arange(n) / rate
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(3, 5) * t + rng.uniform(0, 6)), 0, 1) ** 2
    words = np.repeat(rng.random(28) < 0.7, n // 28)
    noise = _band(rng.standard_normal((n, 2)), 120, rng.uniform(2500, 7000), rate)
    return _level(noise * (syllables * words)[:, None], rng.uniform(-36, -20))


def bursts(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Noise that comes and goes by up to 30 dB."""
    steps = 10 ** (rng.uniform(-50, -18, 20) / 20)
    noise = rng.standard_normal((12 * rate, 2))
    return np.clip(_band(noise, 40, 15_000, rate) * np.repeat(steps, 12 * rate // 20)[:, None], -1, 1)


def sweep(rng: np.random.Generator, rate: int) -> np.ndarray:
    """A logarithmic sweep from 30 Hz to 18 kHz, not the same in both channels."""
    n = 10 * rate
    t = np.arange(n) / rate
    phase = 2 * np.pi * 30 * 10 / np.log(600) * (600 ** (t / 10) - 1)
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.05)
    x = np.stack([np.sin(phase), 0.5 * np.sin(phase + rng.uniform(0, 6))], axis=1)
    return x * fade[:, None] * rng.uniform(0.05, 0.8)


def dropout(rng: np.random.Generator, rate: int) -> np.ndarray:
    """This film's shape: speech, a hum alone, next to nothing, nothing."""
    speech = speech_like(rng, rate)
    hum = _level(_band(rng.standard_normal((4 * rate, 2)), 50, 900, rate), rng.uniform(-50, -38))
    grain = _level(rng.standard_normal((rate, 2)), -72)
    return np.vstack([speech[: 9 * rate], hum, grain, np.zeros((2 * rate, 2))])


def stems(rng: np.random.Generator, rate: int) -> np.ndarray:
    """The demo voices, mixed again every time."""
    a, b = (soundfile.read(STEMS / f"voice_{v}.flac", always_2d=True)[0][:, 0] for v in "ab")
    n = 20 * rate
    a, b = np.roll(np.resize(a, n), rng.integers(n)), np.roll(np.resize(b, n), rng.integers(n))
    gains = rng.uniform(0.05, 0.7, (2, 2))
    return np.clip(np.stack([a, b], axis=1) @ gains, -1, 1)


def swell(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Tones that grow into a loud end."""
    n = 12 * rate
    t = np.arange(n) / rate
    tones = sum(np.sin(2 * np.pi * f * t + p) for f, p in rng.uniform((60, 0), (6000, 6), (8, 2)))
    x = tones * 10 ** (np.linspace(rng.uniform(-36, -24), -6, n) / 20) / 8
    fade = np.minimum(1, t[::-1] / 0.02)
    return np.stack([x * fade, np.roll(x, 37) * fade * 0.7], axis=1)


KINDS: tuple[Callable[[np.random.Generator, int], np.ndarray], ...] = (
    speech_like,
    bursts,
    sweep,
    dropout,
    stems,
    swell,
)


def programmes() -> Iterator[tuple[str, np.ndarray, int]]:
    """(name, `(n, 2)` samples, sample rate); two of each kind in 44.1 kHz, the rest in 48."""
    for kind in KINDS:
        for seed in range(6):
            rate = 44_100 if seed >= 4 and kind is not stems else 48_000
            samples = kind(np.random.default_rng(seed), rate)
            samples *= min(1.0, 0.8 / np.abs(samples).max())  # loudgain clips what is above full scale
            yield f"{kind.__name__}_{seed}", samples, rate
