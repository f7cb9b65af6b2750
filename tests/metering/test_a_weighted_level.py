from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.metering.a_weighted_level import AWeightedMeter, a_weighted_dbfs
from audio_pipeline.metering.weighting import a_weighting_db
from audio_pipeline.timeline.spans import Span

RATE = 48_000


@pytest.mark.parametrize("frequency_hz", [100.0, 1000.0, 5000.0])
def test_the_a_weighted_level_of_a_tone_is_its_rms_through_the_curve(frequency_hz: float) -> None:
    wave = 10 ** (-10 / 20) * np.sin(2 * np.pi * frequency_hz / RATE * np.arange(20 * RATE))
    curve = float(a_weighting_db(np.array(frequency_hz)))
    assert a_weighted_dbfs(wave[:, None], RATE) == pytest.approx(-10.0 - 3.0103 + curve, abs=0.1)


def test_a_span_measures_like_a_file_of_its_own() -> None:
    x = (
        np.random.default_rng(2).standard_normal((4 * RATE, 2))
        * np.linspace(0.1, 0.0, 4 * RATE)[:, None]
    )
    for span in (Span(1_234, 100_001), Span(90_000, 150_000), Span(3, 5_000), Span(0, len(x))):
        meter = AWeightedMeter(span, RATE, 2)
        for start in range(0, len(x), 7_919):
            meter.feed(x[start : start + 7_919])
        assert meter.result() == a_weighted_dbfs(x[span.start : span.stop], RATE)


def test_silence_and_nothing_have_no_level() -> None:
    assert a_weighted_dbfs(np.zeros((RATE, 1)), RATE) is None
    assert a_weighted_dbfs(np.zeros((0, 1)), RATE) is None
