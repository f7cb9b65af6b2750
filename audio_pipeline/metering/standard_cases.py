"""The synthetic test signals of EBU Tech 3341 v4 and Tech 3342 v4, as data.

Cases 7 and 8 of Tech 3341 and 5 and 6 of Tech 3342 are recordings and therefore missing. A signal is a
sequence of steps of one stereo (or 5.0) 1 kHz tone; a true-peak signal is a tone at a fraction of the
sample rate.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.filters import fast_length, frequencies
from audio_pipeline.records import dataclass

OFF = float("-inf")

Figure = Literal[
    "integrated_lufs", "loudness_range_lu", "max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp"
]
Curve = Literal["momentary_lufs", "short_term_lufs"]


@dataclass(frozen=True)
class Step:
    """A 1 kHz tone of some duration with a peak level for every channel, dBFS; `OFF` is silence."""

    duration_s: float
    levels_dbfs: tuple[float, ...]


@dataclass(frozen=True)
class PeakTone:
    """A second of a tone at `fraction` of the sample rate, faded over 100 ms at either end.

    With `loud_period` one period in the middle has twice the amplitude; the wave is computed at four
    times the rate and low-passed at half of the final rate, and every fourth sample is used from
    `offset` on.
    """

    fraction: float
    phase_deg: float
    amplitude: float
    loud_period: bool = False
    offset: int = 0


@dataclass(frozen=True)
class FileCase:
    """Signals that are measured as files, and the expected figures of each."""

    name: str
    signals: tuple[tuple[Step, ...], ...]
    expected: dict[Figure, float]
    tolerance: tuple[float, float] = (0.1, 0.1)


@dataclass(frozen=True)
class ConstantCase:
    """A signal for which a live curve is constant from `from_s` on."""

    name: str
    signal: tuple[Step, ...]
    curve: Curve
    from_s: float
    expected: float


@dataclass(frozen=True)
class LiveCase:
    """Consecutive segments; the maximum of the curve is reset at the start of each and read at its end."""

    name: str
    segments: tuple[tuple[Step, ...], ...]
    curve: Curve
    expected: tuple[float, ...]


@dataclass(frozen=True)
class PeakCase:
    """A signal with a known true peak."""

    name: str
    tone: PeakTone
    expected: float
    tolerance: tuple[float, float] = (0.4, 0.2)


def _steps(*steps: tuple[float, float]) -> tuple[Step, ...]:
    """Stereo steps from (level in dBFS, seconds)."""
    return tuple(Step(seconds, (level, level)) for level, seconds in steps)


FILE_CASES = (
    FileCase(
        "3341-1",
        (_steps((-23, 20)),),
        {"integrated_lufs": -23, "max_momentary_lufs": -23, "max_short_term_lufs": -23},
    ),
    FileCase(
        "3341-2",
        (_steps((-33, 20)),),
        {"integrated_lufs": -33, "max_momentary_lufs": -33, "max_short_term_lufs": -33},
    ),
    FileCase("3341-3", (_steps((-36, 10), (-23, 60), (-36, 10)),), {"integrated_lufs": -23}),
    FileCase(
        "3341-4",
        (_steps((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)),),
        {"integrated_lufs": -23},
    ),
    FileCase("3341-5", (_steps((-26, 20), (-20, 20.1), (-26, 20)),), {"integrated_lufs": -23}),
    FileCase("3341-6", ((Step(20, (-28, -28, -24, -30, -30)),),), {"integrated_lufs": -23}),
    FileCase(
        "3341-10",
        tuple(_steps((OFF, 0.15 * i), (-23, 3), (OFF, 1)) for i in range(20)),
        {"max_short_term_lufs": -23},
    ),
    FileCase(
        "3341-13",
        tuple(_steps((OFF, 0.02 * i), (-23, 0.4), (OFF, 1)) for i in range(20)),
        {"max_momentary_lufs": -23},
    ),
    FileCase("3342-1", (_steps((-20, 20), (-30, 20)),), {"loudness_range_lu": 10}, (1, 1)),
    FileCase("3342-2", (_steps((-20, 20), (-15, 20)),), {"loudness_range_lu": 5}, (1, 1)),
    FileCase("3342-3", (_steps((-40, 20), (-20, 20)),), {"loudness_range_lu": 20}, (1, 1)),
    FileCase(
        "3342-4",
        (_steps((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)),),
        {"loudness_range_lu": 15},
        (1, 1),
    ),
)

CONSTANT_CASES = (
    ConstantCase("3341-9", _steps((-20, 1.34), (-30, 1.66)) * 5, "short_term_lufs", 3, -23),
    ConstantCase("3341-12", _steps((-20, 0.18), (-30, 0.22)) * 25, "momentary_lufs", 1, -23),
)

LIVE_CASES = (
    LiveCase(
        "3341-11",
        tuple(_steps((OFF, 0.15 * i), (-38 + i, 3), (OFF, 3 - 0.15 * i)) for i in range(20)),
        "short_term_lufs",
        tuple(-38.0 + i for i in range(20)),
    ),
    LiveCase(
        "3341-14",
        tuple(_steps((OFF, 0.02 * i), (-38 + i, 0.4), (OFF, 0.4 - 0.02 * i)) for i in range(20)),
        "momentary_lufs",
        tuple(-38.0 + i for i in range(20)),
    ),
)

PEAK_CASES = (
    PeakCase("3341-15", PeakTone(1 / 4, 0, 0.5), -6),
    PeakCase("3341-16", PeakTone(1 / 4, 45, 0.5), -6),
    PeakCase("3341-17", PeakTone(1 / 6, 60, 0.5), -6),
    PeakCase("3341-18", PeakTone(1 / 8, 67.5, 0.5), -6),
    PeakCase("3341-19", PeakTone(1 / 4, 45, 1.41), 3),
    PeakCase("3341-20", PeakTone(1 / 6, 0, 0.5, loud_period=True, offset=0), 0),
    PeakCase("3341-21", PeakTone(1 / 6, 0, 0.5, loud_period=True, offset=1), 0),
    PeakCase("3341-22", PeakTone(1 / 6, 0, 0.5, loud_period=True, offset=2), 0),
    PeakCase("3341-23", PeakTone(1 / 6, 0, 0.5, loud_period=True, offset=3), 0),
)


def stepped_tone(steps: tuple[Step, ...], sample_rate_hz: int) -> Samples:
    """The steps in series, `(n, channels)`, with a continuous phase of the tone."""
    ends = np.cumsum([step.duration_s for step in steps])
    edges = np.round(np.concatenate([[0.0], ends]) * sample_rate_hz).astype(int)
    gains = np.array([[gain_from_db(level) for level in step.levels_dbfs] for step in steps])
    tone = np.sin(2.0 * np.pi * 1000.0 / sample_rate_hz * np.arange(edges[-1]))
    signal: Samples = np.repeat(gains, np.diff(edges), axis=0) * tone[:, None]
    return signal


def peak_tone(tone: PeakTone, sample_rate_hz: int) -> Samples:
    """The tone in both channels, `(n, 2)`."""
    over = 4 if tone.loud_period else 1
    n = sample_rate_hz * over
    cycles = tone.fraction / over * np.arange(n) + tone.phase_deg / 360.0
    wave = tone.amplitude * np.sin(2.0 * np.pi * cycles)
    if tone.loud_period:
        wave[np.floor(cycles) == np.floor(cycles[n // 2])] *= 2.0
    fade = np.sin(np.pi / 2.0 * np.arange(n // 10) / (n // 10)) ** 2
    wave[: len(fade)] *= fade
    wave[-len(fade) :] *= fade[::-1]
    if tone.loud_period:
        wave = _held_below(wave, sample_rate_hz / 2.0, n)[tone.offset :: over]
    return np.stack([wave, wave], axis=1)


def _held_below(wave: Samples, limit_hz: float, sample_rate_hz: int) -> Samples:
    """The wave, low-passed at `limit_hz`: flat to 84 % of it, then a cosine slope."""
    size = fast_length(len(wave) + 4096)
    share = frequencies(size, sample_rate_hz) / limit_hz
    gain = np.cos(np.pi / 2.0 * np.clip((share - 0.84) / 0.16, 0.0, 1.0)) ** 2
    return np.fft.irfft(np.fft.rfft(wave, size) * gain, size)[: len(wave)]
