"""The figures of a sound: level, distribution, bands, beats, timbre, and the relation of its channels.

found = inspection_of(samples, 48_000)
found.crest_db, found.bands_db["250 Hz to 1 kHz"], found.beats[0].rate_hz

scipy.signal computes spectra, envelope spectra and peaks. It takes a second to load, so the functions that
use it import it.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.signal import find_peaks, firwin, oaconvolve, welch

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.dsp.mono_fold import mono_fold_holes
from audio_pipeline.errors import ReportError
from audio_pipeline.pages.timbre import Timbre, timbre_of
from audio_pipeline.records import dataclass

BAND_EDGES_HZ = (20.0, 80.0, 250.0, 1000.0, 4000.0, 10_000.0, 20_000.0)
BRIGHT_HZ = 800.0
"""Beats are searched above this frequency, where clicks are clear of hum."""
SLOWEST_BEAT_HZ, HIGHEST_BEAT_HZ = 5.0, 250.0
CLEAR_DB = 10.0
"""The minimum level of a listed beat above its surroundings."""
SHORTEST_S = 0.1

_ENVELOPE_HZ = 1000
_BEAT_WINDOW_S = 4.0
_MOST_BEATS = 8
_SPECTRUM = 16_384


@dataclass(frozen=True)
class Beat:
    """A line in the envelope's spectrum: `depth_db` is 0 for a full modulation by a sine, `over_db` is its
    level above the median of the spectrum 1 to 5 Hz away."""

    rate_hz: float
    depth_db: float
    over_db: float


@dataclass(frozen=True)
class Inspection:
    """The figures of a sound. Figures of two channels are None for mono.

    RMS, crest and kurtosis are over all samples of all channels (a Gaussian has a kurtosis of 3);
    `bands_db` are shares of the power from 20 Hz to 20 kHz; `mono_fold_db` is the deepest third octave
    of L + R against the sum of their powers; `timbre` is None when the fold to mono is silent.
    """

    duration_s: float
    sample_rate_hz: int
    channels: int
    rms_dbfs: float
    peak_dbfs: float
    crest_db: float
    kurtosis: float
    bands_db: dict[str, float]
    beats: tuple[Beat, ...]
    correlation: float | None
    mono_fold_db: float | None
    mono_fold_at_hz: float | None
    timbre: Timbre | None

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON values, rounded to the precision of the measurement; None for non-finite ones."""
        return {key: _rounded(value) for key, value in asdict(self).items()}


def inspection_of(samples: Samples, sample_rate_hz: int) -> Inspection:
    """The figures of `(n, channels)` samples.

    Raises ReportError for silent samples and for less than 0.1 s.
    """
    if len(samples) < SHORTEST_S * sample_rate_hz:
        raise ReportError(
            f"the passage is shorter than {SHORTEST_S:g} s, the minimum for inspect",
            hint="Choose a longer one with --from and --to.",
        )
    power = float(np.mean(np.square(samples)))
    if power == 0.0:
        raise ReportError(
            "the passage is silent from beginning to end",
            hint="Choose another with --from and --to.",
        )
    peak = float(np.abs(samples).max())
    fold = mono_fold_holes(samples, sample_rate_hz) if samples.shape[1] == 2 else None
    return Inspection(
        duration_s=len(samples) / sample_rate_hz,
        sample_rate_hz=sample_rate_hz,
        channels=samples.shape[1],
        rms_dbfs=10.0 * math.log10(power),
        peak_dbfs=db_from_gain(peak),
        crest_db=db_from_gain(peak) - 10.0 * math.log10(power),
        kurtosis=float(np.mean(np.square(np.square(samples)))) / power**2,
        bands_db=_bands_db(samples, sample_rate_hz),
        beats=beats_of(*beat_spectrum(samples, sample_rate_hz, BRIGHT_HZ)),
        correlation=correlation_of(samples) if samples.shape[1] == 2 else None,
        mono_fold_db=None if fold is None else fold.deepest_db,
        mono_fold_at_hz=None if fold is None else fold.deepest_at_hz,
        timbre=_timbre(samples, sample_rate_hz),
    )


def _timbre(samples: Samples, sample_rate_hz: int) -> Timbre | None:
    """The timbre; None when the channels cancel each other."""
    return timbre_of(samples, sample_rate_hz) if samples.mean(axis=1).any() else None


