"""That the measures measure: closed forms, and a published implementation where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tests.conftest import REPOSITORY
from tests.realism.measures import (
    band_level_db,
    coherence,
    echo_density,
    intelligibility_index,
    interaural_level_db,
    level_db,
    phrases,
    stoi,
)

RATE = 48_000


def noise(seed: int, n: int = RATE, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, channels)).squeeze()


def test_levels_are_those_of_a_sine() -> None:
    sine = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    assert level_db(sine) == pytest.approx(-3.01, abs=0.01)
    assert band_level_db(sine, 900, 1100, RATE) == pytest.approx(-3.01, abs=0.01)
    assert band_level_db(sine, 2000, 4000, RATE) < -200
    assert interaural_level_db(np.stack([0.5 * sine, sine]).T) == pytest.approx(6.02, abs=0.01)


def test_phrases_are_found_between_pauses() -> None:
    speech = np.concatenate([np.zeros(RATE // 2), noise(1), np.zeros(RATE), noise(2, 2 * RATE)])
    found = [(span.start / RATE, span.stop / RATE) for span in phrases(speech, RATE)]
    assert found == [pytest.approx((0.5, 1.5), abs=0.021), pytest.approx((2.5, 4.5), abs=0.021)]


def test_the_intelligibility_index_is_1_clear_0_masked_and_a_half_as_loud_as_the_noise() -> None:
    speech, rest = noise(1), noise(2)
    assert intelligibility_index(speech, 0.1 * rest, RATE) == pytest.approx(1.0)
    assert intelligibility_index(0.1 * speech, rest, RATE) == pytest.approx(0.0)
    assert intelligibility_index(speech, rest, RATE) == pytest.approx(0.5, abs=0.01)


def test_stoi_is_1_for_the_speech_itself_and_falls_with_noise() -> None:
    speech, rate = soundfile.read(REPOSITORY / "stems" / "voice_a.flac")
    hiss = noise(3, len(speech)) * speech.std()
    found = [stoi(speech, speech + gain * hiss, rate) for gain in (0.0, 1.0, 4.0)]
    assert found[0] == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(found) < -0.05).all()


def test_stoi_is_that_of_pystoi() -> None:
    pystoi = pytest.importorskip("pystoi")
    speech, rate = soundfile.read(REPOSITORY / "stems" / "voice_b.flac")
    heard = speech + noise(4, len(speech)) * speech.std()
    assert stoi(speech, heard, rate) == pytest.approx(pystoi.stoi(speech, heard, rate), abs=1e-3)


def test_coherence_is_the_share_in_common() -> None:
    own, common = noise(5, 4 * RATE, 2), noise(6, 4 * RATE)[:, None]
    for share in (0.0, 0.5, 1.0):
        both = np.sqrt(share) * common + np.sqrt(1 - share) * own
        assert coherence(both, 1000, RATE) == pytest.approx(share, abs=0.05)


def test_echo_density_is_1_for_gaussian_noise_and_nearly_0_for_single_echoes() -> None:
    assert echo_density(noise(7), RATE)[20:-20].mean() == pytest.approx(1.0, abs=0.02)
    sparse = np.zeros(RATE)
    sparse[::4800] = 1.0
    assert echo_density(sparse, RATE).max() < 0.05
