"""Spectral matching of two voices: the filter and the added noise of each.

Each result is computed for one voice from its own spectrum and the other's; for the other voice the two are
swapped. So swapping the voices swaps the results, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import frequencies, linear_phase
from audio_pipeline.dsp.voice_spectrum import (
    VoiceSpectrum,
    band_levels_db,
    frame_size,
    third_octaves_hz,
)
from audio_pipeline.records import dataclass

SAME_BANDWIDTH = 1.05
"""Bandwidths with a smaller ratio are not changed."""
_LOW_PASS_BEGINS = 0.93  # of the frequency at which its gain reaches 0
_HIGH_PASS_ENDS = 1.2
_NOISE_HZ = (80.0, 100.0)  # lower frequencies, rumble and hum, are not matched
_FLOOR_HZ = (100.0, 8000.0)  # range for comparing noise floors
_ROUNDS = 3
_SILENT_DBFS, _INAUDIBLE_DBFS = -140.0, -110.0


@dataclass(frozen=True)
class Limits:
    """The largest boost and cut of a third octave, dB; the lowest frequency of a low-pass, Hz."""

    boost_db: float
    cut_db: float
    low_pass_hz: float


@dataclass(frozen=True, eq=False)
class Match:
    """The filter of one voice: `gain_db` `(bands,)` at the centres `bands_hz`, a high-pass and a low-pass.

    `high_pass_hz` and `low_pass_hz` are the frequencies, Hz, at which their gain reaches 0, or None.
    """

    bands_hz: Samples
    gain_db: Samples
    high_pass_hz: float | None
    low_pass_hz: float | None

    def magnitude(self, frequency_hz: Samples) -> Samples:
        """The magnitude of the filter at each frequency."""
        magnitude: Samples = 10.0 ** (_equaliser_db(self.gain_db, self.bands_hz, frequency_hz) / 20.0)
        passed: Samples = _high_pass(self.high_pass_hz, frequency_hz)
        passed *= _low_pass(self.low_pass_hz, frequency_hz)
        return magnitude * passed

    def impulse(self, sample_rate_hz: int) -> Samples:
        """The filter as a linear-phase FIR `(taps,)`, 85 ms long."""
        size = 8 * frame_size(sample_rate_hz)
        return linear_phase(self.magnitude(frequencies(size, sample_rate_hz)), size // 4 - 1)


@dataclass(frozen=True)
class Likeness:
    """The similarity of two voices: absolute differences of third octaves within both bandwidths, dB.

    The mean, and the largest with its frequency; the −60 dB bandwidths, Hz; the noise floors, dBFS, None
    where unknown.
    """

    mean_db: float
    largest_db: float
    largest_at_hz: float
    bandwidths_hz: tuple[float, float]
    floors_dbfs: tuple[float | None, float | None]


def matched(own: VoiceSpectrum, other: VoiceSpectrum, limits: Limits) -> Match | None:
    """The filter of the voice `own`; None when the voices have no third octave in common.

    From 250 Hz to 8 kHz, within the range of both voices, each voice changes by half the difference of their
    third octaves.
    """
    bands_hz = _common_bands_hz(own, other)
    if not len(bands_hz):
        return None
    hz, most = own.frequency_hz, limits.boost_db + limits.cut_db
    difference = np.zeros(len(bands_hz))
    mine, its = own, other
    for _ in range(_ROUNDS):  # interpolation between bands needs several rounds to match steep spectra
        rest = band_levels_db(its.voice, hz, bands_hz) - band_levels_db(mine.voice, hz, bands_hz)
        difference = np.clip(difference + rest, -most, most)
        gains = _gains_db(difference, limits), _gains_db(-difference, limits)
        mine, its = (
            spectrum.filtered(10.0 ** (_equaliser_db(gain, bands_hz, hz) / 10.0))
            for spectrum, gain in zip((own, other), gains, strict=True)
        )
    lows, highs = zip(mine.speech_range_hz(), its.speech_range_hz(), strict=True)
    return Match(
        bands_hz, gains[0], _high_pass_hz(lows), _low_pass_hz(min(highs), max(highs), limits.low_pass_hz)
    )


def missing_noise(own: VoiceSpectrum, other: VoiceSpectrum, most_db: float) -> Samples:
    """The power `(bins,)` of the noise that `own` lacks compared with `other`; zeros for an unknown floor.

    The total is limited to `most_db` relative to the softer voice. At each frequency at most one of the two
    voices lacks noise.
    """
    if own.floor is None or other.floor is None:
        return np.zeros_like(own.speech)
    low, high = _NOISE_HZ
    fade = np.clip((own.frequency_hz - low) / (high - low), 0.0, 1.0)
    missing = np.maximum(other.floor - own.floor, 0.0) * fade
    most = 10.0 ** (most_db / 10.0) * min(own.voice.sum(), other.voice.sum())
    held: Samples = missing * min(1.0, most / max(missing.sum(), 1e-30))
    return held if noise_dbfs(held) > _INAUDIBLE_DBFS else np.zeros_like(held)


def likeness(first: VoiceSpectrum, second: VoiceSpectrum) -> Likeness | None:
    """The similarity of two voices; None when they have no third octave in common."""
    bandwidths_hz = first.bandwidth_hz(), second.bandwidth_hz()
    bands_hz = _common_bands_hz(first, second)
    if not len(bands_hz):
        return None
    levels = [band_levels_db(v.speech, v.frequency_hz, bands_hz) for v in (first, second)]
    apart_db = np.abs(levels[0] - levels[1])
    largest = int(apart_db.argmax())
    return Likeness(
        float(apart_db.mean()),
        float(apart_db[largest]),
        float(bands_hz[largest]),
        bandwidths_hz,
        (_floor_dbfs(first), _floor_dbfs(second)),
    )


def noise_dbfs(power: Samples) -> float:
    """The RMS, dBFS, of noise with the powers `power` `(bins,)`; at least −140."""
    mean = float(np.mean(power))
    return max(_SILENT_DBFS, 10.0 * math.log10(mean)) if mean > 0.0 else _SILENT_DBFS


def _common_bands_hz(*spectra: VoiceSpectrum) -> Samples:
    """The centres of the third octaves that are completely within the range of both voices."""
    lows, highs = zip(*(spectrum.speech_range_hz() for spectrum in spectra), strict=True)
    bands_hz, half = third_octaves_hz(), 10.0**0.05
    common: Samples = bands_hz[(bands_hz / half >= max(lows)) & (bands_hz * half <= min(highs))]
    return common


def _gains_db(difference_db: Samples, limits: Limits) -> Samples:
    """The gain of one voice: half the difference, or more cut where the other's boost is limited; clipped."""
    half = difference_db / 2.0
    gain = np.where(half < -limits.boost_db, difference_db + limits.boost_db, half)
    held: Samples = np.clip(gain, -limits.cut_db, limits.boost_db)
    return held


