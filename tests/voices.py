"""Synthetic voices whose colour, bandwidth, pauses and noise floor are known, and a measure of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.effects.base import StemBench
from audio_pipeline.memo.stem_cache import integrated_lufs
from tests.scenes import CLOCK

PHRASE_S, PAUSE_S = 1.0, 0.5
THIRDS_HZ = 1000.0 * 10.0 ** (np.arange(-6, 10) / 10.0)


def bench(rate: int = 48_000, seed: int = 1) -> StemBench:
    """What effects on stems of that rate may know."""
    return StemBench(
        rate,
        seed,
        CLOCK,
        lambda stem: integrated_lufs(stem[:, None], rate) or 10 * np.log10(_power(stem)),
    )


def _power(stem: Samples) -> float:
    return max(float(np.mean(stem**2)), 1e-30)


def voice(
    seed: int,
    *,
    rate: int = 48_000,
    seconds: float = 6.0,
    low_hz: float = 90.0,
    high_hz: float = 20_000.0,
    tilt_db: float = 0.0,
    colour_db: float = 5.0,
    noise_dbfs: float | None = -80.0,
    noise_tilt_db: float = 0.0,
) -> Samples:
    """`(n,)` at about −27 LUFS: phrases of 1 s made of syllables, and pauses of 0.5 s between them.

    Noise with the long-term spectrum of speech, tilted by `tilt_db` an octave about 1 kHz, with random
    bumps of `colour_db`, cut off outside `low_hz` … `high_hz`; in the pauses only the noise floor, which has
    the same bandwidth.
    """
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    hz = np.maximum(np.fft.rfftfreq(n, 1.0 / rate), 1.0)
    octaves = np.log2(hz / 1000.0)
    bumps = np.interp(octaves, np.linspace(-4, 5, 19), rng.uniform(-colour_db, colour_db, 19))
    level_db = np.where(hz > 500, -9.0 * np.log2(hz / 500.0), 0.0) + tilt_db * octaves + bumps
    band = np.clip((hz - low_hz) / (0.1 * low_hz), 0, 1) * np.clip(
        (high_hz - hz) / (0.02 * high_hz), 0, 1
    )
    spectrum = np.fft.rfft(rng.standard_normal(n)) * 10.0 ** (level_db / 20.0) * band
    time = np.arange(n) / rate
    syllables = (0.6 + 0.4 * np.sin(2 * np.pi * 4.0 * time + rng.uniform(0, 6))) * speaking(n, rate)
    spoken = np.fft.irfft(spectrum, n) * syllables
    spoken *= 10.0 ** (-27.0 / 20.0) / np.sqrt(np.mean(spoken**2))
    if noise_dbfs is not None:
        noise = np.fft.rfft(rng.standard_normal(n)) * 10.0 ** (noise_tilt_db * octaves / 20.0) * band
        floor = np.fft.irfft(noise, n)
        spoken += floor * 10.0 ** (noise_dbfs / 20.0) / np.sqrt(np.mean(floor**2))
    return bench(rate).levelled(spoken)


def speaking(n: int, rate: int) -> Samples:
    """`(n,)`: 1 in phrases, 0 in pauses, with edges of 20 ms."""
    time = np.arange(n) / rate % (PHRASE_S + PAUSE_S)
    edge = np.minimum(time, PHRASE_S - time) / 0.02
    return np.clip(edge, 0.0, 1.0)


@dataclass(frozen=True)
class Measured:
    """Third octaves `(16,)` of the phrases, dB; −60 dB bandwidth, Hz; third octaves of the pauses, dB."""

    speech_db: Samples
    bandwidth_hz: float
    pauses_db: Samples


def measured(stem: Samples, rate: int) -> Measured:
    """What the phrases and the pauses are made of: the frames that lie wholly in the one or the other."""
    size = 1 << round(np.log2(0.085 * rate))
    window = np.hanning(size)
    mask = speaking(len(stem), rate)
    power, count = np.zeros((2, size // 2 + 1)), np.zeros(2)
    for start in range(0, len(stem) - size, size // 4):
        here = mask[start : start + size]
        if here.min() == here.max():
            kind = int(here.min())
            power[kind] += np.abs(np.fft.rfft(stem[start : start + size] * window)) ** 2
            count[kind] += 1
    pauses, speech = power / count[:, None] / np.sum(window**2)
    hz = np.fft.rfftfreq(size, 1.0 / rate)
    smooth = np.convolve(speech, np.ones(9) / 9, "same")
    return Measured(
        _thirds_db(speech, hz),
        float(hz[np.flatnonzero(smooth > smooth.max() * 1e-6)[-1]]),
        _thirds_db(pauses, hz),
    )


def _thirds_db(power: Samples, hz: Samples) -> Samples:
    half = 10**0.05
    bands = [power[(hz >= f / half) & (hz < f * half)].sum() for f in THIRDS_HZ]
    return 10.0 * np.log10(np.maximum(bands, 1e-30))
