import numpy as np
import pytest

from audio_pipeline.dsp.impulse_response import (
    OCTAVES_HZ,
    crossfade_from_early_to_late,
    decaying,
    octave_gains,
    pink_gain,
    trimmed,
    velvet_noise,
)
from audio_pipeline.dsp.noise import generator

RATE = 48_000


@pytest.mark.parametrize("density", [500.0, 1800.0, 10_000.0, 90_000.0])
def test_velvet_noise_has_its_density_and_unit_power(density: float) -> None:
    noise = velvet_noise(np.full(4 * RATE, density), RATE, generator(1, "velvet", 0))
    assert np.mean(noise**2) == pytest.approx(1.0, rel=0.03)
    if density < RATE / 10:
        assert np.count_nonzero(noise) / 4 == pytest.approx(density, rel=0.01)
        gaps = np.diff(np.flatnonzero(noise))
        widest = 4 * RATE / density  # two cells, or four where two pulses meet and cancel
        assert gaps.max() <= widest + 1


def test_velvet_noise_is_white() -> None:
    noise = velvet_noise(np.full(8 * RATE, 1800.0), RATE, generator(2, "velvet", 0))
    power = np.abs(np.fft.rfft(noise)[1:]) ** 2
    bands = power[: len(power) // 12 * 12].reshape(12, -1).mean(axis=1)
    assert np.ptp(10 * np.log10(bands)) < 0.3


def test_octave_gains_add_up_to_one() -> None:
    gains = octave_gains(np.linspace(0.0, 24_000.0, 20_001))
    np.testing.assert_allclose(gains.sum(axis=0), 1.0, atol=1e-12)
    assert gains.min() >= 0.0


@pytest.mark.parametrize("rt60", [0.3, 0.7, 1.5])
def test_noise_that_decays_alike_in_every_octave_decays_in_a_straight_line(rt60: float) -> None:
    noise = velvet_noise(np.full(2 * RATE, 1800.0), RATE, generator(3, "velvet", 0))
    decay = decaying(noise[:, None], np.full(len(OCTAVES_HZ), rt60), RATE)[:, 0]
    remaining = np.cumsum(decay[::-1] ** 2)[::-1]  # Schroeder, 1965
    curve = 10 * np.log10(remaining / remaining[0])
    part = np.flatnonzero((curve < -5) & (curve > -35))
    slope, _ = np.polyfit(part / RATE, curve[part], 1)
    assert -60.0 / slope == pytest.approx(rt60, rel=0.02)


def test_early_and_late_add_up_to_the_whole() -> None:
    progress = crossfade_from_early_to_late(1000, 200)
    assert not progress[:100].any()
    assert np.all(progress[300:] == 1.0)
    assert progress[200] == pytest.approx(0.5)
    assert np.all(np.diff(progress) >= 0.0)


def test_a_pulse_leaves_pink_noise_as_loud_as_it_was() -> None:
    pulse = np.zeros((4800, 2))
    pulse[17, 1] = 0.5
    assert pink_gain(pulse, RATE) == pytest.approx(0.5)
    pulse[400, 0] = 0.5
    assert pink_gain(pulse, RATE) == pytest.approx(0.5 * 2**0.5)


def test_trimming_leaves_out_no_more_than_the_floor() -> None:
    decay = 10.0 ** (-3.0 * np.arange(2 * RATE) / RATE)[:, None] * np.ones((1, 2))
    short = trimmed(decay, -60.0)
    assert len(short) == pytest.approx(RATE, abs=2)
    assert 10 * np.log10(np.square(decay[len(short) :]).sum() / np.square(decay).sum()) <= -60.0
    assert abs(short[-1]).max() < 1e-3 * abs(decay[len(short) - 1]).max()
    assert trimmed(np.zeros((100, 2)), -60.0).shape == (1, 2)
