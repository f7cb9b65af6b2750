import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.drift import drift

INTERVAL = 4800


def drifting(start: int, stop: int, every: int = 10) -> Samples:
    return drift(1, "it", INTERVAL, np.arange(start, stop, every))


@settings(max_examples=30)
@given(start=st.integers(-50_000, 50_000), length=st.integers(1, 40_000))
def test_any_window_of_a_drift_is_cut_from_the_same_drift(start: int, length: int) -> None:
    whole = drifting(-60_000, 100_000, 1)
    window = drifting(start, start + length, 1)
    np.testing.assert_array_equal(window, whole[start + 60_000 :][:length])


def test_a_drift_has_mean_0_rms_1_and_a_bound() -> None:
    curve = drifting(0, 1000 * INTERVAL)
    assert abs(curve.mean()) < 0.1
    assert np.sqrt(np.mean(curve**2)) == pytest.approx(1.0, abs=0.1)
    assert np.abs(curve).max() <= 2.9


def test_a_drift_holds_little_that_is_faster_than_a_cycle_in_two_intervals() -> None:
    curve = drifting(0, 256 * INTERVAL)
    power = np.abs(np.fft.rfft(curve * np.hanning(len(curve)))) ** 2
    assert power[256:].sum() < 0.01 * power.sum()


def test_a_drift_never_comes_back() -> None:
    curve = drifting(0, 512 * INTERVAL, 480)
    spectrum = np.abs(np.fft.rfft(curve - curve.mean(), 2 * len(curve))) ** 2
    likeness = np.fft.irfft(spectrum)[: len(curve) // 2]
    assert np.abs(likeness[40:] / likeness[0]).max() < 0.35


def test_a_drift_has_no_corners() -> None:
    slopes = np.diff(drifting(0, 64 * INTERVAL)) * (INTERVAL / 10)
    assert np.abs(np.diff(slopes)).max() < 0.05


def test_no_drift_is_asked_of_no_time() -> None:
    assert len(drifting(0, 0)) == 0
    with pytest.raises(ValueError, match="interval"):
        drift(1, "it", 0, np.arange(10))
