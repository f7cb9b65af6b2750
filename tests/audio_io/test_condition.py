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
from audio_pipeline.audio_io.fold import ROLES, fold_to_mono, fold_to_stereo
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


def to_mono(x: np.ndarray) -> tuple[np.ndarray, str | None]:
    fold = fold_to_mono(x.T @ x / len(x))
    return (x, None) if fold is None else (fold.of(x), fold.how)


def to_stereo(x: np.ndarray) -> np.ndarray:
    fold = fold_to_stereo(x.shape[1])
    return x if fold is None else fold.of(x)


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


# --- channels


def test_stereo_of_one_source_becomes_that_source() -> None:
    x = noise(1)
    mono, how = to_mono(np.hstack([x, x]))
    assert np.allclose(mono, x, atol=1e-15)
    assert how == "took the mean of left and right"


def test_unlike_channels_lose_three_decibels_and_no_more() -> None:
    x = noise(2, channels=2)
    mono, _ = to_mono(x)
    assert db(mono, x[:, [0]]) == pytest.approx(-3.01, abs=0.1)


def test_mirrored_channels_keep_their_energy() -> None:
    x = noise(3)
    mono, how = to_mono(np.hstack([x, -0.8 * x]))
    assert db(mono, x) == pytest.approx(20 * np.log10(0.9), abs=1e-9)
    assert how == "inverted right, which mirrors left, and took the mean of both"


def test_channels_that_partly_cancel_give_way_to_the_louder() -> None:
    x, y = noise(4), noise(5)
    right = -0.9 * x + 0.55 * y
    mono, how = to_mono(np.hstack([x, right]))
    assert np.array_equal(mono, right if rms(right) > rms(x) else x)
    assert how is not None
    assert "the sum of both would lose" in how


@given(correlation=st.floats(-1.0, 1.0), balance_db=st.floats(-60.0, 60.0))
def test_no_pair_of_channels_loses_more_than_six_decibels(correlation: float, balance_db: float) -> None:
    x, y = noise(6, 4000), noise(7, 4000)
    right = (correlation * x + np.sqrt(1 - correlation**2) * y) * 10 ** (balance_db / 20)
    mono, _ = to_mono(np.hstack([x, right]))
    assert db(mono, x if rms(x) >= rms(right) else right) >= -6.03


@pytest.mark.parametrize(("silent", "taken"), [(0, "right"), (1, "left")])
def test_a_silent_side_costs_nothing(silent: int, taken: str) -> None:
    x = noise(8, channels=2)
    x[:, silent] = 0.0
    mono, how = to_mono(x)
    assert np.array_equal(mono[:, 0], x[:, 1 - silent])
    assert how is not None
    assert how.startswith(f"took the {taken} channel")
    assert "silent" in how


@pytest.mark.parametrize("channels", [3, 5, 6, 7, 8])
def test_the_centre_is_taken_when_it_carries_something(channels: int) -> None:
    x = noise(9, channels=channels)
    x[:, ROLES[channels].index("C")] *= 0.2
    mono, how = to_mono(x)
    assert np.array_equal(mono[:, 0], x[:, 2])
    assert how == f"took the centre of {channels} channels"


@pytest.mark.parametrize("channels", [4, 5, 6, 8])
def test_without_a_centre_left_and_right_are_taken_and_never_the_lfe(channels: int) -> None:
    x = noise(10, channels=channels)
    if "C" in ROLES[channels]:
        x[:, 2] = 0.0
    if "LFE" in ROLES[channels]:
        x[:, 3] *= 2.0
    mono, how = to_mono(x)
    assert np.allclose(mono[:, 0], (x[:, 0] + x[:, 1]) / 2)
    assert how == f"took the mean of left and right of {channels} channels"


def test_mono_on_two_channels_is_the_same_on_both() -> None:
    x = noise(11)
    stereo = to_stereo(x)
    assert np.array_equal(stereo, np.hstack([x, x]))


@pytest.mark.parametrize("channels", range(3, 9))
def test_the_fold_down_is_symmetric_and_leaves_the_lfe_out(channels: int) -> None:
    roles = ROLES[channels]
    for index, role in enumerate(roles):
        one = np.zeros((10, channels))
        one[:, index] = 1.0
        (left, right), *_ = to_stereo(one)
        mirrored = {"L": "R", "Ls": "Rs", "Lb": "Rb"}.get(role)
        if mirrored is not None:
            other = np.zeros((10, channels))
            other[:, roles.index(mirrored)] = 1.0
            assert to_stereo(other)[0].tolist() == [right, left]
        if role == "C":
            assert left == right == pytest.approx(10 ** (-3 / 20))
        if role == "LFE":
            assert left == right == 0.0


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
    assert out.did[0] == "took out a DC offset of -26 dBFS"


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
    assert "by its RMS" in out.did[-1]


def test_the_rms_rule_agrees_with_the_meter_at_997_hz() -> None:
    x = 0.1 * np.sin(2 * np.pi * 997 * np.arange(2 * RATE) / RATE)[:, None]
    by_rms = conditioned(x, level_lufs=-27.0, measure=lambda *_: None)
    assert measured(by_rms.samples, RATE) == pytest.approx(-27.0, abs=0.05)


@pytest.mark.parametrize("nothing", [None, float("-inf"), float("nan")])
def test_what_is_below_the_gate_is_levelled_by_its_rms(nothing: float | None) -> None:
    out = conditioned(noise(17, level=1e-4), level_lufs=-27.0, measure=lambda *_: nothing)
    assert 20 * np.log10(rms(out.samples)) == pytest.approx(-27.0, abs=1e-6)
    low, needed = out.warnings
    assert "is recorded very low" in low
    assert "stem.wav needed 53 dB of gain; its noise came up with it." in needed


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
    with pytest.raises(StemError, match="is not there"):
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
