"""The timbre of a sound: mel spectrogram, pitch track, spectral centroid, flatness and onsets, by librosa.

found = timbre_of(samples, 48_000)
found.centroid_hz, found.onsets_per_s

librosa takes two seconds to load, so `inspect` and `compare --timbre` alone import this file's function
bodies. Definitions of the features: B. McFee et al., "librosa: Audio and Music Signal Analysis in Python"
(SciPy 2015); pitch by M. Mauch, S. Dixon, "pYIN" (ICASSP 2014).
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from filelock import FileLock

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import ReportError

P = ParamSpec("P")
R = TypeVar("R")

MEL_BANDS = 96
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 60.0, 800.0
SHORTEST_S = 0.1

_PITCH_RATE_HZ = 16_000
_PITCH_FRAME = 1024
_FRAME_S = 0.085  # 4096 samples at 48 kHz
_ONSET_DB = 2.0
"""How far the spectral flux of an onset stands over its surroundings, mean over the mel bands."""
_VOICED = 0.3
"""The probability from which a frame counts as voiced: white noise reaches 0.02, speech 0.9."""
_QUIET_DB = 60.0
"""Frames this far under the loudest are silence: they have no colour."""


@lru_cache(maxsize=1)
def _lock() -> Any:
    """Held by the one process of this user that is in librosa."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    return FileLock(Path(tempfile.gettempdir()) / f"render-ending-librosa-{user}.lock")


def _alone(function: Callable[P, R]) -> Callable[P, R]:
    """`function` while no other process of ours is in librosa.

    numba compiles librosa's functions when they are imported or called for the first time, and keeps them
    in a cache on disk. Two processes that do so at once leave code there that crashes both, and every later
    one (seen with numba 0.68 and librosa 0.11).
    """

    @wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with _lock():
            return function(*args, **kwargs)

    return alone


