"""Measures of a scene: how far away a voice is, how well it is understood, how wide and dense a room is.

Audio is `(n,)` or `(n, channels)`, time first. Levels are in dB; a silent signal measures −300 dB.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.signal import get_window, resample_poly

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.timeline.spans import Span

SII_WEIGHT = {250: 0.0617, 500: 0.1671, 1000: 0.2373, 2000: 0.2648, 4000: 0.2142, 8000: 0.0549}
"""Importance of the octave bands for speech, ANSI S3.5-1997, table 3."""

_FRAME_S = 0.02
_PAUSE_S = 0.25


def db(power: Samples | float) -> Samples:
    """10·log10 of a power."""
    level: Samples = 10.0 * np.log10(np.maximum(power, 1e-30))
    return level


def level_db(x: Samples) -> float:
    """Mean square over time and channels, dB."""
    return float(db(np.mean(np.square(x)))) if x.size else -300.0


def band(x: Samples, low_hz: float, high_hz: float, rate: int) -> Samples:
    """`x` between two frequencies, cut in the spectrum of the whole."""
    spectrum = np.fft.rfft(x, axis=0)
    hz = np.fft.rfftfreq(len(x), 1 / rate)
    spectrum[(hz < low_hz) | (hz >= high_hz)] = 0.0
    return np.fft.irfft(spectrum, len(x), axis=0)


def band_level_db(x: Samples, low_hz: float, high_hz: float, rate: int) -> float:
    """Mean square of `x` between two frequencies, over time and channels, dB."""
    power = np.square(np.abs(np.fft.rfft(x, axis=0)))
    hz = np.fft.rfftfreq(len(x), 1 / rate)
    weight = np.where((hz == 0) | (2 * hz == rate), 1.0, 2.0)
    inside = (hz >= low_hz) & (hz < high_hz)
    each = (weight[inside] @ power.reshape(len(hz), -1)[inside]) / len(x) ** 2
    return float(db(each.mean()))


def powers(x: Samples, step: int) -> Samples:
    """Mean square of every `step` samples over all channels, `(n // step,)`."""
    cut = np.square(x[: len(x) // step * step])
    return cut.reshape(len(x) // step, -1).mean(axis=1)


# Speech


def active(dry: Samples, step: int, within_db: float = 30.0) -> np.ndarray:
    """Which steps hold speech: those within `within_db` of the loudest one; pauses are not speech."""
    power = powers(dry, step)
    return power > power.max() * 10.0 ** (-within_db / 10.0)


def phrases(dry: Samples, rate: int) -> list[Span]:
    """Where a dry voice speaks without a pause of a quarter of a second, in samples."""
    step = round(_FRAME_S * rate)
    speaking = np.flatnonzero(active(dry, step))
    breaks = np.flatnonzero(np.diff(speaking) * _FRAME_S > _PAUSE_S)
    edges = [0, *(breaks + 1).tolist(), len(speaking)]
    return [
        Span(int(speaking[a]) * step, (int(speaking[b - 1]) + 1) * step)
        for a, b in pairwise(edges)
        if b - a >= 10
    ]


def intelligibility_index(speech: Samples, rest: Samples, rate: int) -> float:
    """Speech intelligibility index, 0..1, by octave bands and masking alone (ANSI S3.5-1997)."""
    index = 0.0
    for centre_hz, weight in SII_WEIGHT.items():
        edges = centre_hz / 2**0.5, centre_hz * 2**0.5
        over = band_level_db(speech, *edges, rate) - band_level_db(rest, *edges, rate)
        index += weight * float(np.clip((over + 15.0) / 30.0, 0.0, 1.0))
    return index


_STOI_RATE = 10_000
_STOI_FRAME, _STOI_FFT, _STOI_BANDS, _STOI_LOWEST_HZ = 256, 512, 15, 150.0
_STOI_FRAMES, _STOI_CLIP_DB, _STOI_RANGE_DB = 30, -15.0, 40.0


def stoi(clean: Samples, heard: Samples, rate: int) -> float:
    """Short-time objective intelligibility of `heard` `(n,)` against `clean` `(n,)`, about 0..1.

    Source: Taal et al., "An algorithm for intelligibility prediction of time-frequency weighted noisy
    speech", IEEE Trans. ASLP 19, 2011: third-octave envelopes of 384 ms, normalised, clipped at −15 dB
    and correlated; frames of `clean` 40 dB under its loudest one are left out.
    """
    factor = np.gcd(rate, _STOI_RATE)
    x, y = (resample_poly(s, _STOI_RATE // factor, rate // factor) for s in (clean, heard))
    x, y = _without_pauses(x, y)
    bands_x, bands_y = (_third_octave_envelopes(s) for s in (x, y))
    windows = np.lib.stride_tricks.sliding_window_view
    segments_x = windows(bands_x, _STOI_FRAMES, axis=1)
    segments_y = windows(bands_y, _STOI_FRAMES, axis=1)
    norm_x, norm_y = (np.linalg.norm(s, axis=2, keepdims=True) for s in (segments_x, segments_y))
    limit = 1.0 + 10.0 ** (-_STOI_CLIP_DB / 20.0)
    clipped = np.minimum(segments_y * norm_x / np.maximum(norm_y, 1e-30), segments_x * limit)
    a, b = (s - s.mean(axis=2, keepdims=True) for s in (segments_x, clipped))
    lengths = np.linalg.norm(a, axis=2) * np.linalg.norm(b, axis=2)
    return float(np.mean((a * b).sum(axis=2) / np.maximum(lengths, 1e-30)))


def _without_pauses(clean: Samples, heard: Samples) -> tuple[Samples, Samples]:
    window, hop = np.hanning(_STOI_FRAME + 2)[1:-1], _STOI_FRAME // 2
    starts = np.arange(0, len(clean) - _STOI_FRAME, hop)
    frames = starts[:, None] + np.arange(_STOI_FRAME)
    energy = 20.0 * np.log10(np.linalg.norm(clean[frames] * window, axis=1) + 1e-30)
    kept = frames[energy > energy.max() - _STOI_RANGE_DB]
    joined = []
    for x in (clean, heard):
        out = np.zeros((len(kept) + 1) * hop)
        for k, frame in enumerate(kept):
            out[k * hop : k * hop + _STOI_FRAME] += x[frame] * window
        joined.append(out)
    return joined[0], joined[1]


def _third_octave_envelopes(x: Samples) -> Samples:
    """`(bands, frames)`: RMS of each third octave from 150 Hz in each frame."""
    window, hop = np.hanning(_STOI_FRAME + 2)[1:-1], _STOI_FRAME // 2
    starts = np.arange(0, len(x) - _STOI_FRAME, hop)
    spectra = np.fft.rfft(x[starts[:, None] + np.arange(_STOI_FRAME)] * window, _STOI_FFT)
    hz = np.fft.rfftfreq(_STOI_FFT, 1 / _STOI_RATE)
    centres = _STOI_LOWEST_HZ * 2.0 ** (np.arange(_STOI_BANDS) / 3.0)
    low, high = (
        np.argmin(np.abs(hz[:, None] - centres * 2.0**shift), axis=0) for shift in (-1 / 6, 1 / 6)
    )
    line = np.arange(len(hz))
    chosen = (line >= low[:, None]) & (line < high[:, None])
    return np.sqrt(chosen.astype(float) @ np.square(np.abs(spectra)).T)


# Places and rooms


def interaural_level_db(stereo: Samples) -> float:
    """Level of the right ear over the left, dB, of `(n, 2)`."""
    left, right = np.mean(np.square(stereo), axis=0)
    return float(db(right) - db(left))


def band_interaural_level_db(stereo: Samples, low_hz: float, high_hz: float, rate: int) -> float:
    """Level of the right ear over the left between two frequencies, dB."""
    left, right = (band_level_db(stereo[:, ear], low_hz, high_hz, rate) for ear in (0, 1))
    return right - left


def coherence(stereo: Samples, centre_hz: float, rate: int) -> float:
    """How alike two channels of a decay are in a third octave, −1..1: normalised, at no delay.

    A diffuse field at two points a distance d apart has sin(kd)/kd (Cook et al., 1955).
    """
    left, right = band(stereo, centre_hz / 2 ** (1 / 6), centre_hz * 2 ** (1 / 6), rate).T
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def echo_density(response: Samples, rate: int, window_s: float = 0.02) -> Samples:
    """Normalised echo density of a response `(n,)` at every millisecond, 0..1; 1 is Gaussian noise.

    Share of the samples in a Hann window of 20 ms that lie outside one standard deviation, over the
    share in Gaussian noise. Source: Abel & Huang, "A simple, robust measure of reverberation echo
    density", AES 121, 2006.
    """
    n = round(window_s * rate) | 1
    weight = get_window("hann", n, fftbins=False)
    weight /= weight.sum()
    padded = np.pad(response, n // 2)
    density = []
    for at in range(0, len(response), rate // 1000):
        piece = padded[at : at + n]
        deviation = np.sqrt(weight @ np.square(piece))
        density.append(float(weight @ (np.abs(piece) > deviation)) / 0.31731)
    return np.array(density)


def rising_through_s(density: Samples, value: float = 1.0) -> float:
    """When an echo density first reaches `value`, s."""
    reached = np.flatnonzero(density >= value)
    return float(reached[0]) / 1000.0 if len(reached) else float("inf")
