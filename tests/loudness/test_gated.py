"""The short way to integrated loudness is the long one's, to the last bit."""

import numpy as np
import pytest

from audio_pipeline.loudness.gated import GatedMeter
from audio_pipeline.loudness.meter import measure
from audio_pipeline.loudness.span_levels import GATED, TOO_SHORT


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("length", [30_000, 100_000, 250_007])
def test_it_reads_what_the_meter_reads(rate: int, length: int) -> None:
    x = 0.1 * np.random.default_rng(length).standard_normal((length, 2))
    x[length // 3 : length // 2] *= 1e-4
    meter = GatedMeter(rate, 2)
    for start in range(0, length, 7001):
        meter.feed(x[start : start + 7001])
    found, wanted = meter.result(), measure(x, rate)
    assert found.integrated_lufs == wanted.integrated_lufs
    known = np.isfinite(wanted.momentary_lufs)
    assert np.array_equal(found.momentary_lufs, wanted.momentary_lufs[known])
    assert found.reason is None


@pytest.mark.parametrize(("samples", "reason"), [(100, TOO_SHORT), (96_000, GATED)])
def test_what_cannot_be_read_has_its_reason(samples: int, reason: str) -> None:
    meter = GatedMeter(48_000, 2)
    meter.feed(np.full((samples, 2), 1e-6))
    assert meter.result().integrated_lufs is None
    assert meter.result().reason == reason
