"""Noise is a function of its place: any window, any order, and no stream moves another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp import noise
from audio_pipeline.timeline.spans import TILE

WHOLE = noise.uniform(7, "hiss", -50_000, 100_000)


@settings(max_examples=50)
@given(st.integers(-50_000, 100_000), st.integers(0, 60_000))
def test_any_window_is_cut_from_the_same_noise(start, length):
    stop = min(start + length, 100_000)
    window = noise.uniform(7, "hiss", start, stop)
    assert (window == WHOLE[start + 50_000 : stop + 50_000]).all()


@pytest.mark.parametrize(("seed", "stream"), [(8, "hiss"), (7, "hiss2")])
def test_another_seed_or_stream_is_unlike(seed, stream):
    other = noise.uniform(seed, stream, -50_000, 100_000)
    assert abs(np.corrcoef(WHOLE, other)[0, 1]) < 0.02


def test_noise_has_its_rms_and_no_mean():
    assert WHOLE.std() == pytest.approx(12**-0.5, rel=0.01)
    assert abs(WHOLE.mean()) < 0.003
    assert -0.5 < WHOLE.min() < -0.4999
    assert 0.4999 < WHOLE.max() < 0.5


def test_noise_is_white():
    spectrum = np.abs(np.fft.rfft(WHOLE.reshape(-1, 1000) * np.hanning(1000))) ** 2
    smooth = spectrum.mean(axis=0)[2:-2]
    assert 10 * np.log10(smooth.max() / smooth.min()) < 5.0
    assert abs(np.corrcoef(WHOLE[:-1], WHOLE[1:])[0, 1]) < 0.01


def test_every_step_is_alike_often():
    (drawn,) = noise.steps(1, "s", range(1), 65_536 * 4)
    counts = np.bincount((drawn >> 8).astype(int) + 128, minlength=256)
    assert counts.min() > 850
    assert counts.max() < 1200


@given(st.integers(-(2**40), 2**40), st.integers(1, 5), st.integers(1, 300))
def test_a_cell_is_the_same_whichever_was_drawn_before_it(first, count, n):
    for cell, drawn in enumerate(noise.steps(1, "s", range(first, first + count), n), first):
        alone = noise.generator(1, "s", cell).bit_generator.random_raw(-(-n // 4))
        np.testing.assert_array_equal(drawn, alone.view(np.int16)[:n])


def test_single_precision_holds_every_step():
    (whole,) = noise.steps(7, "hiss", range(1), noise.CELL)
    np.testing.assert_array_equal(
        noise.uniform(7, "hiss", 0, noise.CELL), (whole.astype(np.float64) + 0.5) / 2**16
    )


def test_the_cell_divides_the_tile():
    assert TILE % noise.CELL == 0
