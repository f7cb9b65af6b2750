"""K-weighting for any sample rate, from its analogue prototype, and the channel weights.

Source: ITU-R BS.1770-5, Annex 1. The recommendation gives coefficients for 48 kHz only; the prototype
below reproduces them (frequencies, gain and Q are from the analogue filters on which its tables are
based).
"""

from __future__ import annotations

import math

from audio_pipeline.dsp.layouts import assumed
from audio_pipeline.dsp.recursive import Section

OFFSET_LU = -0.691
"""The constant of BS.1770: with it a 997 Hz sine reads its own level."""


def channel_weights(channels: int) -> tuple[float, ...]:
    """The weights of the channels when only their number is known: `dsp.layouts.assumed`.

    Raises ValueError for less than one channel.
    """
    return assumed(channels).weights


def k_weighting(sample_rate_hz: int) -> tuple[Section, Section]:
    """The shelf (head model) and the high-pass (RLB) at a sample rate, by bilinear transform.

    The high-pass has the recommendation's numerator, 1, −2, 1, at every rate.
    """
    return _shelf(sample_rate_hz), _high_pass(sample_rate_hz)


def _shelf(sample_rate_hz: int) -> Section:
    frequency_hz, gain_db, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * frequency_hz / sample_rate_hz)
    high = 10.0 ** (gain_db / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    return Section(
        b0=(high + band * k / q + k * k) / a0,
        b1=2.0 * (k * k - high) / a0,
        b2=(high - band * k / q + k * k) / a0,
        a1=2.0 * (k * k - 1.0) / a0,
        a2=(1.0 - k / q + k * k) / a0,
    )


def _high_pass(sample_rate_hz: int) -> Section:
    frequency_hz, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * frequency_hz / sample_rate_hz)
    a0 = 1.0 + k / q + k * k
    return Section(1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0)
