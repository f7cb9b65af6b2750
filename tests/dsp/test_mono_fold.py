import numpy as np
import pytest

from audio_pipeline.dsp.mono_fold import mono_fold_holes

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
