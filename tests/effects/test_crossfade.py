"""The crossfade: one object, two voices, each the other's mirror."""

import numpy as np
import pytest

from audio_pipeline.dsp.curves import CURVE_NAMES, pan_gains
from audio_pipeline.effects.crossfade import LAW_DB, Crossfade
from audio_pipeline.timeline.spans import Span
from tests.scenes import make_scene, run

# the voices overlap: B begins (10 s) before A has ended (14 s), and the fader runs in between
SCENE = make_scene({"voice_a.at": 2, "voice_a.tail": 14, "voice_b.at": 10, "voice_b.tail": 22})
WHOLE = Span(0, 24 * 48_000)
CROSS = {"cross_from": "voice_b.at", "cross_to": "voice_a.tail"}


def processor(**changes):
    return Crossfade.model_validate({**CROSS, **changes}).prepare(SCENE, "crossfade")


def noise(seed):
    return np.random.default_rng(seed).standard_normal(len(WHOLE))


def in_db(power):
    return 10 * np.log10(np.maximum(power, 1e-30))


def ears(stereo, start_s, stop_s):
    part = stereo[int(start_s * 48_000) : int(stop_s * 48_000)]
    return in_db((part**2).mean(axis=0))


def test_the_first_voice_begins_20_db_louder_at_the_left():
    placed = run(processor(), "voice_a", noise(1), WHOLE).stereo
    left, right = ears(placed, 2.0, 2.5)
    assert left - right >= 20


def test_the_second_voice_ends_20_db_louder_at_the_right():
    placed = run(processor(), "voice_b", noise(1), WHOLE).stereo
    left, right = ears(placed, 21.5, 22.0)
    assert right - left >= 20


def test_the_centre_of_energy_moves_right_without_turning_back():
    placed = run(processor(inner="R10"), "voice_a", np.ones(len(WHOLE)), WHOLE).stereo
    power = (placed[2 * 48_000 + 100 : 14 * 48_000 - 100 : 480]) ** 2
    centre = (power[:, 1] - power[:, 0]) / power.sum(axis=1)
    assert (np.diff(centre) >= -1e-9).all()
    assert centre[0] < -0.99
    assert centre[-1] > 0


def test_the_second_voice_is_the_first_mirrored_in_time_and_side():
    p = processor(inner="R10")
    a, b = p.journeys["voice_a"], p.journeys["voice_b"]
    t = np.arange(len(WHOLE), dtype=float)
    mirrored = 24 * 48_000 - 1 - t  # the scene is symmetrical about 12 s
    np.testing.assert_allclose(b.position(t), -a.position(mirrored), atol=1e-12)
    np.testing.assert_allclose(b.level(t), a.level(mirrored), atol=1e-9)
    np.testing.assert_allclose(b.distance(t), a.distance(mirrored), atol=1e-12)


@pytest.mark.parametrize("curve", CURVE_NAMES)
@pytest.mark.parametrize("law", LAW_DB)
def test_the_law_keeps_its_own_sum_through_the_cross_for_any_curve(law, curve):
    p = processor(law=law, cross=curve)
    power = 6.0206 / LAW_DB[law]  # 2: powers add; 1: amplitudes add; 4/3 between
    t = np.arange(10 * 48_000 - 4800, 14 * 48_000 + 4800, 100, dtype=float)
    fader = p.journeys["voice_a"].fader
    gains = np.stack([fader.gain(t, 0), fader.gain(t, 1)]).T
    assert in_db((gains**power).sum(axis=1)) == pytest.approx(0.0, abs=0.05)


def test_unlike_noise_in_both_voices_keeps_its_power_through_the_cross():
    flat = {"far_level": "0 dB", "far_treble": "90 kHz", "law": "-3 dB"}
    p = processor(**flat)
    both = run(p, "voice_a", noise(1), WHOLE).stereo + run(p, "voice_b", noise(2), WHOLE).stereo
    power = (both[4 * 48_000 : 20 * 48_000] ** 2).sum(axis=1).reshape(8, -1).mean(axis=1)
    assert in_db(power) == pytest.approx(0.0, abs=0.1)


def test_the_same_noise_in_both_voices_keeps_its_amplitude_through_the_cross_at_6_db():
    p = processor(far_level="0 dB", far_treble="90 kHz", law="-6 dB")
    x = noise(1)
    both = run(p, "voice_a", x, WHOLE).stereo + run(p, "voice_b", x, WHOLE).stereo
    part = slice(4 * 48_000, 20 * 48_000)
    fold = both[part].sum(axis=1)
    # the one-pole at 90 kHz is a gain of nearly one, the same everywhere
    gain = (fold * x[part]).reshape(80, -1).sum(axis=1) / (x[part] ** 2).reshape(80, -1).sum(axis=1)
    assert 20 * np.log10(gain) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("travel", CURVE_NAMES)
def test_a_place_that_is_drawn_straight_between_is_as_good_as_exact(travel):
    p = processor(travel=travel)
    placed = run(p, "voice_a", np.ones(len(WHOLE)), WHOLE).stereo
    t = np.arange(len(WHOLE), dtype=float)
    exact = pan_gains(p.journeys["voice_a"].position(t), LAW_DB["-3 dB"])
    # both ears' gains times the other's exact one: what is left is the error alone
    error = np.abs(placed[:, 0] * exact[:, 1] - placed[:, 1] * exact[:, 0])
    assert error.max() < 10 ** (-100 / 20)


def test_a_constant_never_steps_more_than_the_slowest_fade_allows():
    placed = run(processor(), "voice_a", np.ones(len(WHOLE)), WHOLE)
    for part in (placed.stereo, placed.early, placed.late):
        assert np.abs(np.diff(part, axis=0)).max() < 1e-3


def test_the_outer_end_is_darker_and_has_more_room_than_the_inner():
    placed = run(processor(slip="10ms"), "voice_a", noise(3), WHOLE)

    def treble_db(start):
        part = placed.stereo[start * 48_000 : (start + 1) * 48_000].sum(axis=1)
        spectrum = np.abs(np.fft.rfft(part)) ** 2
        return in_db(spectrum[6000:12_000].mean() / spectrum[200:1000].mean())

    def room_db(start):
        part = slice(start * 48_000, (start + 1) * 48_000)
        return in_db((placed.late[part] ** 2).mean() / (placed.stereo[part] ** 2).mean())

    assert treble_db(2) < treble_db(9) - 6
    assert room_db(2) > room_db(9) + 6


def test_the_direct_sound_falls_in_db_in_proportion_to_the_distance():
    p = processor(slip="10ms", far_level="-18 dB", far_treble="90 kHz", distance="tri", law="-3 dB")
    placed = run(p, "voice_a", np.ones(len(WHOLE)), WHOLE).stereo
    t = np.arange(3 * 48_000, 9 * 48_000, 4800)
    level = in_db((placed[t] ** 2).sum(axis=1))
    assert level == pytest.approx(-18.0 * p.journeys["voice_a"].distance(t.astype(float)), abs=0.05)


@pytest.mark.parametrize(("name", "side"), [("voice_a", 0), ("voice_b", 1)])
def test_reverberation_is_sent_from_one_side_wherever_the_voice_is(name, side):
    """The room makes a field of it that comes from all sides; both sides at once would be mono."""
    placed = run(processor(inner="R10"), name, noise(4), WHOLE)
    assert placed.late[:, side].any()
    assert not placed.late[:, 1 - side].any()
    assert placed.early[:, 1 - side].any()


def test_other_layers_are_none_of_its_business():
    assert not Crossfade().works_on("projector")
