"""FIRs do on the fly what mathematics says on paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.filters import convolve, fast_length, minimum_phase, one_pole_lowpass
from audio_pipeline.dsp.windows import sliding_minimum


def _smooth(n):
    for p in (2, 3, 5):
        while n % p == 0:
            n //= p
    return n == 1


@given(st.integers(1, 20_000))
def test_a_fast_length_is_the_smallest_without_great_factors(n):
    size = fast_length(n)
    assert size >= n
    assert _smooth(size)
    assert not any(_smooth(m) for m in range(n, size))


@settings(max_examples=30)
@given(st.integers(1, 700), st.integers(0, 3000), st.integers(1, 2))
def test_overlap_save_is_convolution(taps, n, channels):
    rng = np.random.default_rng(taps)
    window, impulse = rng.standard_normal((taps - 1 + n, channels)), rng.standard_normal(taps)
    expected = [np.convolve(window[:, c], impulse, "valid") for c in range(channels)] if n else []
    got = convolve(window, impulse)
    assert got.shape == (n, channels)
    if n:
        assert got == pytest.approx(np.stack(expected, axis=1), abs=1e-10)


def test_in_single_precision_what_is_rounded_away_is_130_db_below():
    rng = np.random.default_rng(3)
    window, impulse = rng.standard_normal((99_999, 2)), rng.standard_normal((700, 2))
    exact, rounded = (convolve(window.astype(t), impulse) for t in (np.float64, np.float32))
    assert rounded.dtype == np.float64
    assert 20 * np.log10(np.std(rounded - exact) / np.std(exact)) < -130.0


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_where_nothing_is_heard_it_is_exactly_silent(precision):
    window = np.zeros((100_000, 1), precision)
    window[70_000:70_100] = 1.0
    filtered = convolve(window, np.ones((500, 2)))
    sounding = np.abs(filtered[:, 1]) > 1e-3
    assert sounding.sum() == 599
    assert not filtered[:40_000].any()


def test_a_filter_gives_planar_memory():
    assert convolve(np.ones((20_000, 2)), np.ones(9))[:, 1].flags.c_contiguous


@pytest.mark.parametrize("n", [900, 16_384, 60_000, 100_001])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_planar_interleaved_and_padded_windows_give_the_same_bits(n, kind):
    """Blocks are read where they lie; only the last ones are padded."""
    planar = np.random.default_rng(n).standard_normal((2, n)).astype(kind).T
    before, impulse = planar.copy(), np.hanning(257)
    filtered = convolve(planar, impulse)
    assert np.array_equal(filtered, convolve(np.ascontiguousarray(planar), impulse))
    assert np.array_equal(filtered[:, 1:], convolve(planar[:, 1:], impulse))
    assert np.array_equal(planar, before)


@pytest.mark.parametrize("shape", [(10,), (3, 2)])
def test_a_window_that_is_too_short_is_refused(shape):
    with pytest.raises(ValueError, match="taps"):
        convolve(np.zeros(shape), np.ones(5))


def test_a_one_pole_is_3_db_down_at_its_cutoff_and_falls_6_db_an_octave():
    h = one_pole_lowpass(500.0, 48_000)
    response = np.abs(np.fft.rfft(h, 48_000))
    assert response[0] == pytest.approx(1.0)
    assert 20 * np.log10(response[500]) == pytest.approx(-3.01, abs=0.2)
    assert 20 * np.log10(response[2000] / response[4000]) == pytest.approx(6.0, abs=0.4)


def test_a_minimum_phase_filter_has_the_magnitude_that_was_asked_and_no_delay():
    f = np.fft.rfftfreq(8192, 1 / 48_000)
    asked = 1.0 / np.sqrt(1.0 + (f / 1000.0) ** 2)
    h = minimum_phase(asked, 1024)
    got = np.abs(np.fft.rfft(h, 8192))
    assert 20 * np.log10(got[10:3000] / asked[10:3000]) == pytest.approx(0.0, abs=0.05)
    assert np.argmax(np.abs(h)) <= 1


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=80), st.data())
def test_a_sliding_minimum_is_the_least_of_its_neighbours(values, data):
    width = data.draw(st.integers(1, len(values)))
    x = np.array(values)
    assert sliding_minimum(x, width).tolist() == [
        min(values[i : i + width]) for i in range(len(x) - width + 1)
    ]
