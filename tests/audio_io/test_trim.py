"""Silence around the words goes, by the stem's own noise floor; no word is cut."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.condition import condition
from audio_pipeline.audio_io.trim import AFTER_S, BEFORE_S, words_of
from tests.conftest import REPOSITORY

RATE = 16_000
HOP_S = 0.01


def words(seconds: float, seed: int = 1, dbfs: float = -22.0) -> np.ndarray:
    """Noise in syllables, `(n,)`, sounding to both ends."""
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    noise = np.random.default_rng(seed).standard_normal(n)
    return noise * (0.55 + 0.45 * np.cos(2 * np.pi * 3.0 * t)) * 10 ** (dbfs / 20)


def around(inner: np.ndarray, before_s: float, after_s: float, floor_dbfs: float | None) -> np.ndarray:
    """`(n, 1)`: `inner` between silences, with a noise floor under all of it, or none."""
    x = np.concatenate([np.zeros(round(before_s * RATE)), inner, np.zeros(round(after_s * RATE))])
    if floor_dbfs is not None:
        x = x + np.random.default_rng(2).standard_normal(len(x)) * 10 ** (floor_dbfs / 20)
    return x[:, None]


@pytest.mark.parametrize("floor_dbfs", [None, -90.0, -74.0, -60.0, -50.0, -42.0])
@pytest.mark.parametrize(
    ("before_s", "after_s"), [(3.0, 8.0), (0.5, 0.0), (0.0, 1.0), (0.3, 0.6), (12.0, 0.4)]
)
def test_what_is_kept_is_50_ms_before_and_200_ms_after(
    before_s: float, after_s: float, floor_dbfs: float | None
) -> None:
    kept = words_of(around(words(2.0), before_s, after_s, floor_dbfs), RATE)
    start_s, stop_s = kept.start / RATE, kept.stop / RATE
    assert max(0.0, before_s - BEFORE_S - HOP_S) <= start_s <= max(0.0, before_s - BEFORE_S + HOP_S)
    wanted = min(before_s + 2.0 + after_s, before_s + 2.0 + AFTER_S)
    assert stop_s == pytest.approx(wanted, abs=0.06)  # the last syllable may end softly


def test_silence_within_and_short_edges_are_kept() -> None:
    x = np.concatenate([words(1.0), np.zeros(2 * RATE), words(1.0, 3)])
    kept = words_of(around(x, 0.04, 0.15, -70.0), RATE)
    assert (kept.start, kept.stop) == (0, kept.length)
    assert kept.sentence(RATE) is None


@pytest.mark.parametrize(
    "x", [words(2.0), words(0.3), np.random.default_rng(4).standard_normal(RATE) * 0.1]
)
def test_a_stem_without_a_pause_is_left_alone(x: np.ndarray) -> None:
    kept = words_of(x[:, None], RATE)
    assert (kept.start, kept.stop) == (0, len(x))


def test_a_click_is_no_word() -> None:
    x = around(words(2.0), 3.0, 3.0, -74.0)
    x[RATE : RATE + 40] += 0.3
    x[-RATE : -RATE + 40] += 0.3
    kept = words_of(x, RATE)
    assert kept.start / RATE == pytest.approx(2.95, abs=HOP_S)
    assert kept.stop / RATE == pytest.approx(5.2, abs=0.06)


def test_room_tone_between_digital_silence_and_words_is_trimmed_too() -> None:
    room = np.random.default_rng(5).standard_normal(2 * RATE) * 10 ** (-62 / 20)
    inner = np.concatenate([room, words(2.0), room])
    kept = words_of(around(inner, 4.0, 4.0, None), RATE)
    assert kept.start / RATE == pytest.approx(4.0 + 2.0 - BEFORE_S, abs=2 * HOP_S)


def test_a_soft_last_word_is_a_word() -> None:
    x = np.concatenate([words(2.0), np.zeros(RATE), words(0.5, 6, -52.0)])
    kept = words_of(around(x, 1.0, 2.0, -74.0), RATE)
    assert kept.stop / RATE == pytest.approx(1.0 + 3.5 + AFTER_S, abs=0.06)


def test_the_demo_stems_are_not_trimmed() -> None:
    for name in ("voice_a", "voice_b"):
        samples, rate = soundfile.read(REPOSITORY / "stems" / f"{name}.flac", always_2d=True)
        kept = words_of(samples, rate)
        assert (kept.start, kept.stop) == (0, len(samples))


def test_conditioning_trims_where_it_is_asked_to_and_says_how_much(tmp_path) -> None:
    soundfile.write(tmp_path / "x.wav", around(words(2.0), 3.0, 8.0, None), RATE, "PCM_24")
    options = {"sample_rate_hz": 48_000, "channels": 1}
    trimmed = condition(tmp_path / "x.wav", trim=True, **options)
    whole = condition(tmp_path / "x.wav", **options)
    assert len(whole.samples) == 13 * 48_000
    assert len(trimmed.samples) / 48_000 == pytest.approx(2.25, abs=0.06)
    (note,) = trimmed.notes
    assert note.code == "stem_trimmed"
    assert note.message.startswith("trimmed 2.9")
    assert "of silence before the first word and 7.8" in note.message
    assert whole.notes == ()


def test_trimming_comes_before_levelling_and_fades(tmp_path) -> None:
    soundfile.write(tmp_path / "x.wav", around(words(2.0), 3.0, 8.0, None), RATE, "PCM_24")
    out = condition(tmp_path / "x.wav", sample_rate_hz=RATE, channels=1, trim=True)
    assert [said.split()[0] for said in out.did if "DC" not in said] == ["trimmed", "faded"]
    assert out.samples[0, 0] == 0.0
