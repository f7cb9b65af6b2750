"""What is lost when left and right are added up: where a delay between the ears turns into a comb."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import frequencies

_LOWEST_HZ, _HIGHEST_HZ = 50.0, 16_000.0
_HEARD_DB = -60.0  # a band further below the loudest one cannot have a hole that matters
_DEEPEST_DB = -60.0


@dataclass(frozen=True)
class MonoFold:
    """By third octave, `(bands,)` each: the power of L + R over that of L and R apart, dB.

    0 for unlike channels, +3 for alike, far below 0 where they cancel: a hole. It goes no lower
    than −60, and is 0 where there is no sound.
    """

    centre_hz: Samples
    change_db: Samples

    @property
    def deepest_db(self) -> float:
        """The deepest hole, dB; 0 or more when there is none."""
        return float(self.change_db.min())

    @property
    def deepest_at_hz(self) -> float:
        """Where that is, Hz."""
        return float(self.centre_hz[int(self.change_db.argmin())])


def mono_fold_holes(stereo: Samples, sample_rate: int) -> MonoFold:
    """How deep third octaves become when `stereo` `(n, 2)` is folded to L + R.

    Power over all of it, by Welch's method in blocks of some 0.2 s: give it one section at a time,
    because holes that move average out. Centres from 50 Hz to 16 kHz, IEC 61260, base two. Raises
    ValueError for another shape.
    """
    if stereo.ndim != 2 or stereo.shape[1] != 2:
        raise ValueError(f"{stereo.shape} is not (n, 2)")
    size = 1 << round(np.log2(0.2 * sample_rate))
    window = np.hanning(size)[:, None]
    apart, folded = np.zeros(size // 2 + 1), np.zeros(size // 2 + 1)
    for start in range(0, max(len(stereo) - size // 2, 1), size // 2):
        block = stereo[start : start + size]
        if block.any():
            spectrum = np.fft.rfft(block * window[: len(block)], size, axis=0)
            apart += np.square(np.abs(spectrum)).sum(axis=1)
            folded += np.square(np.abs(spectrum.sum(axis=1)))
    low, high = (round(3 * np.log2(edge / 1000.0)) for edge in (_LOWEST_HZ, _HIGHEST_HZ))
    centre_hz = 1000.0 * 2.0 ** (np.arange(low, high + 1) / 3)
    f = frequencies(size, sample_rate)
    before, after = (_per_band(power, f, centre_hz) for power in (apart, folded))
    heard = before > max(float(before.max()), 1e-300) * 10.0 ** (_HEARD_DB / 10.0)
    ratio = np.where(heard, after, 1.0) / np.where(heard, before, 1.0)
    return MonoFold(centre_hz, 10.0 * np.log10(np.maximum(ratio, 10.0 ** (_DEEPEST_DB / 10.0))))


def _per_band(power: Samples, frequency_hz: Samples, centre_hz: Samples) -> Samples:
    total = np.concatenate([[0.0], np.cumsum(power)])
    first = np.searchsorted(frequency_hz, centre_hz * 2 ** (-1 / 6))
    last = np.searchsorted(frequency_hz, centre_hz * 2 ** (1 / 6))
    band: Samples = total[last] - total[first]
    return band
