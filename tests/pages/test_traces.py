"""What a page draws is the same from any blocks, at every rate that a mix may have and more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.pages.traces import CLOSE_STEP_S, Balance, CloseUp

RATES_HZ = (8_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
STEP_S = 0.1


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_traces_are_the_same_from_any_blocks(rate_hz, data):
    step = round(STEP_S * rate_hz)
    n = data.draw(st.sampled_from([0, 1, step - 1, step, step + 1, 2 * step + 7]))
    cuts = data.draw(st.lists(st.sampled_from(sorted({0, 1, step, n})) | st.integers(0, n), max_size=5))
    samples = np.random.default_rng(n).standard_normal((n, 2))
    place, close = Balance(rate_hz, STEP_S), CloseUp(rate_hz)
    edges = sorted(min(cut, n) for cut in cuts)
    for start, stop in zip([0, *edges], [*edges, n], strict=True):
        place.feed(samples[start:stop])
        close.feed(samples[start:stop])
    left, right = np.square(samples[: n // step * step].T).reshape(2, n // step, step).mean(axis=2)
    expected = np.round((right - left) / (right + left), 3)
    assert place.points() == pytest.approx(expected.tolist(), abs=0.0011)
    short = round(CLOSE_STEP_S * rate_hz)
    powers = np.square(samples[: n // short * short]).reshape(n // short, short * 2).mean(axis=1)
    assert np.concatenate([[], *close._powers]) == pytest.approx(powers, rel=1e-6)
