import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import CURVE_NAMES, CurveName
from audio_pipeline.dsp.fades import fade_edges


def edges(
    begin: int, end: int, rise: int, fall: int, start: int, stop: int, name: CurveName = "hsin"
) -> Samples:
    """The gain over [start, stop): what is left of a constant 1."""
    gain = np.ones(stop - start)
    fade_edges(gain, start, begin, end, rise, fall, rise_curve=name, fall_curve=name)
    return gain


@pytest.mark.parametrize("name", CURVE_NAMES)
def test_a_fade_has_its_edges_to_the_sample(name: CurveName) -> None:
    gain = edges(10, 110, 20, 30, 0, 120, name)
    assert not gain[:11].any()
    assert gain[11] > 0
    assert gain[29] < 1
    np.testing.assert_array_equal(gain[30:80], 1.0)
    assert gain[80] < 1
    assert gain[108] > 0
    assert not gain[109:].any()


def test_a_fade_of_no_length_is_a_cut() -> None:
    np.testing.assert_array_equal(edges(3, 6, 0, 0, 0, 8), [0, 0, 0, 1, 1, 1, 0, 0])


@given(
    begin=st.integers(-50, 150),
    length=st.integers(0, 150),
    rise=st.integers(0, 60),
    fall=st.integers(0, 60),
    cut=st.integers(0, 100),
)
def test_an_excerpt_of_a_fade_is_the_fade_of_an_excerpt(
    begin: int, length: int, rise: int, fall: int, cut: int
) -> None:
    whole = edges(begin, begin + length, rise, fall, 0, 100)
    parts = [edges(begin, begin + length, rise, fall, *ends) for ends in ((0, cut), (cut, 100))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert ((whole >= 0) & (whole <= 1)).all()


def test_both_channels_are_faded_alike_whatever_their_layout() -> None:
    for sound in (np.ones((8, 2)), np.ones((2, 8)).T):
        fade_edges(sound, 0, 1, 7, 2, 3)
        for channel in sound.T:
            np.testing.assert_array_equal(channel, edges(1, 7, 2, 3, 0, 8))