def _equaliser_db(gain_db: Samples, bands_hz: Samples, frequency_hz: Samples) -> Samples:
    """The gains interpolated linearly over log frequency.

    Beyond the outer bands a cut continues; a boost, which would raise only noise, falls to 0 dB within an
    octave.
    """
    centres = np.log2(bands_hz)
    points = np.concatenate([centres[:1] - 1.0, centres, centres[-1:] + 1.0])
    ends = np.minimum(gain_db[[0, -1]], 0.0)
    gains = np.concatenate([ends[:1], gain_db, ends[1:]])
    curve: Samples = np.interp(np.log2(np.maximum(frequency_hz, 1.0)), points, gains)
    return curve


def _high_pass_hz(lows_hz: Sequence[float]) -> float | None:
    """The common high-pass frequency, when one voice begins within the matched third octaves, or None."""
    differ = max(lows_hz) > SAME_BANDWIDTH * min(lows_hz)
    begins_hz = float(third_octaves_hz()[0]) / 10.0**0.05
    return max(lows_hz) if differ and max(lows_hz) > begins_hz else None


def _low_pass_hz(narrow_hz: float, wide_hz: float, lowest_hz: float) -> float | None:
    limit_hz = max(narrow_hz, lowest_hz)
    return limit_hz if wide_hz > SAME_BANDWIDTH * limit_hz else None


def _high_pass(limit_hz: float | None, frequency_hz: Samples) -> Samples:
    """A magnitude that is 0 up to `limit_hz` and then rises to 1 as a raised cosine."""
    if limit_hz is None:
        return np.ones(len(frequency_hz))
    way = (frequency_hz / limit_hz - 1.0) / (_HIGH_PASS_ENDS - 1.0)
    magnitude: Samples = np.sin(np.clip(way, 0.0, 1.0) * (np.pi / 2.0)) ** 2
    return magnitude


def _low_pass(limit_hz: float | None, frequency_hz: Samples) -> Samples:
    """A magnitude that is 1 and falls to 0 at `limit_hz` as a raised cosine."""
    if limit_hz is None:
        return np.ones(len(frequency_hz))
    way = (frequency_hz / limit_hz - _LOW_PASS_BEGINS) / (1.0 - _LOW_PASS_BEGINS)
    magnitude: Samples = np.cos(np.clip(way, 0.0, 1.0) * (np.pi / 2.0)) ** 2
    return magnitude


def _floor_dbfs(spectrum: VoiceSpectrum) -> float | None:
    if spectrum.floor is None:
        return None
    low, high = np.searchsorted(spectrum.frequency_hz, _FLOOR_HZ)
    heard = np.zeros_like(spectrum.floor)
    heard[low:high] = spectrum.floor[low:high]
    return noise_dbfs(heard)
