"""Two channels of noise: each of the colour that was asked for, and as alike as was asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from audio_pipeline.dsp.coloured_noise import SIZE, grid_hz
from audio_pipeline.dsp.stereo_noise import StereoNoise

RATE = 48_000
FLAT = np.ones(SIZE // 2 + 1)


@pytest.mark.parametrize("alike", [-1.0, -0.4, 0.0, 0.6, 1.0])
def test_both_channels_have_their_level_and_are_as_alike_as_asked(alike):
    x = StereoNoise(3, "wind", FLAT, alike).draw(0, 20 * RATE)
    np.testing.assert_allclose(np.mean(x**2, axis=0), 1.0, rtol=0.01)
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(alike, abs=0.005)


def test_they_may_be_as_alike_as_is_asked_at_each_frequency():
    below = np.where(grid_hz(RATE) < 1000.0, 0.9, -0.3)
    left, right = StereoNoise(3, "wind", FLAT, below).draw(0, 60 * RATE).T
    hz, cross = signal.csd(left, right, RATE, nperseg=4096)
    power = np.sqrt(
        signal.welch(left, RATE, nperseg=4096)[1] * signal.welch(right, RATE, nperseg=4096)[1]
    )
    measured = cross.real / power
    assert np.mean(measured[(hz > 50) & (hz < 950)]) == pytest.approx(0.9, abs=0.01)
    assert np.mean(measured[hz > 1050]) == pytest.approx(-0.3, abs=0.01)


@settings(max_examples=10)
@given(st.integers(-60_000, 60_000), st.integers(0, 50_000))
def test_any_window_is_cut_from_the_same_noise(start, length):
    noise = StereoNoise(3, "wind", FLAT, 0.3)
    whole, window = noise.draw(-60_000, 110_000), noise.draw(start, start + length)
    assert window.shape == (length, 2)
    np.testing.assert_array_equal(window, whole[start + 60_000 :][:length])
