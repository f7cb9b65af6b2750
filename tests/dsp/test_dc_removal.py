"""DC goes, digital silence stays at zero, and what a voice has is not touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.dc_removal import CUTOFF_HZ, without_dc

RATE = 48_000


def freed(x: np.ndarray, rate: int = RATE, size: int = 1 << 20) -> np.ndarray:
    return np.concatenate(list(without_dc([x[i : i + size] for i in range(0, len(x), size)], rate)))


def tone(hz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return 0.1 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)[:, None]


def level_db(hz: float) -> float:
    x = tone(hz, 4.0)
    middle = slice(RATE, 3 * RATE)
    return float(20 * np.log10(np.std(freed(x)[middle]) / np.std(x[middle])))


@pytest.mark.parametrize("offset", [0.15, -0.03, 1e-4])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_an_offset_is_gone_and_silence_is_zero_up_to_its_edges(offset: float, rate: int) -> None:
    words = tone(200.0, 1.0, rate) + offset
    x = np.concatenate(
        [np.zeros((rate, 1)), words, np.zeros((rate // 2, 1)), words, np.zeros((rate, 1))]
    )
    y = freed(x, rate)
    assert not y[x == 0.0].any()
    for start in (rate, 2 * rate + rate // 2):
        word = y[start : start + rate]
        assert abs(word.mean()) < 0.01 * abs(offset) + 1e-6
        for edge in (word[: rate // 50], word[-rate // 50 :]):
            assert abs(edge.mean()) < 0.1 * abs(offset) + 2e-3


def test_an_offset_that_wanders_goes_too() -> None:
    t = np.arange(6 * RATE) / RATE
    drift = 0.05 * np.sin(2 * np.pi * 0.3 * t)[:, None]
    y = freed(tone(300.0, 6.0) + drift)
    assert 20 * np.log10(np.std((y - tone(300.0, 6.0))[RATE:-RATE]) / np.std(drift)) < -40


@pytest.mark.parametrize("hz", [30.0, 60.0, 100.0, 440.0, 8000.0])
def test_a_voice_is_not_touched(hz: float) -> None:
    assert level_db(hz) == pytest.approx(0.0, abs=0.1)


def test_the_cutoff_is_where_it_says() -> None:
    assert level_db(CUTOFF_HZ) == pytest.approx(-3.0, abs=0.2)
    assert level_db(2.0) < -20.0


def test_a_click_in_silence_is_no_offset() -> None:
    x = np.zeros((RATE, 1))
    x[10_000] = 1.0
    assert freed(x)[10_000, 0] == pytest.approx(1.0, abs=0.01)


@settings(max_examples=10, deadline=None)
@given(size=st.integers(50, 60_000), seed=st.integers(0, 9))
def test_the_blocks_do_not_matter(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((30_000, 2)) * 0.1 + 0.05
    x[8000:15_000] = 0.0
    assert np.abs(freed(x, 8_000, size) - freed(x, 8_000)).max() < 1e-12


def test_what_is_shorter_than_its_memory_keeps_its_length() -> None:
    assert freed(np.full((100, 1), 0.5)).shape == (100, 1)
    assert list(without_dc([], RATE)) == []
