from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from audio_pipeline.metering.meter import measure
from audio_pipeline.metering.peaks import Peaks
from audio_pipeline.metering.true_peak import (
    REACH,
    inter_sample_peaks,
    interpolator,
    oversampling,
)


def surrounded(x: np.ndarray) -> np.ndarray:
    around = np.zeros((64 + REACH, x.shape[1]))
    return np.vstack([around, x, around])


def finely(x: np.ndarray, times: int = 32) -> float:
    """The peak of the band-limited wave, on a grid so many times finer."""
    n = len(x)
    return float(np.abs(np.fft.irfft(np.fft.rfft(x, axis=0), n * times, axis=0) * times).max())


@pytest.mark.parametrize("factor", [1, 2, 4, 8, 32])
def test_interpolation_keeps_constants_and_straight_lines(factor: int) -> None:
    columns, n = interpolator(factor), np.arange(-REACH, REACH + 1)
    assert np.allclose(columns.sum(axis=0), 1.0, rtol=0, atol=1e-14)
    assert np.allclose(n @ columns, np.arange(factor) / factor, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("rate", "factor"), [(192_000, 1), (96_000, 2), (48_000, 4), (44_100, 4), (8_000, 32)]
)
def test_oversampling_reaches_176_khz(rate: int, factor: int) -> None:
    assert oversampling(rate) == factor


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000, 192_000])
def test_a_tone_of_any_phase_reads_its_amplitude_within_a_tenth_of_a_decibel(rate: int) -> None:
    n = np.arange(4_000)[:, None]
    fade = np.hanning(len(n))[:, None] ** 0.25
    frequencies_hz = np.linspace(0.01 * rate, 0.45 * min(rate, 48_000), 24)
    for phase in np.linspace(0.0, np.pi, 7):
        x = 0.5 * fade * np.sin(2 * np.pi * frequencies_hz / rate * n + phase)
        peaks = Peaks(rate, len(frequencies_hz)).finished(x)
        error_db = 20 * np.log10(peaks.true_peaks / 0.5)
        assert error_db.max() < 0.1
        assert error_db.min() > -0.1


@pytest.mark.parametrize("seed", range(6))
def test_programme_reads_within_a_tenth_of_a_decibel_of_32_times_oversampling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((20_000, 1)) * np.hanning(20_000)[:, None]
    x = sosfilt(
        butter(8, [0.01, (0.1, 0.2, 0.35, 0.5, 0.65, 0.8)[seed]], "band", output="sos"), x, axis=0
    )
    x[-200:] *= np.linspace(1, 0, 200)[:, None]
    x = surrounded(x)
    reading = Peaks(48_000, 1).finished(x).true_peaks[0]
    assert 20 * math.log10(reading / finely(x)) == pytest.approx(0.0, abs=0.1)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_skipping_and_cutting_never_change_the_peak(data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from([8_000, 22_050, 44_100, 48_000, 96_000, 192_000]))
    kind = data.draw(st.sampled_from(["noise", "tone", "clicks", "square"]))
    n = data.draw(st.integers(1, 5_000))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    x = {
        "noise": rng.standard_normal(n) * np.linspace(0.1, 1, n),
        "tone": np.sin(rng.uniform(0.01, 3.1) * np.arange(n) + rng.uniform(0, 6)),
        "clicks": rng.standard_normal(n) * (rng.random(n) < 0.01),
        "square": np.sign(np.sin(rng.uniform(0.01, 1.5) * np.arange(n))),
    }[kind][:, None]
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    peaks = Peaks(rate, 1)
    for start, stop in zip([0, *cuts], cuts, strict=False):
        peaks.feed(x[start:stop])
    peaks = peaks.finished(x[cuts[-1] if cuts else 0 :])
    everywhere = inter_sample_peaks(surrounded(x), rate)
    assert peaks.true_peaks[0] == pytest.approx(everywhere.max(), rel=1e-12)
    assert peaks.sample_peaks[0] == np.abs(x).max()
    assert np.abs(x)[int(peaks.sample_places[0]), 0] == np.abs(x).max()


@pytest.mark.parametrize("gain", [1e-200, 1e-40, 1e-16, 1e16, 1e40, 1e200])
def test_levels_that_single_precision_cannot_hold_are_measured_all_the_same(gain: float) -> None:
    x = np.random.default_rng(3).standard_normal((2_000, 1))
    peaks, plain = Peaks(48_000, 1).finished(x * gain), Peaks(48_000, 1).finished(x)
    assert peaks.true_peaks[0] == pytest.approx(plain.true_peaks[0] * gain, rel=1e-12)
    assert peaks.true_places[0] == pytest.approx(plain.true_places[0], abs=1e-9)


def test_a_peak_between_two_samples_is_found_there() -> None:
    n = np.arange(2_000)
    x = (np.sinc(0.85 * (n - 1000.5)) * 0.9)[:, None]
    peaks = Peaks(48_000, 1).finished(x)
    assert peaks.true_peaks[0] == pytest.approx(0.9, rel=0.005)
    assert peaks.true_places[0] == pytest.approx(1000.5, abs=0.05)
    per_sample = inter_sample_peaks(x, 48_000)
    assert int(np.argmax(per_sample)) + REACH == 1000


def test_a_peak_is_never_below_the_samples() -> None:
    x = np.random.default_rng(0).standard_normal((3_000, 3))
    per_sample = inter_sample_peaks(surrounded(x), 44_100)[64:-64]
    assert per_sample.shape == x.shape
    assert np.all(per_sample >= np.abs(x))


def test_a_window_without_its_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="REACH"):
        inter_sample_peaks(np.zeros((2 * REACH - 1, 1)), 48_000)
    assert inter_sample_peaks(np.zeros((2 * REACH, 1)), 48_000).shape == (0, 1)


def test_each_channel_has_its_own_peak() -> None:
    x = np.zeros((48_000, 3))
    x[:, 0] = 0.5 * np.sin(2 * np.pi / 4 * np.arange(48_000) + np.pi / 4) * np.hanning(48_000)
    x[100, 1] = 0.25
    result = measure(x, 48_000)
    assert result.channel_true_peaks_dbtp[0] == pytest.approx(-6.02, abs=0.1)
    assert result.channel_sample_peaks_dbfs[0] == pytest.approx(-9.03, abs=0.01)
    assert result.channel_sample_peaks_dbfs[1] == pytest.approx(-12.04, abs=0.01)
    assert result.channel_true_peaks_dbtp[2] is None
    assert result.true_peak_dbtp == result.channel_true_peaks_dbtp[0]
