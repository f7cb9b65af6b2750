"""The ceiling: peaks are held, the rest is left alone, and what it did is counted."""

import numpy as np
import pytest

from audio_pipeline.mastering.ceiling import Ceiling, CeilingAction
from audio_pipeline.metering.meter import measure
from audio_pipeline.timeline.spans import Span

RATE = 48_000


def test_what_it_did_is_the_deepest_reduction_where_it_was_and_how_many_samples_it_touched():
    action = CeilingAction()
    action = action.with_tile(np.array([1.0, 0.5, 0.9]), Span(100, 103))
    action = action.with_tile(np.array([1.0, 1.0, 0.8]), Span(200, 203))
    assert action.reduction_db == pytest.approx(6.02, abs=0.01)
    assert (action.at_sample, action.touched_samples) == (101, 3)
    deeper = action.with_tile(np.array([0.25]), Span(300, 301))
    assert (deeper.at_sample, deeper.touched_samples) == (300, 4)


def test_a_peak_in_either_channel_is_held_and_soft_sound_is_left_alone():
    ceiling = Ceiling(-6.0, 240)
    n = 2 * ceiling.halo + RATE
    t = np.arange(n) / RATE
    for channel in (0, 1):
        loud = np.zeros((n, 2))
        loud[:, channel] = 0.1 * np.sin(2 * np.pi * 997 * t)
        loud[n // 2 - 2000 : n // 2 + 2000, channel] *= 9.0
        gains = ceiling.gains(loud)
        middle = loud[ceiling.halo : -ceiling.halo]
        assert measure(middle * gains[:, None], RATE).true_peak_dbtp <= -6.0
        assert (gains[:1000] == 1.0).all()
        assert (gains[-1000:] == 1.0).all()
        assert np.abs(np.diff(gains)).max() < 0.01  # smooth, so that nothing clicks
    assert ceiling.gains(0.1 * np.ones((n, 2))) is None
