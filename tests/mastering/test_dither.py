"""The law of the dither: triangular, of RMS 1/√6 of a step, and independent in every channel and stream."""

import numpy as np
import pytest

from audio_pipeline.mastering.dither import Dither
from audio_pipeline.mastering.quantise import quantise
from audio_pipeline.timeline.spans import Span

N = 200_000
SPAN = Span(0, N)
SURE = 6 / np.sqrt(N)
"""Six standard deviations of a correlation of independent numbers."""


def correlation(a, b):
    return abs(np.corrcoef(a, b)[0, 1])


@pytest.fixture(scope="module")
def drawn():
    return Dither(1, "master").draw(SPAN, 2)


def test_it_is_triangular_between_minus_one_and_one_step(drawn):
    for channel in drawn.T:
        assert np.abs(channel).max() < 1.0
        edges = np.linspace(-1.0, 1.0, 21)
        share = np.histogram(channel, edges)[0] / N
        centre = (edges[1:] + edges[:-1]) / 2
        expected = (1.0 - np.abs(centre)) * 0.1
        assert share == pytest.approx(expected, abs=6 * np.sqrt(0.1 / N))


def test_its_rms_is_that_of_two_uniform_draws(drawn):
    for channel in drawn.T:
        assert channel.mean() == pytest.approx(0.0, abs=6 / np.sqrt(6 * N))
        # one draw used twice has √2 times this
        assert np.sqrt(np.mean(channel**2)) == pytest.approx(1 / np.sqrt(6), rel=0.01)


def test_samples_channels_streams_and_seeds_are_independent(drawn):
    left, right = drawn.T
    assert correlation(left, right) < SURE
    assert correlation(left[1:], left[:-1]) < SURE
    assert correlation(left, Dither(1, "DX").draw(SPAN, 1)[:, 0]) < SURE
    assert correlation(left, Dither(2, "master").draw(SPAN, 1)[:, 0]) < SURE


def test_a_sample_has_its_dither_however_the_programme_is_cut(drawn):
    part = Span(12_345, 23_456)
    assert (Dither(1, "master").draw(part, 2) == drawn[part.inside(SPAN)]).all()


def test_the_error_does_not_depend_on_what_is_rounded():
    """With triangular dither neither the mean nor the power of the error follows the signal."""
    for level in (0.0, 0.25, 0.5):
        samples = np.full((N, 1), level / 2**15)
        steps = quantise(samples, 16, Dither(1, "master"), SPAN, (SPAN,))
        error = steps[:, 0] - level
        assert error.mean() == pytest.approx(0.0, abs=0.01)
        assert np.mean(error**2) == pytest.approx(0.25, rel=0.02)


def test_silence_that_is_meant_gets_no_dither():
    steps = quantise(np.zeros((100, 2)), 24, Dither(1, "master"), Span(0, 100), (Span(0, 40),))
    assert not steps[40:].any()
    assert steps[:40].any()


def test_what_exceeds_full_scale_is_held_at_the_ends_of_the_format():
    loud = np.array([[2.0], [-2.0]])
    steps = quantise(loud, 16, Dither(1, "master"), Span(0, 2), (Span(0, 2),))
    assert steps.tolist() == [[32_767], [-32_768]]
