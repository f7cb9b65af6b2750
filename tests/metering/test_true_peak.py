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
    BLOCK,
    HEADROOM,
    OVERSAMPLING,
    REACH,
    bounds_of,
    crests,
    inter_sample_peaks,
    interpolator,
    points_of,
)


def surrounded(x: np.ndarray) -> np.ndarray:
    around = np.zeros((64 + REACH, x.shape[1]))
    return np.vstack([around, x, around])


def finely(x: np.ndarray, times: int = 32) -> float:
    """The peak of the band-limited wave, on a grid so many times finer."""
    n = len(x)
    return float(np.abs(np.fft.irfft(np.fft.rfft(x, axis=0), n * times, axis=0) * times).max())


def test_interpolation_keeps_constants_and_straight_lines() -> None:
    columns, n = interpolator(), np.arange(-REACH, REACH + 1)
    assert np.allclose(columns.sum(axis=0), 1.0, rtol=0, atol=1e-14)
    assert np.allclose(n @ columns, np.arange(OVERSAMPLING) / OVERSAMPLING, rtol=0, atol=1e-12)


def test_points_are_the_products_of_the_interpolator() -> None:
    x = np.random.default_rng(0).standard_normal((3, BLOCK + 2 * REACH))
    points = points_of(x)
    assert points.shape == (3, 1 + BLOCK * OVERSAMPLING + 1)
    for sample in (-1, 0, 1, BLOCK // 2, BLOCK - 1):
        begin = max(0, sample)  # the last phase, the only one of sample −1, has no tap so far out
        under = x[:, begin : sample + 2 * REACH + 1] @ interpolator()[begin - sample :]
        own = points[:, max(0, 1 + sample * OVERSAMPLING) : 1 + (sample + 1) * OVERSAMPLING]
        assert np.allclose(own, under[:, -own.shape[1] :], rtol=0, atol=1e-13)
    assert np.array_equal(points[:, -1], x[:, REACH + BLOCK])


def test_crests_of_sines_are_their_amplitudes() -> None:
    turn, phase = np.meshgrid(
        np.linspace(1e-3, np.pi / OVERSAMPLING, 40), np.linspace(-0.499, 0.499, 41)
    )
    points = [np.cos(turn * (k - phase)) for k in (-1, 0, 1)]
    height, place = crests(*points)
    assert np.allclose(height, 1.0, rtol=0, atol=1e-9)
    assert np.allclose(place, phase, rtol=0, atol=0.03)
    assert np.array_equal(crests(*(-p for p in points))[0], height)


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_no_crest_is_higher_than_its_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, point, after = rng.standard_normal((3, 1000)) + rng.choice([0, 1, 10, 1000])
    height, place = crests(before, point, after)
    rise = (HEADROOM - 1) / (2 - 2 * math.cos(math.pi / OVERSAMPLING))
    assert np.all(height >= np.abs(point))
    assert np.all(height <= np.abs(point) * HEADROOM * (1 + 1e-12))
    bend = np.abs(2 * point - before - after)
    assert np.all(height <= np.abs(point) + bend * rise + 1e-9 * np.abs(point))
    assert np.all(np.abs(place) <= 0.5)


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 8]))
@settings(max_examples=40, deadline=None)
def test_no_point_is_higher_than_its_bounds(seed: int, smooth: int) -> None:
    """Of programmes as unkind as can be: the signs of the taps, and what is left when it is smoothed."""
    rng = np.random.default_rng(seed)
    taps = interpolator()[:, rng.integers(1, OVERSAMPLING)]
    x = np.zeros(BLOCK + 2 * REACH)
    x[REACH : 3 * REACH + 1] = np.sign(taps) + 0.1 * rng.standard_normal(len(taps))
    x = np.convolve(x, np.ones(smooth) / smooth, "same")
    points = points_of(x[None])[0]
    height, _ = crests(points[:-2], points[1:-1], points[2:])
    m, m2, bounds = np.abs(x).max(), np.abs(np.diff(x, 2)).max(), bounds_of()
    assert np.abs(points).max() <= bounds.steepest * m * (1 + 1e-12)
    assert np.abs(points).max() <= m + bounds.added * m2
    assert height.max() <= m + (bounds.added + bounds.bent) * m2