def correlation_of(stereo: Samples) -> float | None:
    """The correlation of left and right, −1 to 1, as on a phase meter; None when one is silent."""
    energy = np.sum(np.square(stereo), axis=0)
    scale = math.sqrt(float(energy[0] * energy[1]))
    return float(stereo[:, 0] @ stereo[:, 1]) / scale if scale > 0.0 else None


def power_spectrum(samples: Samples, sample_rate_hz: int) -> tuple[Samples, Samples]:
    """(Hz, power per bin), mean over channels, by Welch's method; the sum of all bins is the power."""
    size = min(_SPECTRUM, len(samples))
    hz, density = welch(samples, sample_rate_hz, "hann", size, detrend=False, axis=0)
    power: Samples = density.mean(axis=1) * sample_rate_hz / size
    return hz, power


def envelope(samples: Samples, sample_rate_hz: int, above_hz: float) -> Samples:
    """The RMS above `above_hz` over all channels, one value per millisecond, `(m,)`."""
    edges = np.arange(len(samples) * _ENVELOPE_HZ // sample_rate_hz + 1) * sample_rate_hz // _ENVELOPE_HZ
    power = np.zeros(len(edges) - 1)
    for channel in samples.T:
        bright = channel if above_hz <= 0.0 else _above(channel, sample_rate_hz, above_hz)
        power += np.add.reduceat(np.square(bright[: edges[-1]]), edges[:-1]) / np.diff(edges)
    strength: Samples = np.sqrt(power / samples.shape[1])
    return strength


def beat_spectrum(samples: Samples, sample_rate_hz: int, above_hz: float) -> tuple[Samples, Samples]:
    """(Hz, depth dB) of the envelope up to 250 Hz, in steps of 0.25 Hz if it is long enough; 0 dB is a full
    modulation by a sine."""
    strength = envelope(samples, sample_rate_hz, above_hz)
    size = min(len(strength), round(_BEAT_WINDOW_S * _ENVELOPE_HZ))
    hz, power = welch(strength, _ENVELOPE_HZ, "hann", size, detrend="constant", scaling="spectrum")
    depth = np.sqrt(2.0 * power) / max(float(strength.mean()), 1e-30)
    shown = hz <= HIGHEST_BEAT_HZ
    return hz[shown], 20.0 * np.log10(np.maximum(depth[shown], 1e-6))


def beats_of(hz: Samples, depth_db: Samples) -> tuple[Beat, ...]:
    """The clearest lines of a beat spectrum, the slowest first."""
    found = []
    for i in find_peaks(depth_db)[0]:
        if hz[i] < SLOWEST_BEAT_HZ:
            continue
        away = np.abs(hz - hz[i])
        around = depth_db[(away > 1.0) & (away < 5.0)]
        over = float(depth_db[i] - np.median(around)) if len(around) else 0.0
        if over >= CLEAR_DB:
            found.append(Beat(float(hz[i]), float(depth_db[i]), over))
    clearest = sorted(found, key=lambda beat: -beat.over_db)[:_MOST_BEATS]
    return tuple(sorted(clearest, key=lambda beat: beat.rate_hz))


def _above(x: Samples, sample_rate_hz: int, hz: float) -> Samples:
    """`x` high-passed at `hz` (−6 dB) without delay, by a linear-phase FIR of 30 ms."""
    taps = 2 * round(0.015 * sample_rate_hz) + 1
    high: Samples = oaconvolve(x, firwin(taps, hz, fs=sample_rate_hz, pass_zero=False), mode="same")
    return high


def _bands_db(samples: Samples, sample_rate_hz: int) -> dict[str, float]:
    hz, power = power_spectrum(samples, sample_rate_hz)
    edges = np.searchsorted(hz, BAND_EDGES_HZ)
    whole = max(float(power[edges[0] : edges[-1]].sum()), 1e-300)
    return {
        f"{_shown_hz(low)} to {_shown_hz(high)}": 10.0
        * math.log10(max(float(power[first:last].sum()) / whole, 1e-14))
        for low, high, first, last in zip(
            BAND_EDGES_HZ[:-1], BAND_EDGES_HZ[1:], edges[:-1], edges[1:], strict=True
        )
    }


def _shown_hz(hz: float) -> str:
    return f"{hz / 1000:g} kHz" if hz >= 1000.0 else f"{hz:g} Hz"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(value, 3) + 0.0 if isinstance(value, float) else value
