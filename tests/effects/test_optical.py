"""One film track for both voices: its response, its compression, its noise."""

import numpy as np
import pytest

from audio_pipeline.dsp.optical_track import academy_db
from audio_pipeline.effects.base import REFERENCE_LUFS
from audio_pipeline.effects.optical import Optical
from tests.voices import THIRDS_HZ, bench, voice

RATE = 48_000


def treated(stem, rate=RATE, seed=1, name="optical", layer="voice_a", **parameters):
    before = stem.copy()
    made = Optical(**parameters).treat({layer: stem}, bench(rate, seed), name)
    assert (stem == before).all()
    assert len(made.stems[layer]) == len(stem)
    assert np.isfinite(made.stems[layer]).all()
    assert made.warnings == ()
    return made.stems[layer]


def response_db(rate, **parameters):
    """What becomes of an impulse, at the centres of third octaves."""
    impulse = np.zeros(rate // 4)
    impulse[rate // 10] = 1.0
    made = treated(impulse, rate, ratio=1.0, noise="-130 dB", **parameters)
    assert np.abs(made[: rate // 10 - 1]).max() < 1e-6  # minimum phase: nothing sounds before
    hz = np.fft.rfftfreq(len(made), 1.0 / rate)
    return np.interp(THIRDS_HZ, hz, 20 * np.log10(np.abs(np.fft.rfft(made))))


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_the_track_has_the_academy_curve_or_as_much_of_it_as_is_asked_for(rate):
    np.testing.assert_allclose(response_db(rate), academy_db(THIRDS_HZ), atol=0.3)
    np.testing.assert_allclose(response_db(rate, academy="50%"), academy_db(THIRDS_HZ) / 2, atol=0.3)
    np.testing.assert_allclose(response_db(rate, academy="0%"), 0.0, atol=0.01)


def test_it_compresses_above_the_threshold_by_its_ratio():
    tone = np.sqrt(2.0) * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    for over_db, wanted_db in ((-20.0, 0.0), (12.0, 6.0), (20.0, 10.0)):
        stem = tone * 10 ** ((REFERENCE_LUFS + 4.0 + over_db) / 20)
        made = treated(stem, threshold="4 dB", noise="-130 dB")
        lost = 20 * np.log10(np.std(stem[RATE // 2 :]) / np.std(made[RATE // 2 :]))
        assert lost == pytest.approx(wanted_db, abs=0.2)


def test_attack_and_release_may_be_written_in_picture_frames():
    stem = voice(1, seconds=2.0)
    frames = treated(stem, release="6f")
    assert (frames == treated(stem, release="250ms")).all()


def test_its_noise_stands_where_it_is_set_only_while_the_stem_plays():
    made = treated(np.zeros(4 * RATE), noise="-40 dB")
    level = 20 * np.log10(np.std(made[RATE // 2 : -RATE // 2]))
    assert level == pytest.approx(REFERENCE_LUFS - 40.0, abs=0.3)
    assert made[0] == 0.0
    assert made[-1] == 0.0


def test_what_becomes_of_a_voice_does_not_depend_on_the_other():
    one, two = voice(2, seconds=2.0), voice(3, seconds=2.5)
    both = Optical().treat({"voice_a": one, "voice_b": two}, bench(), "optical").stems
    assert (both["voice_a"] == treated(one)).all()
    assert (both["voice_b"] == treated(two, layer="voice_b")).all()


def test_noise_follows_seed_effect_and_layer_and_nothing_else():
    nothing = np.zeros(RATE)
    made = [
        treated(nothing, **keys) for keys in ({}, {"seed": 2}, {"name": "other"}, {"layer": "voice_b"})
    ]
    assert (made[0] == treated(nothing)).all()
    for other in made[1:]:
        assert abs(np.corrcoef(made[0], other)[0, 1]) < 0.05
    assert (treated(np.zeros(RATE // 2))[:4000] == made[0][:4000]).all()


@pytest.mark.parametrize("n", [0, 1, 2, 47, 500])
def test_a_stem_may_be_as_short_as_it_likes(n):
    treated(np.full(n, 0.1))
