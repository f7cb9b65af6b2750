"""Two voices meet in the middle, whichever is which."""

import numpy as np
import pytest

from audio_pipeline.dsp.spectral_match import missing_noise
from audio_pipeline.dsp.voice_spectrum import voice_spectrum
from audio_pipeline.effects.match import MatchVoices
from tests.voices import THIRDS_HZ, bench, measured, voice

PAIRS = {
    "two speakers, 7 kHz and 20 kHz": (
        {"seed": 1, "high_hz": 7000.0, "tilt_db": -1.0, "noise_dbfs": -66.0, "noise_tilt_db": -3.0},
        {"seed": 2, "tilt_db": 1.5, "noise_dbfs": -82.0},
    ),
    "a telephone and full band": (
        {"seed": 3, "low_hz": 300.0, "high_hz": 3400.0, "tilt_db": 2.0, "noise_dbfs": -65.0},
        {"seed": 4, "noise_dbfs": -80.0},
    ),
    "noisy and clean": (
        {"seed": 5, "noise_dbfs": -57.0, "noise_tilt_db": -2.0},
        {"seed": 6, "noise_dbfs": -90.0},
    ),
    "noisy and digital silence": (
        {"seed": 7, "noise_dbfs": -65.0, "tilt_db": 1.0},
        {"seed": 8, "noise_dbfs": None},
    ),
}


def treated(first, second, rate=48_000, **parameters):
    stems = {"voice_a": first, "voice_b": second}
    before = {name: stem.copy() for name, stem in stems.items()}
    made = MatchVoices(**parameters).treat(stems, bench(rate), "match")
    assert all((stems[name] == before[name]).all() for name in stems)
    assert {name: len(stem) for name, stem in made.stems.items()} == {
        n: len(s) for n, s in stems.items()
    }
    assert all(np.isfinite(stem).all() for stem in made.stems.values())
    return made


def assert_alike(made, rate, low_hz):
    """The promise, measured at equal loudness by frames that are known to be speech or pauses."""
    one, two = (measured(bench(rate).levelled(stem), rate) for stem in made.stems.values())
    narrow, wide = sorted((one.bandwidth_hz, two.bandwidth_hz))
    assert wide <= 1.10 * narrow
    within = (1.1 * low_hz <= THIRDS_HZ / 10**0.05) & (0.93 * narrow >= THIRDS_HZ * 10**0.05)
    apart = np.abs(one.speech_db - two.speech_db)[within]
    assert apart.mean() <= 3.0
    assert apart.max() <= 6.0
    floors = [10 * np.log10(np.sum(10 ** (m.pauses_db[within] / 10))) for m in (one, two)]
    assert abs(floors[0] - floors[1]) <= 3.0
    return one, two


@pytest.mark.parametrize("pair", PAIRS)
def test_the_law_holds_and_exchanging_the_stems_exchanges_the_result(pair):
    first, second = (voice(**parameters) for parameters in PAIRS[pair])
    made, exchanged = treated(first, second), treated(second, first)
    assert_alike(made, 48_000, max(parameters.get("low_hz", 90.0) for parameters in PAIRS[pair]))
    assert made.warnings == exchanged.warnings == ()
    assert made.stems["voice_a"].tobytes() == exchanged.stems["voice_b"].tobytes()
    assert made.stems["voice_b"].tobytes() == exchanged.stems["voice_a"].tobytes()
    facts, other = made.facts["voices"], exchanged.facts["voices"]
    assert (facts["voice_a"], facts["voice_b"]) == (other["voice_b"], other["voice_a"])
    assert max(max(voice["gain_db"]) for voice in facts.values()) <= 9.0


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_the_law_holds_at_other_rates(rate):
    first, second = (voice(rate=rate, **p) for p in PAIRS["two speakers, 7 kHz and 20 kHz"])
    made = treated(first, second, rate)
    assert_alike(made, rate, 90.0)
    assert made.facts["voices"]["voice_a"]["low_pass_hz"] == pytest.approx(7000, rel=0.05)
    assert made.warnings == ()


def test_spectra_meet_in_the_middle():
    first, second = voice(11, tilt_db=1.5), voice(12, tilt_db=-1.5)
    before = [measured(stem, 48_000).speech_db for stem in (first, second)]
    after = [measured(stem, 48_000).speech_db for stem in treated(first, second).stems.values()]
    middle = (before[0] + before[1]) / 2
    for met in after:
        shape = met - middle
        assert np.abs(shape - shape.mean()).max() < 2.5