@dataclass(frozen=True)
class Timbre:
    """Means over the frames that are within 60 dB of the loudest one.

    `centroid_hz`: centre of gravity of the magnitude spectrum. `flatness_db`: geometric over arithmetic
    mean of the power spectrum, 0 dB for white noise. `onsets_per_s`: peaks of the spectral flux.
    `pitch_hz`: median over the voiced frames, None where no frame is voiced; `voiced_percent`: their
    share.
    """

    centroid_hz: float
    flatness_db: float
    onsets_per_s: float
    pitch_hz: float | None
    voiced_percent: float

    def as_dict(self) -> dict[str, float | None]:
        """The figures as JSON values, rounded to the precision of the measurement."""
        return {k: None if v is None else round(v, 3) + 0.0 for k, v in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """`time_s` `(m,)` and `pitch_hz` `(m,)`, NaN where a frame is not voiced."""

    time_s: Samples
    pitch_hz: Samples

    @property
    def voiced(self) -> Samples:
        """The pitches of the voiced frames, `(v,)`."""
        known: Samples = self.pitch_hz[np.isfinite(self.pitch_hz)]
        return known


@_alone
def timbre_of(samples: Samples, sample_rate_hz: int) -> Timbre:
    """The timbre of `(n, channels)` samples, folded to mono.

    Raises ReportError when they are silent or shorter than 0.1 s.
    """
    import librosa

    mono = _mono(samples, sample_rate_hz)
    spectrum = _spectrum(mono, sample_rate_hz)
    active = _active(spectrum)
    flat = librosa.feature.spectral_flatness(S=spectrum)[0, active]
    centroid = librosa.feature.spectral_centroid(S=spectrum, sr=sample_rate_hz)[0, active]
    flux = librosa.onset.onset_strength(y=mono, sr=sample_rate_hz)
    onsets = librosa.onset.onset_detect(
        onset_envelope=flux, sr=sample_rate_hz, normalize=False, delta=_ONSET_DB
    )
    track = pitch_track(samples, sample_rate_hz)
    voiced = track.voiced
    return Timbre(
        centroid_hz=float(np.mean(centroid)),
        flatness_db=float(np.mean(10.0 * np.log10(np.maximum(flat, 1e-12)))),
        onsets_per_s=len(onsets) * sample_rate_hz / len(mono),
        pitch_hz=float(np.median(voiced)) if len(voiced) else None,
        voiced_percent=100.0 * len(voiced) / len(track.pitch_hz),
    )


@_alone
def mel_spectrogram_db(samples: Samples, sample_rate_hz: int) -> Samples:
    """`(96, m)`: power in mel bands up to 20 kHz, in dB re full scale squared, of the fold to mono.

    Raises ReportError as `timbre_of`.
    """
    import librosa

    spectrum = _spectrum(_mono(samples, sample_rate_hz), sample_rate_hz)
    top_hz = min(20_000.0, sample_rate_hz / 2)
    bands = librosa.feature.melspectrogram(
        S=np.square(spectrum), sr=sample_rate_hz, n_mels=MEL_BANDS, fmax=top_hz, norm=None
    )
    level: Samples = 10.0 * np.log10(np.maximum(bands, 1e-20))
    return level


def mel_distance_db(one: Samples, other: Samples, sample_rate_hz: int) -> float:
    """RMS difference of the mean mel spectra of two sounds after their levels are matched, in dB: 0 for
    equal colour, whatever the gain.

    Raises ReportError as `timbre_of`.
    """
    mean = [_mean_mel_db(x, sample_rate_hz) for x in (one, other)]
    difference = mean[0] - mean[1]
    difference -= np.mean(difference)
    return float(np.sqrt(np.mean(np.square(difference))))


@_alone
def pitch_track(samples: Samples, sample_rate_hz: int) -> PitchTrack:
    """The pitch of the fold to mono between 60 and 800 Hz, a point every 64 ms.

    Raises ReportError as `timbre_of`.
    """
    import librosa

    mono = _mono(samples, sample_rate_hz)
    slow = librosa.resample(mono, orig_sr=sample_rate_hz, target_sr=_PITCH_RATE_HZ)
    slow = np.pad(slow, (0, max(0, 2 * _PITCH_FRAME - len(slow))))
    pitch, _, probability = librosa.pyin(
        slow,
        fmin=LOWEST_PITCH_HZ,
        fmax=HIGHEST_PITCH_HZ,
        sr=_PITCH_RATE_HZ,
        frame_length=_PITCH_FRAME,
        hop_length=_PITCH_FRAME,
    )
    time_s = np.arange(len(pitch)) * _PITCH_FRAME / _PITCH_RATE_HZ
    return PitchTrack(time_s, np.where(probability > _VOICED, pitch, np.nan))


def _mono(samples: Samples, sample_rate_hz: int) -> Any:
    """`(n,)` float32, as librosa wants it."""
    if len(samples) < SHORTEST_S * sample_rate_hz:
        raise ReportError(
            f"the sound is shorter than {SHORTEST_S:g} s, the minimum for its timbre",
            hint="Choose a longer passage.",
        )
    mono = samples.mean(axis=1).astype(np.float32)
    if not mono.any():
        raise ReportError(
            "the fold to mono is silent; its timbre cannot be measured",
            hint="Check the polarity of the channels.",
        )
    return mono


def _spectrum(mono: Any, sample_rate_hz: int) -> Any:
    """`(bins, frames)` magnitudes; a sine of full scale reaches 1."""
    import librosa

    size = 2 ** round(math.log2(_FRAME_S * sample_rate_hz))
    padded = np.pad(mono, (0, max(0, size - len(mono))))
    spectrum = np.abs(librosa.stft(padded, n_fft=size, hop_length=size // 4))
    return spectrum * (4.0 / size)  # a Hann window passes half of a sine, in each of two bins


def _active(spectrum: Any) -> Any:
    power = np.square(spectrum).sum(axis=0)
    return power > power.max() * 10.0 ** (-_QUIET_DB / 10.0)


def _mean_mel_db(samples: Samples, sample_rate_hz: int) -> Samples:
    bands = 10.0 ** (mel_spectrogram_db(samples, sample_rate_hz) / 10.0)
    level: Samples = 10.0 * np.log10(bands.mean(axis=1))
    return level
