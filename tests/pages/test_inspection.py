"""The inspection's numbers on sounds whose numbers are known on paper."""

import math

import numpy as np
import pytest

from audio_pipeline.errors import AudioPipelineError, ReportError
from audio_pipeline.pages.inspection import beat_spectrum, envelope, inspection_of, power_spectrum
from audio_pipeline.pages.inspection_picture import write_inspection

RATE = 48_000
TIME = np.arange(10 * RATE) / RATE


def sine(hz: float, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * TIME)


def noise(seed: int, n: int = 10 * RATE) -> np.ndarray:
    return 0.05 * np.random.default_rng(seed).standard_normal(n)


def test_a_sine_has_a_crest_of_3_db_a_kurtosis_of_1_5_and_one_band() -> None:
    found = inspection_of(sine(1500)[:, None], RATE)
    assert found.rms_dbfs == pytest.approx(-9.03, abs=0.01)
    assert found.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert found.crest_db == pytest.approx(3.01, abs=0.01)
    assert found.kurtosis == pytest.approx(1.5, abs=1e-3)
    assert found.bands_db["1 kHz to 4 kHz"] == pytest.approx(0.0, abs=0.01)
    assert max(v for k, v in found.bands_db.items() if k != "1 kHz to 4 kHz") < -60
    assert found.beats == ()


def test_white_noise_is_gaussian_and_its_bands_are_as_wide_as_they_are() -> None:
    found = inspection_of(np.stack([noise(1), noise(2)], axis=1), RATE)
    assert found.kurtosis == pytest.approx(3.0, abs=0.05)
    assert found.correlation == pytest.approx(0.0, abs=0.02)
    edges = np.diff([20, 80, 250, 1000, 4000, 10_000, 20_000])
    expected = 10 * np.log10(edges / edges.sum())
    np.testing.assert_allclose(list(found.bands_db.values())[1:], expected[1:], atol=0.3)
    assert found.mono_fold_db > -2.0


def test_the_power_spectrum_sums_to_the_power() -> None:
    x = np.stack([noise(1), sine(440)], axis=1)
    _, power = power_spectrum(x, RATE)
    assert power.sum() == pytest.approx(np.mean(x**2), rel=0.01)


@pytest.mark.parametrize("depth", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("hz", [24.0, 96.0])
def test_a_beat_stands_at_its_rate_with_its_depth(hz: float, depth: float) -> None:
    """m·sin on an envelope of 1 is a line of 20 log m."""
    x = noise(3) * (1 + depth * np.sin(2 * np.pi * hz * TIME))
    beat = next(b for b in inspection_of(x[:, None], RATE).beats if abs(b.rate_hz - hz) < 0.13)
    assert beat.rate_hz == hz
    assert beat.depth_db == pytest.approx(20 * math.log10(depth), abs=1.5)
    assert beat.over_db > 10


def test_beats_are_those_of_the_band_above_800_hz() -> None:
    beating = noise(3) * (1 + 0.8 * np.sin(2 * np.pi * 20 * TIME))
    spectrum = np.fft.rfft(beating)
    hz = np.fft.rfftfreq(len(TIME), 1 / RATE)
    low = np.fft.irfft(np.where(hz < 500, spectrum, 0), len(TIME))[:, None]
    x = 3 * low + 0.2 * noise(4)[:, None]
    assert not inspection_of(x, RATE).beats
    rates, depth = beat_spectrum(x, RATE, 0.0)
    assert depth[rates == 20.0] > np.median(depth) + 10


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_the_envelope_has_a_point_each_millisecond_at_any_rate(rate: int) -> None:
    x = np.sin(2 * np.pi * 3000 * np.arange(2 * rate) / rate)[:, None]
    strength = envelope(x, rate, 800.0)
    assert len(strength) == 2000
    np.testing.assert_allclose(strength[20:-20], math.sqrt(0.5), rtol=0.05)


def test_opposite_channels_are_told_by_correlation_and_fold() -> None:
    found = inspection_of(np.stack([noise(1), -noise(1)], axis=1), RATE)
    assert found.correlation == pytest.approx(-1.0)
    assert found.mono_fold_db == pytest.approx(-60.0)


def test_one_silent_channel_has_no_correlation() -> None:
    found = inspection_of(np.stack([noise(1), np.zeros(10 * RATE)], axis=1), RATE)
    assert found.correlation is None
    assert found.as_dict()["correlation"] is None


@pytest.mark.parametrize("x", [np.zeros((RATE, 2)), np.zeros((100, 1)), np.zeros((0, 1))])
def test_silence_and_what_is_too_short_are_refused_in_a_sentence(x: np.ndarray) -> None:
    with pytest.raises(ReportError):
        inspection_of(x, RATE)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("seconds", [0.11, 1.0])
def test_a_picture_is_drawn_of_what_is_short_and_of_one_channel(tmp_path, channels, seconds) -> None:
    x = np.stack([noise(1), sine(300)], axis=1)[: int(seconds * RATE), :channels]
    write_inspection(x, inspection_of(x, RATE), tmp_path / "it.png", "it $costs$ \x1b[1m")
    assert (tmp_path / "it.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_sound_gives_the_same_picture(tmp_path) -> None:
    x = np.stack([noise(1), noise(2)], axis=1)[: 2 * RATE]
    pictures = []
    for name in ("a.png", "b.png"):
        write_inspection(x, inspection_of(x, RATE), tmp_path / name, "it", start_s=44.0)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", ["it.bmp", "it", "no folder/it.png"])
def test_a_picture_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path, name: str) -> None:
    x = noise(1, RATE)[:, None]
    with pytest.raises(AudioPipelineError, match="it"):
        write_inspection(x, inspection_of(x, RATE), tmp_path / name, "it")
    assert not list(tmp_path.iterdir())
