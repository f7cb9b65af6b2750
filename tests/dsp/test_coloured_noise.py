"""Noise drawn as spectra: any window, the colour that was asked for, and no seam between blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.coloured_noise import HOP, SIZE, ColouredNoise, grid_hz
from audio_pipeline.timeline.spans import TILE

RATE = 48_000
COLOUR = 1.0 / np.sqrt(1.0 + (grid_hz(RATE) / 1000.0) ** 4)
NOISE = ColouredNoise(3, "wind", COLOUR)
WHOLE = NOISE.draw(-100_000, 1_000_000)


@settings(max_examples=20)
@given(st.integers(-100_000, 900_000), st.integers(0, 100_000))
def test_any_window_is_cut_from_the_same_noise(start, length):
    window = NOISE.draw(start, start + length)
    assert window.dtype == np.float32
    assert (window == WHOLE[start + 100_000 : start + length + 100_000]).all()


def test_level_and_colour_are_those_of_the_magnitude():
    assert np.mean(WHOLE**2) == pytest.approx(np.mean(COLOUR**2), rel=0.02)
    spectra = np.abs(np.fft.rfft(WHOLE[: 120 * 8192].reshape(120, 8192) * np.hanning(8192))) ** 2
    hz = np.fft.rfftfreq(8192, 1 / RATE)
    for low, high in ((100, 200), (500, 700), (1000, 1400), (2000, 3000), (5000, 7000)):
        band = (hz >= low) & (hz < high)
        wanted = np.mean(1.0 / (1.0 + (hz[band] / 1000.0) ** 4)) * 8192 * 0.375
        assert 10 * np.log10(spectra[:, band].mean() / wanted) == pytest.approx(0.0, abs=0.4)


def test_it_is_gaussian_and_nothing_is_heard_where_blocks_meet():
    white = ColouredNoise(4, "white", np.ones(SIZE // 2 + 1)).draw(0, 20 * HOP).reshape(20, -1)
    kurtosis = np.mean(white**4) / np.mean(white**2) ** 2
    assert kurtosis == pytest.approx(3.0, abs=0.02)
    meeting, alone = white[:, : SIZE - HOP], white[:, SIZE - HOP :]
    assert np.mean(meeting**2) / np.mean(alone**2) == pytest.approx(1.0, abs=0.02)
    assert abs(white.mean()) < 0.005


def test_another_seed_or_stream_is_unlike():
    for other in (ColouredNoise(4, "wind", COLOUR), ColouredNoise(3, "wind2", COLOUR)):
        alike = np.corrcoef(WHOLE, other.draw(-100_000, 1_000_000))[0, 1]
        assert abs(alike) < 0.02


def test_a_tile_begins_with_a_block_or_in_its_middle():
    """So that little is drawn that is not heard."""
    assert TILE % (HOP // 2) == 0


def test_a_magnitude_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="magnitude"):
        ColouredNoise(1, "x", np.ones(100))
