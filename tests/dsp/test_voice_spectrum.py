"""Speech and pauses are told apart, and measured as they were made."""

import numpy as np
import pytest

from audio_pipeline.dsp.compressor import Compressor
from audio_pipeline.dsp.filters import convolve_whole, frequencies, linear_phase
from audio_pipeline.dsp.voice_spectrum import band_levels_db, smoothed, third_octaves_hz, voice_spectrum
from tests.voices import measured, voice


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_third_octaves_floor_and_bandwidth_are_those_of_the_frames_that_hold_them(rate):
    stem = voice(1, rate=rate, high_hz=7000.0, noise_dbfs=-60.0)
    found, wanted = voice_spectrum(stem, rate), measured(stem, rate)
    below = third_octaves_hz() < 6000  # the last bands lie at the end of the voice
    speech = band_levels_db(found.speech, found.frequency_hz, third_octaves_hz())
    floor = band_levels_db(found.floor, found.frequency_hz, third_octaves_hz())
    # levels are of frames of unlike lengths, so of unlike bins
    ratio = 10 * np.log10(0.085 / 0.043)
    assert np.abs(speech + ratio - wanted.speech_db)[below].max() < 1.5
    assert np.abs(floor + ratio - wanted.pauses_db)[below].max() < 1.5
    assert found.bandwidth_hz() == pytest.approx(7000.0, rel=0.02)


def test_white_noise_of_rms_1_has_the_power_1_everywhere():
    spectrum = voice_spectrum(np.random.default_rng(1).standard_normal(480_000), 48_000)
    assert np.abs(10 * np.log10(smoothed(spectrum.speech, spectrum.frequency_hz, 0.5)[10:])).max() < 0.5
    assert spectrum.floor is None  # noise without pauses has no floor to tell it from


def test_digital_silence_is_a_floor_of_nothing_and_speech_without_pauses_has_none():
    quiet = voice(2, noise_dbfs=None)
    assert not voice_spectrum(quiet, 48_000).floor.any()
    rng = np.random.default_rng(3)
    syllables = 10.0 ** (rng.uniform(-30, 0, 60).repeat(4800) / 20.0)
    talking = 0.05 * syllables * rng.standard_normal(len(syllables))
    assert voice_spectrum(talking, 48_000).floor is None


@pytest.mark.parametrize("n", [0, 1, 100, 2048, 9600])
def test_too_little_speech_has_no_spectrum(n):
    assert voice_spectrum(0.1 * np.random.default_rng(1).standard_normal(n), 48_000) is None
    assert voice_spectrum(np.zeros(n + 48_000), 48_000) is None


def test_speech_that_sinks_into_noise_ends_where_it_does():
    stem = voice(4, noise_dbfs=-42.0, colour_db=0.0)
    spectrum = voice_spectrum(stem, 48_000)
    assert spectrum.bandwidth_hz() > 19_000
    over = measured(stem, 48_000)
    lost = third_octaves_hz()[over.speech_db - over.pauses_db < 3.0]
    assert spectrum.speech_range_hz()[1] < lost[0] * 1.3


def test_a_linear_phase_fir_has_its_magnitude_and_moves_nothing():
    hz = frequencies(16_384, 48_000)
    wanted = 10.0 ** (6.0 * np.sin(np.log2(np.maximum(hz, 20.0))) / 20.0)
    impulse = linear_phase(wanted, 4095)
    assert (impulse == impulse[::-1]).all()
    heard = np.abs(np.fft.rfft(impulse, 16_384))
    assert np.abs(20 * np.log10(heard / wanted))[hz > 60].max() < 0.1
    x = np.zeros(5000)
    x[2500] = 1.0
    made = convolve_whole(x, impulse, 2047)
    assert len(made) == 5000
    assert np.argmax(np.abs(made)) == 2500
    np.testing.assert_allclose(made[2000:3001], made[2000:3001][::-1], atol=1e-12)
    for taps in (4094, 16_385):
        with pytest.raises(ValueError, match="odd number of taps"):
            linear_phase(wanted, taps)
    with pytest.raises(ValueError, match="no delay"):
        convolve_whole(x, impulse, 4095)


def test_the_static_curve_of_a_compressor_has_its_ratio_and_its_knee():
    compressor = Compressor(-20.0, 4.0, 0.005, 0.2)
    level = np.array([-60.0, -23.0, -20.0, -17.0, -10.0, 0.0])
    np.testing.assert_allclose(compressor.reduction_db(level), [0, 0, 0.5625, 2.25, 7.5, 15.0])


def test_a_compressor_comes_with_its_attack_and_goes_with_its_release():
    rate = 48_000
    seconds = np.arange(2 * rate) / rate
    loud = (seconds > 0.5) & (seconds < 1.0)
    tone = np.sin(2 * np.pi * 1000 * seconds) * np.where(loud, 1.0, 0.001)
    gain_db = 20 * np.log10(Compressor(-20.0, 2.0, 0.02, 0.1).gain(tone, rate))
    full = -(20 - 3.01) / 2
    assert len(gain_db) == len(tone)
    assert gain_db[: rate // 2 - 48].min() == 0.0
    assert gain_db[int(0.52 * rate)] == pytest.approx(full * (1 - np.exp(-1)), abs=0.5)
    assert gain_db[int(0.9 * rate)] == pytest.approx(full, abs=0.05)
    assert gain_db[int(1.1 * rate)] == pytest.approx(full * np.exp(-1), abs=0.3)
    assert gain_db[-1] > -0.01
