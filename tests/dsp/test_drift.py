import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.drift import drift

INTERVAL = 4800


@settings(deadline=None, max_examples=30)
@given(start=st.integers(-50_000, 50_000), length=st.integers(1, 40_000))
def test_any_window_of_a_drift_is_cut_from_the_same_drift(start: int, length: int) -> None:
    whole = drift(1, "it", INTERVAL, -60_000, 100_000)
    window = drift(1, "it", INTERVAL, start, start + length)
    np.testing.assert_array_equal(window, whole[start + 60_000 :][:length])


def test_a_drift_has_mean_0_rms_1_and_a_bound() -> None:
    curve = drift(1, "it", INTERVAL, 0, 1000 * INTERVAL)
    assert abs(curve.mean()) < 0.1
    assert np.sqrt(np.mean(curve**2)) == pytest.approx(1.0, abs=0.1)
    assert np.abs(curve).max() <= 2.9


def test_a_drift_holds_little_that_is_faster_than_a_cycle_in_two_intervals() -> None:
    curve = drift(1, "it", INTERVAL, 0, 256 * INTERVAL)
    power = np.abs(np.fft.rfft(curve * np.hanning(len(curve)))) ** 2
    assert power[256:].sum() < 0.01 * power.sum()


def test_a_drift_never_comes_back() -> None:
    curve = drift(1, "it", INTERVAL, 0, 512 * INTERVAL)[::480]
    spectrum = np.abs(np.fft.rfft(curve - curve.mean(), 2 * len(curve))) ** 2
    likeness = np.fft.irfft(spectrum)[: len(curve) // 2]
    assert np.abs(likeness[40:] / likeness[0]).max() < 0.35


def test_a_drift_wants_an_interval_that_its_grid_can_follow() -> None:
    with pytest.raises(ValueError, match="480"):
        drift(1, "it", 100, 0, 10)
