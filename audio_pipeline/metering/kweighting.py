"""K-weighting, from its analogue prototype, for any sample rate; and how much each channel counts.

Source: ITU-R BS.1770-5, Annex 1. The recommendation gives coefficients for 48 kHz only; the prototype
below reproduces them (the frequencies, gain and Q are those of the analogue filters behind its tables).
"""

from __future__ import annotations

import math

from audio_pipeline.dsp.recursive import Section

OFFSET_LU = -0.691
"""What is added so that a 997 Hz sine reads its own level: BS.1770's constant."""

SURROUND = 1.41
"""BS.1770-5, table 4: a channel at 60° to 120° to the side, near ear height."""

_LAYOUTS: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, SURROUND, SURROUND),
    5: (1.0, 1.0, 1.0, SURROUND, SURROUND),
    6: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND),
    7: (1.0, 1.0, 1.0, SURROUND, SURROUND, 1.0, 1.0),
    8: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND, 1.0, 1.0),
    10: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND, 1.0, 1.0, 1.0, 1.0),
    12: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
}


def channel_weights(channels: int) -> tuple[float, ...]:
    """How much each channel's power counts when nobody says otherwise, in the film order.

    1 mono · 2 L R · 3 L R C · 4 L R Ls Rs · 5 L R C Ls Rs · 6 L R C LFE Ls Rs · 7 and 8 L R C (LFE)
    Lss Rss Lrs Rrs · 10 the same and two above · 12 the same and four above. Side surrounds weigh
    1.41, rear ones (beyond 120°) and those above 1, LFE nothing: BS.1770-5, Annex 1 and 3. Any other
    count has no order that everybody agrees on: every channel weighs 1.
    Raises ValueError for less than one channel.
    """
    if channels < 1:
        raise ValueError(f"a programme has at least one channel, not {channels}")
    return _LAYOUTS.get(channels, (1.0,) * channels)


def k_weighting(sample_rate_hz: int) -> tuple[Section, Section]:
    """The shelf (the head) and the high-pass (RLB) at this rate, by bilinear transform.

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
