"""The meter's true peak against band-limited interpolation, 64 × with 256 taps a side."""

from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.metering.meter import measure
from tests.standards.true_peak_reference import BAND_LIMITED, FULL_BAND, Make, reference_peak

RATES_HZ = (8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 176_400, 192_000)


def error_db(make: Make, seed: int, rate_hz: int) -> float:
    x = make(np.random.default_rng(seed))
    x *= 0.1 / np.abs(x).max()
    reading = measure(x[:, None], rate_hz).true_peak_dbtp
    assert reading is not None
    return reading - 20 * float(np.log10(reference_peak(x)))


@pytest.mark.parametrize("make", BAND_LIMITED, ids=lambda make: make.__name__)
def test_band_limited_material_reads_within_a_twentieth_of_a_decibel(make: Make) -> None:
    errors = [error_db(make, seed, rate) for seed, rate in enumerate(RATES_HZ)]
    assert max(errors) < 0.05
    assert min(errors) > -0.05


@pytest.mark.parametrize("make", FULL_BAND, ids=lambda make: make.__name__)
def test_full_band_material_reads_within_half_a_decibel(make: Make) -> None:
    errors = [error_db(make, seed, rate) for seed, rate in enumerate(RATES_HZ)]
    assert max(errors) < 0.5
    assert min(errors) > -0.5


def test_the_reference_finds_the_peak_of_a_tone_between_its_samples() -> None:
    x = np.hanning(2000) * np.sin(np.pi / 2 * np.arange(2000) + np.pi / 4)
    assert np.abs(x).max() < 0.708
    assert reference_peak(x) == pytest.approx(1.0, abs=1e-4)
