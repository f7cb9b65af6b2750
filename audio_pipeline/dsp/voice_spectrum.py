"""Long-term spectrum of a voice: the spectrum of its speech, its noise floor, its bandwidth.

The frames of a short-time spectrum are sorted by level into classes of 1 dB, so that speech and pauses can
be separated afterwards, in one pass and in memory that does not grow with the length.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import frequencies
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_S = 0.043
"""Length of a frame: 2048 samples at 44.1 and 48 kHz."""
BANDWIDTH_DB = 60.0
"""The bandwidth ends where the spectrum is this far below its highest level."""
FEWEST_FRAMES = 16
"""Minimum number of speech frames for a spectrum: a third of a second."""

_LEVEL_HZ = (200.0, 8000.0)  # range of a frame's level; excludes rumble
_LOWEST_DB, _CLASSES = -140, 180
_DIGITAL_SILENCE_DB = -130
_SPEECH_DB = 25.0  # range of speech below its mean level: an s, after the Academy curve
_OVER_FLOOR_DB = 6  # minimum level of speech over the noise floor
_LOUDEST_DB = 40.0  # frames this far below the loudest do not count in the mean
_SILENT = 0.1  # pauses are digital silence if at least this share of the frames is
_QUIET = 0.05  # this share of the frames that are not silent is at the noise floor or below
_NEAR_DB = 3  # frames within this distance of them are pauses, too
_STEADY = (
    1.5  # minimum ratio of pauses to frames in the 6 dB above: soft speech is less steady than noise
)
_PAUSE_DB = 12.0  # a floor closer to the speech is not a pause
_OVER_NOISE = 2.0  # speech that adds less than 3 dB to the noise is inaudible
_TOGETHER = 16
_SMOOTHED = 1.0 / 12.0  # octaves; smooths a floor from few frames
_LEAK = 2  # bins by which the window widens a sharp edge


def third_octaves_hz() -> Samples:
    """The centres `(16,)` of the third octaves from 250 Hz to 8 kHz, in Hz. IEC 61260-1, base ten."""
    centres: Samples = 1000.0 * 10.0 ** (np.arange(-6, 10) / 10.0)
    return centres


@dataclass(frozen=True, eq=False)
class VoiceSpectrum:
    """Mean powers `(bins,)` of the speech and of the pauses at `frequency_hz`.

    White noise of RMS 1 has the power 1 at every frequency. `floor` is None for a stem without pauses, and
    zeros for digital silence.
    """

    frequency_hz: Samples
    speech: Samples
    floor: Samples | None

    @property
    def noise(self) -> Samples:
        """The noise floor `(bins,)`, zeros when it is unknown."""
        return np.zeros_like(self.speech) if self.floor is None else self.floor

    @cached_property
    def voice(self) -> Samples:
        """The power of the speech without the noise, `(bins,)`: at least a tenth of both together."""
        return np.maximum(self.speech - self.noise, 0.1 * self.speech)

    def filtered(self, power_gain: Samples) -> VoiceSpectrum:
        """The spectrum after a filter with the squared magnitude `power_gain` `(bins,)`."""
        floor = None if self.floor is None else self.floor * power_gain
        return VoiceSpectrum(self.frequency_hz, self.speech * power_gain, floor)

    def with_noise(self, power: Samples) -> VoiceSpectrum:
        """The spectrum with steady noise of the power `power` `(bins,)` added to speech and pauses."""
        floor = None if self.floor is None else self.floor + power
        return VoiceSpectrum(self.frequency_hz, self.speech + power, floor)

    def bandwidth_hz(self) -> float:
        """The highest frequency at which the speech is within 60 dB of its highest level, in Hz."""
        return self._reach_hz(0.0)[1]

    def speech_range_hz(self) -> tuple[float, float]:
        """The lowest and highest frequency, in Hz, at which speech exceeds the noise floor.

        The speech must be within 60 dB of its highest level and raise the power by 3 dB.
        """
        return self._reach_hz(_OVER_NOISE)

    def _reach_hz(self, over_noise: float) -> tuple[float, float]:
        least = np.maximum(self.speech.max() * 10.0 ** (-BANDWIDTH_DB / 10.0), over_noise * self.noise)
        above = np.flatnonzero(self.speech > least)
        if not len(above):
            return 0.0, 0.0
        low, high = above[0] + _LEAK, max(above[-1] - _LEAK, 0)
        return float(self.frequency_hz[low]), float(self.frequency_hz[high])


def voice_spectrum(stem: Samples, sample_rate_hz: int) -> VoiceSpectrum | None:
    """The spectrum of a stem `(n,)`; None when it has less than `FEWEST_FRAMES` of speech."""
    size = frame_size(sample_rate_hz)
    hz = frequencies(size, sample_rate_hz)
    sums, counts = _by_level(stem, size, hz)
    levels_db = np.arange(_CLASSES) + _LOWEST_DB
    sounding = np.where(levels_db > _DIGITAL_SILENCE_DB, counts, 0)
    if not sounding.any():
        return None
    loud = np.where(levels_db >= levels_db[np.flatnonzero(sounding)[-1]] - _LOUDEST_DB, sounding, 0)
    mean_db = 10.0 * math.log10(float(loud @ 10.0 ** (levels_db / 10.0)) / float(loud.sum()))
    pauses = _pauses(counts, levels_db, mean_db)
    floor_db = levels_db[pauses][-1] if pauses is not None and pauses.any() else _LOWEST_DB
    spoken = levels_db >= max(mean_db - _SPEECH_DB, floor_db + _OVER_FLOOR_DB - _NEAR_DB)
    if counts[spoken].sum() < FEWEST_FRAMES:
        return None
    speech = sums[spoken].sum(axis=0) / counts[spoken].sum()
    if pauses is None:
        return VoiceSpectrum(hz, speech, None)
    quiet = sums[pauses].sum(axis=0) / max(1, counts[pauses].sum())
    return VoiceSpectrum(hz, speech, smoothed(quiet, hz))


def frame_size(sample_rate_hz: int) -> int:
    """The number of samples in a frame, a power of two."""
    return 1 << round(math.log2(FRAME_S * sample_rate_hz))


def band_levels_db(power: Samples, frequency_hz: Samples, centres_hz: Samples) -> Samples:
    """The level of `power` in the third octave about each centre, `(len(centres_hz),)`, in dB."""
    below = np.concatenate([[0.0], np.cumsum(power)])
    step = frequency_hz[1] - frequency_hz[0]
    edges = np.concatenate([frequency_hz - step / 2.0, frequency_hz[-1:] + step / 2.0])
    half = 10.0**0.05
    band = np.interp(centres_hz * half, edges, below) - np.interp(centres_hz / half, edges, below)
    levels: Samples = 10.0 * np.log10(np.maximum(band, 1e-30))
    return levels


def smoothed(power: Samples, frequency_hz: Samples, octaves: float = _SMOOTHED) -> Samples:
    """`power` `(bins,)` averaged over `octaves` about each frequency, and over five bins at least."""
    below = np.concatenate([[0.0], np.cumsum(power)])
    bins = np.arange(len(power))
    half = np.maximum((bins * (2.0 ** (octaves / 2.0) - 1.0)).astype(np.int64), 2)
    first, last = np.maximum(bins - half, 0), np.minimum(bins + half + 1, len(power))
    mean: Samples = np.maximum(below[last] - below[first], 0.0) / (last - first)
    return mean


def _by_level(stem: Samples, size: int, hz: Samples) -> tuple[Samples, NDArray[np.int64]]:
    """The sums of the frames' powers by class, `(classes, bins)`, and the number of frames `(classes,)`."""
    window = np.hanning(size + 1)[:size]
    window /= np.sqrt(np.sum(window**2))
    if len(stem) < size:
        stem = np.concatenate([stem, np.zeros(size - len(stem))])
    frames = np.lib.stride_tricks.sliding_window_view(stem, size)[:: size // 2]
    low, high = np.searchsorted(hz, _LEVEL_HZ)
    sums, counts = np.zeros((_CLASSES, len(hz))), np.zeros(_CLASSES, np.int64)
    for start in range(0, len(frames), _TOGETHER):
        spectra = np.fft.rfft(frames[start : start + _TOGETHER] * window)
        powers = np.square(spectra.real) + np.square(spectra.imag)
        # the mean square in the band, so that a frame of white noise of RMS 1 is near 0 dB
        level_db = 10.0 * np.log10(np.maximum(powers[:, low:high].sum(axis=1) * (2.0 / size), 1e-30))
        which = np.clip(np.floor(level_db).astype(np.int64) - _LOWEST_DB, 0, _CLASSES - 1)
        for row, power in zip(which.tolist(), powers, strict=True):
            sums[row] += power
            counts[row] += 1
    return sums, counts


def _pauses(
    counts: NDArray[np.int64], levels_db: NDArray[np.int64], mean_db: float
) -> NDArray[np.bool_] | None:
    """The mask `(classes,)` of pauses: all False for pauses of digital silence.

    None when the quietest frames are not steady noise.
    """
    if _quantile_db(counts, levels_db, _SILENT) <= _DIGITAL_SILENCE_DB:
        return np.zeros(len(counts), np.bool_)
    counts = np.where(levels_db > _DIGITAL_SILENCE_DB, counts, 0)
    quiet_db = _quantile_db(counts, levels_db, _QUIET)
    near = np.abs(levels_db - quiet_db) <= _NEAR_DB
    above = (levels_db > quiet_db + _NEAR_DB) & (levels_db <= quiet_db + 3 * _NEAR_DB)
    if counts[near].sum() < _STEADY * counts[above].sum() or quiet_db > mean_db - _PAUSE_DB:
        return None
    return near


def _quantile_db(counts: NDArray[np.int64], levels_db: NDArray[np.int64], share: float) -> int:
    return int(levels_db[np.searchsorted(np.cumsum(counts), share * counts.sum())])
