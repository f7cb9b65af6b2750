"""The timbre of a sound: mel spectrogram, pitch track, spectral centroid, flatness and onsets, by librosa.

found = timbre_of(samples, 48_000)
found.centroid_hz, found.onsets_per_s

librosa takes two seconds to load, so the functions import it; only `inspect` and `compare --timbre` call
them. Definitions of the features: B. McFee et al., "librosa: Audio and Music Signal Analysis in Python"
(SciPy 2015); pitch by M. Mauch, S. Dixon, "pYIN" (ICASSP 2014).
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from functools import lru_cache, wraps
from pathlib import Path
from threading import Thread, local
from typing import Any, ParamSpec, TypeVar

import numpy as np
from filelock import FileLock

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass

P = ParamSpec("P")
R = TypeVar("R")

MEL_BANDS = 96
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 60.0, 800.0
SHORTEST_S = 0.1

_PITCH_RATE_HZ = 16_000
_PITCH_FRAME = 1024
_FRAME_S = 0.085  # 4096 samples at 48 kHz
_ONSET_DB = 2.0
"""The minimum spectral flux of an onset above its surroundings, mean over the mel bands."""
_VOICED = 0.3
"""The minimum probability of a voiced frame: white noise reaches 0.02, speech 0.9."""
_QUIET_DB = 60.0
"""Frames this far below the loudest are silence and have no timbre."""


class _Thread(local):
    """Whether the current thread calls librosa."""

    calls_librosa = False


_thread = _Thread()


@lru_cache(maxsize=1)
def _lock() -> Any:
    """The lock that lets only one process of this user call librosa at a time."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    return FileLock(Path(tempfile.gettempdir()) / f"render-ending-librosa-{user}.lock")


def _alone(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, called in a thread of its own while no other process of this user is in librosa.

    A signal raises its exception in the main thread, and an exception that is raised while numba's code
    returns crashes the process (observed with numba 0.68). The main thread waits, and a signal ends it at once.

    numba compiles librosa's functions at import or at their first call and caches them on disk. Two processes
    that do this at once leave code in the cache that crashes both of them and every later process (observed
    with numba 0.68 and librosa 0.11).
    """

    @wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        if _thread.calls_librosa:
            return function(*args, **kwargs)
        found: Future[R] = Future()

        def call() -> None:
            _thread.calls_librosa = True
            try:
                with _lock():
                    found.set_result(function(*args, **kwargs))
            except BaseException as error:
                found.set_exception(error)

        Thread(target=call, name="librosa", daemon=True).start()
        return found.result()

    return alone


@dataclass(frozen=True)
class Timbre:
    """Means over the frames that are within 60 dB of the loudest one.

    `centroid_hz`: centre of gravity of the magnitude spectrum. `flatness_db`: geometric over arithmetic
    mean of the power spectrum, 0 dB for white noise. `onsets_per_s`: peaks of the spectral flux.
    `pitch_hz`: median over the voiced frames, None without voiced frames; `voiced_percent`: their share.
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
    """`time_s` `(m,)` and `pitch_hz` `(m,)`, NaN for a frame that is not voiced."""

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

    Raises ReportError for silent samples and for less than 0.1 s.
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
    """The power of the fold to mono in mel bands up to 20 kHz, `(96, m)`, in dB re full scale squared.

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
    """The RMS difference of the mean mel spectra of two level-matched signals, in dB: 0 for equal timbre at any
    gain.

    Raises ReportError as `timbre_of`.
    """
    mean = [_mean_mel_db(x, sample_rate_hz) for x in (one, other)]
    difference = mean[0] - mean[1]
    difference -= np.mean(difference)
    return float(np.sqrt(np.mean(np.square(difference))))


@_alone
def pitch_track(samples: Samples, sample_rate_hz: int) -> PitchTrack:
    """The pitch of the fold to mono between 60 and 800 Hz, one point per 64 ms.

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
    """The fold to mono as `(n,)` float32, the format of librosa."""
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
    """Magnitudes `(bins, frames)`; a full-scale sine reaches 1."""
    import librosa

    size = 2 ** round(math.log2(_FRAME_S * sample_rate_hz))
    padded = np.pad(mono, (0, max(0, size - len(mono))))
    spectrum = np.abs(librosa.stft(padded, n_fft=size, hop_length=size // 4))
    return spectrum * (4.0 / size)  # a Hann window halves a sine, which is split over two bins


def _active(spectrum: Any) -> Any:
    power = np.square(spectrum).sum(axis=0)
    return power > power.max() * 10.0 ** (-_QUIET_DB / 10.0)


def _mean_mel_db(samples: Samples, sample_rate_hz: int) -> Samples:
    bands = 10.0 ** (mel_spectrogram_db(samples, sample_rate_hz) / 10.0)
    level: Samples = 10.0 * np.log10(bands.mean(axis=1))
    return level
