"""Leq(m), the loudness measure of film programmes, trailers and cinema commercials.

The signal is weighted as in ITU-R BS.468-4, 5.6 dB lower so that 2 kHz is 0 dB, averaged as power over
the complete length, and the channels are summed as power. The level is in dB(m), as in a theatre
aligned to 85 dBC for −20 dBFS of pink noise from one screen channel (ISO 21727, SMPTE RP 200). dBFS is
as in AES17, where a full-scale sine is 0: a 2 kHz sine of amplitude 0.1 reads 85 dB.

According to BS.468-4, its nominal curve is the response of its network, and its table gives values of
it; so the curve between the points of the table is the network's. The free meter leqm-nrt, with the
same alignment, interpolates the points linearly in decibels over hertz and reads up to 0.5 dB less
between them; with that interpolation instead of the network this module agrees with it
(`tests/metering/leq_m_programmes.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import convolve, frequencies, minimum_phase

ALIGNMENT_DBC = 85.0
ALIGNMENT_DBFS = -20.0

_TAPS = 2048
_REFERENCE_HZ = 2000.0


def m_weighting_db(frequency_hz: Samples) -> Samples:
    """The weighting at each frequency above 0, dB: the curve of BS.468-4, shifted to 0 dB at 2 kHz.

    Source of the rational form: ITU-R BS.468-4 describes the network; the polynomials are its transfer
    function as commonly published, within 0.1 dB of the recommendation's table.
    """
    curve: Samples = 20.0 * np.log10(_itu_r_468(frequency_hz) / _itu_r_468(np.array(_REFERENCE_HZ)))
    return curve


def leq_m_db(samples: Samples, sample_rate_hz: int) -> float | None:
    """Leq(m) of `(n, channels)` samples, dB; None for silence or no samples."""
    return leq_m_of_blocks_db([samples], sample_rate_hz)


def leq_m_of_blocks_db(blocks: Iterable[Samples], sample_rate_hz: int) -> float | None:
    """As `leq_m_db`, for a programme in blocks `(n, channels)` of any size."""
    impulse = _impulse(sample_rate_hz)
    before, energy, length = np.zeros((_TAPS - 1, 1)), 0.0, 0
    for block in blocks:
        window = np.vstack([np.broadcast_to(before, (_TAPS - 1, block.shape[1])), block])
        energy += float(np.sum(np.square(convolve(window, impulse))))
        length += len(block)
        before = window[len(block) :]
    energy += float(np.sum(np.square(convolve(np.vstack([before, np.zeros_like(before)]), impulse))))
    if energy <= 0.0:
        return None
    return ALIGNMENT_DBC - ALIGNMENT_DBFS + 10.0 * math.log10(2.0 * energy / length)


def _itu_r_468(frequency_hz: Samples) -> Samples:
    f = np.asarray(frequency_hz, dtype=np.float64)
    even = ((-4.737338981378384e-24 * f**2 + 2.043828333606125e-15) * f**2 - 1.363894795463638e-7) * f**2
    odd = ((1.306612257412824e-19 * f**2 - 2.118150887518656e-11) * f**2 + 5.559488023498642e-4) * f
    magnitude: Samples = 1.246332637532143e-4 * f / np.hypot(even + 1.0, odd)
    return magnitude


@lru_cache(maxsize=4)
def _impulse(sample_rate_hz: int) -> Samples:
    """The weighting as a FIR `(_TAPS,)`.

    Towards 0 Hz the curve falls by 6 dB an octave, like the difference of two samples. The remaining
    response is flat there, so that its filter can be short.
    """
    f = frequencies(16 * _TAPS, sample_rate_hz)
    f[0] = 1e-3 * f[1]
    difference = 2.0 * np.sin(np.pi * f / sample_rate_hz)
    left = 10.0 ** (m_weighting_db(f) / 20.0) / difference
    return np.convolve(minimum_phase(left, _TAPS - 1), [1.0, -1.0])
