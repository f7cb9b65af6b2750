"""Conditioning keeps what was recorded: its energy, its pitch, its level; and says what it did."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io import condition as condition_module
from audio_pipeline.audio_io.condition import (
    EDGE_FADE_S,
    Conditioned,
    condition,
    fade_edges,
    resampled,
)
from audio_pipeline.audio_io.read.audio_file import Recording
from audio_pipeline.errors import StemError
from tests.audio_io.wave_makers import RATE, tone

EDGE = round(EDGE_FADE_S * RATE)


def noise(seed: int, n: int = RATE, channels: int = 1, level: float = 0.1) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, channels)) * level
    return x - x.mean(axis=0)


def measured(x: np.ndarray, rate: int) -> float:
    return float(pyloudnorm.Meter(rate).integrated_loudness(x))


def conditioned(x: np.ndarray, rate: int = RATE, channels: int = 1, **options: object) -> Conditioned:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stem.wav"
        soundfile.write(path, x, rate, subtype="DOUBLE")
        return condition(path, sample_rate_hz=RATE, channels=channels, **options)


def resample(x: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    return resampled([x], len(x), x.shape[1], from_hz, to_hz)


def faded(x: np.ndarray, length: int) -> np.ndarray:
    out = x.copy()
    fade_edges(out, length)
    return out


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


def db(x: np.ndarray, reference: np.ndarray) -> float:
    return 20.0 * np.log10(rms(x) / rms(reference))


# --- resampling


@settings(max_examples=25)
@given(
    from_hz=st.integers(8_000, 192_000),
    to_hz=st.sampled_from([44_100, 48_000, 96_000]),
    n=st.integers(800, 6000),
)
def test_the_resampled_length_is_exact(from_hz: int, to_hz: int, n: int) -> None:
    out = resample(np.zeros((n, 1)), from_hz, to_hz)
    assert len(out) == -(-n * to_hz // from_hz)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 88_200, 96_000, 192_000])
def test_a_resampled_sine_keeps_frequency_level_and_purity(rate: int) -> None:
    n, hz = rate, 1000.0
    x = 0.5 * np.sin(2 * np.pi * hz * np.arange(n) / rate)[:, None]
    out = resample(x, rate, RATE)
    expected = 0.5 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
    inside = slice(2000, RATE - 2000)
    assert db(out[inside, 0] - expected[inside], expected[inside]) < -100.0


def test_nothing_folds_back_from_above_half_the_rate() -> None:
    x = np.sin(2 * np.pi * 30_000.0 * np.arange(96_000) / 96_000)[:, None]
    assert db(resample(x, 96_000, RATE)[2000:-2000], x) < -120.0


@pytest.mark.parametrize("rate", [8_000, 44_100, 47_999, 192_000])
@pytest.mark.parametrize("size", [1, 997, 65_536])
def test_blocks_are_resampled_to_the_same_bits_as_the_whole(rate: int, size: int) -> None:
    x = noise(21, 200 if size == 1 else 100_001, channels=2)
    blocks = [x[start : start + size] for start in range(0, len(x), size)]
    whole = soxr.resample(x, rate, RATE, quality="VHQ")
    out = resampled(blocks, len(x), 2, rate, RATE)
    assert len(out) == -(-len(x) * RATE // rate)
    shared = min(len(out), len(whole))  # soxr rounds the length otherwise
    assert abs(len(out) - len(whole)) <= 1
    assert np.array_equal(out[:shared], whole[:shared])


def test_the_same_rate_is_left_alone() -> None:
    x = noise(12)
    out = conditioned(x)
    assert np.array_equal(out.samples[EDGE:-EDGE], x[EDGE:-EDGE])
    assert not any("resampled" in sentence for sentence in out.did)


# --- edges and offset


def test_edges_are_zero_mirror_each_other_and_leave_the_middle_alone() -> None:
    ones = np.ones((1000, 2))
    out = faded(ones, 100)
    assert np.array_equal(out, out[::-1])
    assert out[0, 0] == 0.0
    assert out[50, 0] == pytest.approx(0.5)
    assert (np.diff(out[:101, 0]) > 0).all()
    assert (out[100:900] == 1.0).all()


@given(n=st.integers(1, 50), length=st.integers(0, 100))
def test_a_fade_longer_than_the_stem_is_shortened(n: int, length: int) -> None:
    out = faded(np.ones((n, 1)), length)
    assert out.shape == (n, 1)
    assert (out >= 0).all()
    assert (out <= 1).all()


def test_an_offset_is_taken_out_and_said() -> None:
    out = conditioned(noise(13) + 0.05)
    assert abs(float(out.samples[EDGE:-EDGE].mean())) < 1e-3
    assert out.did[0] == "removed a DC offset of -26 dBFS"


def test_an_offset_does_not_hide_that_channels_cancel() -> None:
    x = noise(20)
    out = conditioned(np.hstack([x, -x]) + 0.2)
    assert db(out.samples, x) == pytest.approx(0.0, abs=0.1)
    assert out.did[1] == "inverted right, which mirrors left, and took the mean of both"


# --- level


@pytest.mark.parametrize("level", [-27.0, -23.0, -40.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_levelled_stem_measures_its_level(level: float, channels: int) -> None:
    x = noise(14, 3 * RATE) * np.linspace(0.1, 1, 3 * RATE)[:, None]
    out = conditioned(x, channels=channels, level_lufs=level, measure=measured)
    assert measured(out.samples, RATE) == pytest.approx(level, abs=1e-6)


def test_levelling_is_one_gain() -> None:
    x = noise(15, RATE)
    out = conditioned(x, level_lufs=-30.0, measure=measured)
    ratio = out.samples[EDGE:-EDGE] / x[EDGE:-EDGE]
    assert np.ptp(ratio) < 1e-12


def test_without_a_level_the_file_keeps_its_own() -> None:
    x = noise(16)
    assert db(conditioned(x).samples[EDGE:-EDGE], x[EDGE:-EDGE]) == 0.0


def test_what_is_too_short_for_the_gate_is_levelled_by_its_rms_and_says_so() -> None:
    def never(*_: object) -> float:
        raise AssertionError("a stem of 0.3 s cannot be gated")

    x = 0.1 * np.sin(2 * np.pi * 997 * np.arange(round(0.3 * RATE)) / RATE)[:, None]
    out = conditioned(x, level_lufs=-27.0, measure=never)
    assert 20 * np.log10(rms(out.samples)) == pytest.approx(-27.0, abs=1e-9)
    assert "from its RMS" in out.did[-1]


def test_the_rms_rule_agrees_with_the_meter_at_997_hz() -> None:
    x = 0.1 * np.sin(2 * np.pi * 997 * np.arange(2 * RATE) / RATE)[:, None]
    by_rms = conditioned(x, level_lufs=-27.0, measure=lambda *_: None)
    assert measured(by_rms.samples, RATE) == pytest.approx(-27.0, abs=0.05)


@pytest.mark.parametrize("nothing", [None, float("-inf"), float("nan")])
def test_what_is_below_the_gate_is_levelled_by_its_rms(nothing: float | None) -> None:
    out = conditioned(noise(17, level=1e-4), level_lufs=-27.0, measure=lambda *_: nothing)
    assert 20 * np.log10(rms(out.samples)) == pytest.approx(-27.0, abs=1e-6)
    low, needed = out.warnings
    assert (low.code, needed.code) == ("stem_signal", "stem_gain")
    assert "is recorded very low" in low.message
    assert needed.message.endswith(
        "stem.wav needed 53 dB of gain; its noise floor rose with it. Record it at a higher level."
    )


@pytest.mark.parametrize(("level_dbfs", "warned"), [(-60.0, False), (-72.0, True)])
def test_a_raise_of_more_than_40_db_is_a_warning(level_dbfs: float, warned: bool) -> None:
    out = conditioned(
        noise(17, level=10 ** (level_dbfs / 20)), level_lufs=-27.0, measure=lambda *_: None
    )
    assert ("stem_gain" in [warning.code for warning in out.warnings]) == warned


def test_a_level_without_a_measure_is_misuse() -> None:
    with pytest.raises(ValueError, match="measure"):
        conditioned(noise(18), level_lufs=-27.0)


# --- the whole of it


def test_a_conditioned_file_is_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    soundfile.write(path, np.hstack([tone(1.0, 44_100), tone(1.0, 44_100)]), 44_100, subtype="PCM_24")
    out = condition(path, sample_rate_hz=RATE, channels=1, level_lufs=-27.0, measure=measured)
    again = condition(path, sample_rate_hz=RATE, channels=1, level_lufs=-27.0, measure=measured)
    assert np.array_equal(out.samples, again.samples)
    assert out.samples.shape == (RATE, 1)
    assert out.samples.dtype == np.float64
    assert out.samples.flags.c_contiguous
    assert not out.samples.flags.writeable
    assert out.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert out.source.sample_rate_hz == 44_100
    assert [sentence.split()[0] for sentence in out.did] == ["took", "resampled", "faded", "levelled"]


def test_what_cannot_be_read_cannot_be_conditioned(tmp_path: Path) -> None:
    with pytest.raises(StemError, match="does not exist"):
        condition(tmp_path / "gone.wav", sample_rate_hz=RATE, channels=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("most", [0, 100_000, 250_000])
def test_a_long_recording_is_read_twice_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int, most: int
) -> None:
    wave = tmp_path / "stem.wav"
    soundfile.write(wave, noise(1, 5 * RATE, 2, 0.05) + np.array([0.01, -0.02]), 44_100, "DOUBLE")
    options = {"sample_rate_hz": RATE, "channels": channels, "level_lufs": -24.0, "measure": measured}
    kept = condition(wave, **options)
    monkeypatch.setattr(condition_module, "MOST_KEPT", most)
    readings: list[object] = []
    blocks = Recording.blocks
    monkeypatch.setattr(Recording, "blocks", lambda self: readings.append(self) or blocks(self))
    again = condition(wave, **options)
    assert len(readings) == 2
    assert np.array_equal(again.samples, kept.samples)
    assert (again.did, again.warnings, again.sha256) == (kept.did, kept.warnings, kept.sha256)
