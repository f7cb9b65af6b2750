import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.mono_fold import MonoFoldMeter, mono_fold_holes

RATE = 48_000


def noise(seed: int, n: int = 10 * RATE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def test_unlike_channels_lose_nothing() -> None:
    fold = mono_fold_holes(np.stack([noise(1), noise(2)], axis=1), RATE)
    assert np.abs(fold.change_db).max() < 1.0


def test_like_channels_gain_3_db() -> None:
    fold = mono_fold_holes(np.stack([noise(1), noise(1)], axis=1), RATE)
    np.testing.assert_allclose(fold.change_db, 3.0103, atol=1e-3)


def test_opposite_channels_cancel_down_to_the_floor() -> None:
    fold = mono_fold_holes(np.stack([noise(1), -noise(1)], axis=1), RATE)
    assert fold.deepest_db == pytest.approx(-60.0)


def test_one_channel_alone_has_no_holes() -> None:
    fold = mono_fold_holes(np.stack([noise(1), np.zeros(10 * RATE)], axis=1), RATE)
    np.testing.assert_allclose(fold.change_db, 0.0, atol=1e-9)


def test_a_delay_of_0_7_ms_digs_its_first_hole_near_700_hz() -> None:
    """Third octaves of |1 + exp(−jωτ)|² / 2, whose first zero is at 1 / 2τ."""
    delay = 34
    x = noise(1)
    fold = mono_fold_holes(np.stack([x[delay:], x[:-delay]], axis=1), RATE)
    low, high = fold.centre_hz * 2 ** (-1 / 6), fold.centre_hz * 2 ** (1 / 6)
    turn = 2 * np.pi * delay / RATE
    mean = 1 + (np.sin(turn * high) - np.sin(turn * low)) / (turn * (high - low))
    wide = fold.centre_hz > 200
    np.testing.assert_allclose(fold.change_db[wide], 10 * np.log10(mean[wide]), atol=0.7)
    first = fold.centre_hz < 1500
    assert 600 < fold.centre_hz[first][fold.change_db[first].argmin()] < 800


def test_silence_has_no_holes_and_other_shapes_are_misuse() -> None:
    assert mono_fold_holes(np.zeros((RATE, 2)), RATE).deepest_db == 0.0
    assert mono_fold_holes(np.zeros((10, 2)), RATE).deepest_db == 0.0
    with pytest.raises(ValueError, match="is not"):
        mono_fold_holes(np.zeros(RATE), RATE)


def fed(x: np.ndarray, block: int, every: int = 4) -> MonoFoldMeter:
    meter = MonoFoldMeter(RATE, every)
    for start in range(0, len(x), block):
        meter.feed(x[start : start + block])
    return meter


@pytest.mark.parametrize("every", [1, 2, 4])
@pytest.mark.parametrize("block", [1000, 8192, 50_000, 480_000])
def test_the_fold_does_not_depend_on_the_blocks_it_comes_in(block: int, every: int) -> None:
    x = np.stack([noise(1), 0.5 * noise(1) + noise(2)], axis=1)
    whole, parts = fed(x, len(x), every).result(), fed(x, block, every).result()
    np.testing.assert_array_equal(parts.change_db, whole.change_db)


def test_a_quarter_of_the_windows_tells_the_same_as_all_of_them() -> None:
    x = np.stack([noise(1, 60 * RATE), noise(2, 60 * RATE) + noise(1, 60 * RATE)], axis=1)
    sparse, full = (fed(x, 48_000, every).result() for every in (4, 1))
    wide = sparse.centre_hz > 200
    np.testing.assert_allclose(sparse.change_db[wide], full.change_db[wide], atol=0.4)


def test_asking_in_between_changes_nothing() -> None:
    x = np.stack([noise(1), noise(2)], axis=1)
    meter = MonoFoldMeter(RATE)
    meter.feed(x[:100_000])
    meter.result()
    meter.feed(x[100_000:])
    np.testing.assert_array_equal(meter.result().change_db, fed(x, len(x)).result().change_db)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.5, 4.0))
def test_unlike_channels_have_no_hole_by_accident_however_short(seed: int, seconds: float) -> None:
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((round(seconds * RATE), 2))
    certain = fed(x, len(x)).result().only_certain()
    assert certain is None or certain.deepest_db > -6.0


def test_a_hole_is_certain_sooner_where_a_band_is_wider() -> None:
    x = np.stack([noise(1, 3 * RATE), -noise(1, 3 * RATE)], axis=1)
    short = fed(x[:RATE], RATE).result()
    assert short.certain.any()
    assert not short.certain.all()
    assert short.certain[-1]
    assert (np.diff(short.certain.astype(int)) >= 0).all()
    assert fed(x[:2000], RATE).result().only_certain() is None
