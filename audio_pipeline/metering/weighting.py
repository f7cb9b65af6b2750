"""A-weighting as a recursive filter that keeps the analogue curve up to half the sample rate.

Source: IEC 61672-1, Annex E: four zeros at 0 Hz; poles at 20.6 (twice), 107.7, 737.9 and 12 194 Hz
(twice).
"""

from __future__ import annotations

import math

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.recursive import Section

_F1, _F2, _F3, _F4 = 20.598997, 107.65265, 737.86223, 12194.217
"""The pole frequencies in Hz, to the digits of the standard."""


def a_weighting_db(frequency_hz: Samples) -> Samples:
    """The analogue curve, dB, 0 at 1 kHz: the target of a class 1 sound level meter."""

    def magnitude(f: Samples) -> Samples:
        s = np.square(f)
        return (_F4**2 * s * s) / ((s + _F1**2) * np.sqrt((s + _F2**2) * (s + _F3**2)) * (s + _F4**2))

    curve: Samples = 20.0 * np.log10(magnitude(np.asarray(frequency_hz)) / magnitude(np.array(1000.0)))
    return curve


def a_weighting(sample_rate_hz: int) -> tuple[Section, Section, Section]:
    """The sections at a sample rate, 0 dB at 1 kHz.

    The two below 1 kHz are bilinear transforms. The poles at 12 kHz, which such a transform would warp
    to silence at half the rate, are matched, with zeros solved so that the magnitude equals the
    analogue one at 0, a quarter and half of the rate (after Vicanek, "Matched second order digital
    filters", 2016).
    """
    sections = (
        _high_pass_pair(_F1, _F1, sample_rate_hz),
        _high_pass_pair(_F2, _F3, sample_rate_hz),
        _low_pass_pair(_F4, sample_rate_hz),
    )
    at_1_khz = math.prod(float(s.response(np.array(1000.0), sample_rate_hz)) for s in sections)
    last = sections[-1]
    scaled = Section(last.b0 / at_1_khz, last.b1 / at_1_khz, last.b2 / at_1_khz, last.a1, last.a2)
    return sections[0], sections[1], scaled


def _high_pass_pair(low_hz: float, high_hz: float, sample_rate_hz: int) -> Section:
    """s² / ((s + ω1)(s + ω2)), bilinear, each pole prewarped."""
    k1, k2 = (math.tan(math.pi * f / sample_rate_hz) for f in (low_hz, high_hz))
    p1, p2 = (1.0 - k1) / (1.0 + k1), (1.0 - k2) / (1.0 + k2)
    b = 1.0 / ((1.0 + k1) * (1.0 + k2))
    return Section(b, -2.0 * b, b, -(p1 + p2), p1 * p2)


def _low_pass_pair(corner_hz: float, sample_rate_hz: int) -> Section:
    """ω² / (s + ω)², poles matched, magnitude exact at three frequencies."""
    pole = math.exp(-2.0 * math.pi * corner_hz / sample_rate_hz)
    a1, a2 = -2.0 * pole, pole * pole

    def wanted(share: float) -> float:
        """|B|² at a share of half the rate: the analogue |H|² times the poles' |A|²."""
        analogue = 1.0 / (1.0 + (share * sample_rate_hz / 2.0 / corner_hz) ** 2) ** 2
        z = complex(math.cos(math.pi * share), -math.sin(math.pi * share))
        return analogue * abs(1.0 + a1 * z + a2 * z * z) ** 2

    # |b0 + b1·z⁻¹ + b2·z⁻²|² at 0, a quarter and half of the rate is (b0 + b1 + b2)², (b0 − b2)² + b1²
    # and (b0 − b1 + b2)²: they give b0 + b2, b1, and then b0 − b2
    bottom, middle, top = (wanted(share) for share in (0.0, 0.5, 1.0))
    outer = (math.sqrt(bottom) + math.sqrt(top)) / 2.0
    b1 = (math.sqrt(bottom) - math.sqrt(top)) / 2.0
    apart = math.sqrt(max(middle - b1 * b1, 0.0))
    return Section((outer + apart) / 2.0, b1, (outer - apart) / 2.0, a1, a2)
