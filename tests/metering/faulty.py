"""Programmes of every kind, and faults put into them where a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.signal import lfilter

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.faults.finder import FaultFinder
from audio_pipeline.metering.faults.kinds import Fault, FaultKind

RATE = 16_000
SECONDS = 6.0
_BLOCK = 10_007
"""Blocks of an odd size, so that a fault lies across an edge now and then."""


def faults(x: Samples, roles: tuple[str, ...] = ("L", "R"), bits: int | None = None) -> list[Fault]:
    """The faults of `(n, channels)` samples, fed in blocks."""
    finder = FaultFinder(RATE, roles, bits)
    for start in range(0, len(x), _BLOCK):
        finder.feed(x[start : start + _BLOCK])
    return list(finder.result())


def kinds(found: list[Fault]) -> set[str]:
    return {fault.kind.value for fault in found}


def the(found: list[Fault], kind: FaultKind) -> Fault:
    """The one fault of a kind, which is the only kind that was found."""
    assert kinds(found) == {kind.value}, found
    (fault,) = found
    return fault


@lru_cache(maxsize=32)
def noise(channels: int = 2, seed: int = 3, level: float = 0.05) -> Samples:
    """Independent white noise in every channel."""
    made = np.random.default_rng(seed).standard_normal((round(SECONDS * RATE), channels)) * level
    made.setflags(write=False)
    return made


@lru_cache(maxsize=8)
def music() -> Samples:
    """Chords that decay and overlap, wide, over a soft floor: no two channels alike."""
    rng = np.random.default_rng(5)
    n = round(SECONDS * RATE)
    t = np.arange(n) / RATE
    x = 1e-4 * rng.standard_normal((n, 2))
    for begin in np.arange(0.0, SECONDS, 0.4):
        for hz in 110.0 * 2.0 ** (rng.integers(0, 36, 3) / 12.0):
            after = np.maximum(t - begin, 0.0)
            note = np.sin(2 * np.pi * hz * after) * np.exp(-3.0 * after) * (1 - np.exp(-200.0 * after))
            note *= t >= begin
            pan = rng.uniform(0.2, 0.8)
            x[:, 0] += 0.06 * np.sqrt(1 - pan) * note
            x[:, 1] += 0.06 * np.sqrt(pan) * np.roll(note, 31)
    x.setflags(write=False)
    return x


@lru_cache(maxsize=8)
def speech(pause: float = 0.0) -> Samples:
    """Something like speech, `(n, 1)`: syllables of coloured noise and pulses, words, pauses of a second;
    `pause` is the level of the room's noise, 0 for digital silence where nobody speaks."""
    rng = np.random.default_rng(7)
    n = round(SECONDS * RATE)
    t = np.arange(n) / RATE
    radius = np.exp(-np.pi * 90.0 / RATE)  # a formant at 500 Hz, 90 Hz wide
    formant = [1.0, -2.0 * radius * np.cos(2 * np.pi * 500.0 / RATE), radius**2]
    voiced = lfilter([0.3], formant, np.where((t * 120.0) % 1.0 < 120.0 / RATE, 1.0, 0.0))
    hiss = lfilter([1.0], [1.0, -0.5], rng.standard_normal(n)) * 0.05
    envelope = np.zeros(n)
    at = 0.3
    while at < SECONDS - 0.5:
        for _ in range(rng.integers(3, 7)):
            length = rng.uniform(0.09, 0.22)
            here = (t >= at) & (t < at + length)
            envelope[here] += np.sin(np.pi * (t[here] - at) / length) ** 1.5
            at += length * rng.uniform(0.7, 1.0)
        at += rng.uniform(0.3, 0.9)
    x = 0.1 * envelope * (voiced + hiss) + pause * rng.standard_normal(n)
    x = np.round(x * 32767.0) / 32767.0
    x.setflags(write=False)
    return x[:, None]


def two_ears(x: Samples) -> Samples:
    """One voice at two microphones: `(n, 1)` becomes `(n, 2)`, coloured unlike."""
    left, right = lfilter([0.8, 0.3, 0.1], [1.0], x[:, 0]), lfilter([0.7, -0.2, 0.3], [1.0], x[:, 0])
    return np.stack([left, right], axis=1)


PROGRAMMES: dict[str, Callable[[], Samples]] = {
    "noise": noise,
    "quiet noise": lambda: noise(2, 4, 0.003),
    "music": music,
    "speech": lambda: two_ears(speech(1e-4)) + noise(2, 9, 1e-4),
}


def without(
    x: Samples, channels: list[int], start_s: float, length_s: float, ramp_s: float = 0.0
) -> Samples:
    """The programme with a hole: those channels are silent for a while, ramped down and up outside."""
    gain = np.ones(len(x))
    start, stop = round(start_s * RATE), round((start_s + length_s) * RATE)
    gain[start:stop] = 0.0
    if ramp := round(ramp_s * RATE):
        gain[start - ramp : start] = np.linspace(1.0, 0.0, ramp, endpoint=False)
        gain[stop : stop + ramp] = np.linspace(0.0, 1.0, ramp, endpoint=False)[: len(gain) - stop]
    made = x.copy()
    made[:, channels] *= gain[:, None]
    return made
