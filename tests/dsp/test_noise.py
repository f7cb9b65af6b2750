"""Noise is a function of its place: any window, any order, and no stream moves another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp import noise
from audio_pipeline.timeline.spans import TILE

WHOLE = noise.gaussian(7, "hiss", -50_000, 100_000)


@settings(max_examples=50, deadline=None)
@given(st.integers(-50_000, 100_000), st.integers(0, 60_000))
def test_any_window_is_cut_from_the_same_noise(start, length):
    stop = min(start + length, 100_000)
    window = noise.gaussian(7, "hiss", start, stop)
    assert (window == WHOLE[start + 50_000 : stop + 50_000]).all()


@pytest.mark.parametrize(("seed", "stream"), [(8, "hiss"), (7, "hiss2")])
def test_another_seed_or_stream_is_unlike(seed, stream):
    other = noise.gaussian(seed, stream, -50_000, 100_000)
    assert abs(np.corrcoef(WHOLE, other)[0, 1]) < 0.02


def test_noise_has_its_rms_and_no_mean():
    assert WHOLE.std() == pytest.approx(1.0, abs=0.02)
    assert noise.uniform(1, "u", 0, 100_000).std() == pytest.approx(12**-0.5, rel=0.02)
    assert abs(WHOLE.mean()) < 0.02


def test_the_cell_divides_the_tile():
    assert TILE % noise.CELL == 0