def test_what_one_may_not_be_raised_by_the_other_is_cut_by():
    first, second = voice(13, colour_db=0.0), voice(13, colour_db=0.0, tilt_db=-4.0)
    voices = treated(first, second, boost="3 dB").facts["voices"]
    a, b = (np.array(voices[name]["gain_db"]) for name in ("voice_a", "voice_b"))
    assert a.max() <= 3.0
    assert b.max() <= 3.0
    assert min(a.min(), b.min()) < -8.0  # more than half of what they differ by
    assert (b - a)[-1] - (b - a)[0] == pytest.approx(20.0, abs=2.5)  # 4 dB an octave, 5 octaves


def test_what_cannot_be_matched_is_warned_of():
    first, second = voice(14, tilt_db=5.0), voice(15, tilt_db=-5.0)
    made = treated(first, second, boost="3 dB", cut="3 dB")
    assert [warned.code for warned in made.warnings] == ["match_spectrum"]
    loud = treated(voice(16, noise_dbfs=-55.0), voice(17, noise_dbfs=-90.0), noise="-60 dB")
    assert [warned.code for warned in loud.warnings] == ["match_noise"]
    narrow = treated(voice(18, high_hz=2500.0), voice(19))
    assert "match_bandwidth" in [warned.code for warned in narrow.warnings]
    assert all("voice_a" in warned.message for warned in narrow.warnings)


def test_an_equal_pair_is_left_nearly_untouched():
    stem = voice(21)
    same = treated(stem, stem.copy())
    for made in same.stems.values():
        assert np.abs(made - stem).max() < 1e-9
    alike = treated(voice(22, colour_db=0.0), voice(23, colour_db=0.0))
    for facts in alike.facts["voices"].values():
        assert np.abs(facts["gain_db"]).max() < 1.0
        assert facts["low_pass_hz"] is None


def test_nothing_is_delayed():
    first, second = (voice(**parameters) for parameters in PAIRS["noisy and clean"])
    for name, before in (("voice_a", first), ("voice_b", second)):
        after = treated(first, second).stems[name]
        size = 2 * len(before)
        crossed = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)))
        assert np.argmax(crossed) == 0


def test_at_no_frequency_do_both_voices_get_noise_and_it_follows_the_seed():
    first = voice(24, noise_dbfs=-60.0, noise_tilt_db=-4.0)
    second = voice(25, noise_dbfs=-60.0, noise_tilt_db=2.0)
    spectra = [voice_spectrum(stem, 48_000) for stem in (first, second)]
    here, there = missing_noise(*spectra, -20.0), missing_noise(*spectra[::-1], -20.0)
    assert here.any()
    assert there.any()
    assert not (here * there).any()
    stems = {"voice_a": first, "voice_b": second}
    one, again, other = (MatchVoices().treat(stems, bench(seed=s), "match").stems for s in (1, 1, 2))
    assert (one["voice_a"] == again["voice_a"]).all()
    moved = one["voice_a"] - other["voice_a"]
    assert 0 < np.sqrt(np.mean(moved**2)) < 10 ** (-55 / 20)


@pytest.mark.parametrize("n", [0, 1, 2, 480, 9600])
def test_what_is_silent_or_too_short_is_left_alone_and_said(n):
    speech = voice(26)
    for stem in (np.zeros(n), np.zeros(n + 48_000), speech[:n].copy()):
        made = treated(stem, speech)
        assert made.stems["voice_a"] is stem
        assert made.stems["voice_b"] is speech
        assert [warned.code for warned in made.warnings] == ["match_speech"]


def test_one_voice_alone_has_nothing_to_be_matched_to():
    made = MatchVoices().treat({"voice_a": voice(27)}, bench(), "match")
    assert [warned.code for warned in made.warnings] == ["match_voices"]


def test_without_pauses_no_noise_is_guessed():
    rng = np.random.default_rng(28)
    syllables = 10.0 ** (rng.uniform(-30, 0, 60).repeat(4800) / 20.0)
    talking = bench().levelled(syllables * rng.standard_normal(len(syllables)))
    made = treated(talking, voice(30))
    assert "match_noise" in [warned.code for warned in made.warnings]
    assert all(voice["noise_dbfs"] is None for voice in made.facts["voices"].values())