def test_a_tone_of_any_phase_reads_its_amplitude_within_a_twentieth_of_a_decibel() -> None:
    n = np.arange(4_000)[:, None]
    fade = np.hanning(len(n))[:, None] ** 0.25
    frequencies = np.linspace(0.01, 0.45, 24)
    for phase in np.linspace(0.0, np.pi, 7):
        x = 0.5 * fade * np.sin(2 * np.pi * frequencies * n + phase)
        peaks = Peaks(len(frequencies)).finished(x)
        error_db = 20 * np.log10(peaks.true_peaks / 0.5)
        assert error_db.max() < 0.05
        assert error_db.min() > -0.05


@pytest.mark.parametrize("seed", range(6))
def test_programme_reads_within_a_twentieth_of_a_decibel_of_32_times_oversampling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((20_000, 1)) * np.hanning(20_000)[:, None]
    x = sosfilt(
        butter(8, [0.01, (0.1, 0.2, 0.35, 0.5, 0.65, 0.8)[seed]], "band", output="sos"), x, axis=0
    )
    x[-200:] *= np.linspace(1, 0, 200)[:, None]
    x = surrounded(x)
    reading = Peaks(1).finished(x).true_peaks[0]
    assert 20 * math.log10(reading / finely(x)) == pytest.approx(0.0, abs=0.05)


@given(st.data())
@settings(max_examples=40)
def test_skipping_and_cutting_never_change_the_peak(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["noise", "tone", "clicks", "square", "alternating"]))
    n = data.draw(st.integers(1, 5_000))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    x = {
        "noise": rng.standard_normal(n) * np.linspace(0.1, 1, n),
        "tone": np.sin(rng.uniform(0.01, 3.1) * np.arange(n) + rng.uniform(0, 6)),
        "clicks": rng.standard_normal(n) * (rng.random(n) < 0.01),
        "alternating": (-1.0) ** (np.arange(n) + np.cumsum(rng.random(n) < 0.003)),
        "square": np.sign(np.sin(rng.uniform(0.01, 1.5) * np.arange(n))),
    }[kind][:, None]
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    peaks = Peaks(1)
    for start, stop in zip([0, *cuts], cuts, strict=False):
        peaks.feed(x[start:stop])
    peaks = peaks.finished(x[cuts[-1] if cuts else 0 :])
    everywhere = inter_sample_peaks(surrounded(x))
    assert peaks.true_peaks[0] == pytest.approx(everywhere.max(), rel=1e-12)
    assert peaks.sample_peaks[0] == np.abs(x).max()
    assert np.abs(x)[int(peaks.sample_places[0]), 0] == np.abs(x).max()


@pytest.mark.parametrize("gain", [1e-200, 1e-40, 1e-16, 1e16, 1e40, 1e200])
def test_levels_that_single_precision_cannot_hold_are_measured_all_the_same(gain: float) -> None:
    x = np.random.default_rng(3).standard_normal((2_000, 1))
    peaks, plain = Peaks(1).finished(x * gain), Peaks(1).finished(x)
    assert peaks.true_peaks[0] == pytest.approx(plain.true_peaks[0] * gain, rel=1e-12)
    assert peaks.true_places[0] == pytest.approx(plain.true_places[0], abs=1e-9)


def test_a_peak_between_two_samples_is_found_there() -> None:
    n = np.arange(2_000)
    x = (np.sinc(0.85 * (n - 1000.5)) * 0.9)[:, None]
    peaks = Peaks(1).finished(x)
    assert peaks.true_peaks[0] == pytest.approx(0.9, rel=0.005)
    assert peaks.true_places[0] == pytest.approx(1000.5, abs=0.05)
    per_sample = inter_sample_peaks(x)
    assert int(np.argmax(per_sample)) + REACH == 1000


def test_a_peak_is_never_below_the_samples() -> None:
    x = np.random.default_rng(0).standard_normal((3_000, 3))
    per_sample = inter_sample_peaks(surrounded(x))[64:-64]
    assert per_sample.shape == x.shape
    assert np.all(per_sample >= np.abs(x))


def test_a_window_without_its_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="REACH"):
        inter_sample_peaks(np.zeros((2 * REACH - 1, 1)))
    assert inter_sample_peaks(np.zeros((2 * REACH, 1))).shape == (0, 1)


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
