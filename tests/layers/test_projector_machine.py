"""The laws the projector's machine is built on: motion in closed form, and blows between samples."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.control import slow_curve, straight_between
from audio_pipeline.dsp.events import Resonances, normals
from audio_pipeline.layers.machine.motion import Film, Reel, Speed, Wobble, wave
from audio_pipeline.layers.machine.parts import Recording, Steady, Stretch, Tone
from audio_pipeline.layers.machine.places import impulses, loss_db
from audio_pipeline.layers.machine.source import ProjectorSource
from audio_pipeline.layers.projector import Projector
from audio_pipeline.timeline.spans import Span
from tests.layers.sound_stage import stage

seconds = st.floats(0.05, 5.0)
lives = st.builds(
    lambda start, up, runs, coast: Speed(start, up, start + up + runs, coast),
    st.floats(-5.0, 5.0),
    st.one_of(st.just(0.0), seconds),
    seconds,
    seconds,
)


@given(lives)
def test_the_machines_clock_is_the_integral_of_its_speed(speed):
    at_s = np.linspace(speed.start_s, speed.stop_s + speed.coast_s, 200_001)
    rate, turned = speed.rate(at_s), speed.turned(at_s)
    summed = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2) * (at_s[1] - at_s[0])])
    np.testing.assert_allclose(turned - turned[0], summed, atol=2e-4)
    assert turned[-1] == pytest.approx(speed.last_s)


@given(lives, st.floats(0.001, 0.999))
def test_asking_when_the_clock_showed_something_inverts_it(speed, share):
    first = speed.start_s if speed.start_up_s > 0 else speed.start_s - 10.0
    at_s = np.array([first + share * (speed.stop_s + 0.99 * speed.coast_s - first)])
    assert speed.moment(speed.turned(at_s))[0] == pytest.approx(at_s[0], abs=1e-6)


@given(lives)
def test_a_machine_at_rest_never_moves(speed):
    assert np.isnan(speed.moment(np.array([speed.last_s + 1e-6]))[0])
    assert np.isnan(speed.moment(np.array([-1e-6]))[0]) == (speed.start_up_s > 0.0)
    assert speed.rate(np.array([speed.stop_s + speed.coast_s + 1e-6]))[0] == 0.0


@given(lives)
def test_speed_only_falls_while_it_coasts(speed):
    at_s = np.linspace(speed.stop_s, speed.stop_s + speed.coast_s, 1000)
    assert np.all(np.diff(speed.rate(at_s)) < 0)


@given(st.floats(0.0, 0.01), st.floats(0.0, 0.01), st.floats(0.0, 6.0), st.integers(-5000, 500_000))
def test_a_frame_comes_when_the_film_has_counted_it(wow, flutter, phase, frame):
    film = Film(24.0, (Wobble(wow, 0.5, phase), Wobble(flutter, 24.0, 2 * phase)))
    turned = film.turned(np.array([float(frame)]))
    assert film.count(turned)[0] == pytest.approx(frame, abs=1e-6)


def test_wow_is_the_share_of_the_speed_it_says():
    turned = np.linspace(0, 20, 400_001)
    speed = np.gradient(Film(24.0, (Wobble(0.004, 0.5, 1.0),)).count(turned), turned) / 24.0
    assert np.max(speed) == pytest.approx(1.004, abs=1e-5)
    assert np.mean(speed) == pytest.approx(1.0, abs=1e-5)


def test_a_reel_slows_from_core_to_full():
    rate = np.gradient(Reel(1.14, 0.41, 1320.0, 0.0).turns(np.arange(0.0, 1400.0)))
    assert rate[1] == pytest.approx(1.14, rel=0.01)
    assert rate[1315] == pytest.approx(0.41, rel=0.01)
    assert rate[1390] == pytest.approx(0.41, rel=0.01)
    assert np.all(np.diff(rate) < 1e-9)


@given(
    st.floats(-200.0, 500.0),
    st.floats(50.0, 8000.0),
    st.floats(0.0005, 0.01),
    st.integers(-1000, 1000),
)
def test_a_blow_between_samples_is_the_damped_sine_that_began_there(at, tone, decay, number):
    body = Resonances((tone,), (decay,), 48_000)
    found = np.zeros(400, np.float32)
    body.strike(found, np.array([number]), np.array([at]), np.ones((1, 1), np.complex64))
    passed = (np.arange(400) - at) / 48_000
    sounding = (passed >= 0) & (np.arange(400) < math.ceil(at) + body.length)
    expected = np.where(sounding, np.exp(-passed / decay) * np.sin(2 * np.pi * tone * passed), 0.0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(st.integers(-500, 500), st.integers(1, 300), st.floats(200.0, 2000.0), st.integers(0, 1000))
def test_blows_added_together_are_the_same_as_one_after_the_other(first, count, apart, seed):
    """Whether their rings overlap hardly, by half, or by more; some before the window, some after."""
    body = Resonances((300.0, 900.0, 4000.0), (0.004, 0.002, 0.0005), 48_000)
    rng = np.random.default_rng(seed)
    numbers = np.arange(first, first + count)
    at = apart * np.arange(count) + rng.uniform(-150.0, 150.0, count) - 2000.0
    strength = rng.standard_normal((count, 3)).astype(np.complex64)
    together, alone = np.zeros((2, 60_000), np.float32)
    body.strike(together, numbers, at, strength)
    for i in range(count):
        body.strike(alone, numbers[i : i + 1], at[i : i + 1], strength[i : i + 1])
    np.testing.assert_array_equal(together, alone)


@lru_cache(maxsize=1)
def _machine() -> tuple[ProjectorSource, NDArray[np.float32]]:
    """One with a whole life in 10 s, and all that it plays."""
    life = {"start_up": "1s", "splices": ["3s"], "runs_out": "5s", "stops": "8.5s", "coast": "1s"}
    source = Projector(**life).prepare(stage(10.0), "projector")
    return source, _played(source, Span(0, 480_000))


def _played(source: ProjectorSource, span: Span) -> NDArray[np.float32]:
    recording = Recording(Stretch.around(span, source.speed, source.sample_rate))
    source.machine.play(1.0, recording)
    return recording.render()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3700), st.integers(1, 400))
def test_any_stretch_of_the_machine_is_cut_from_the_same_life(first, length):
    source, whole = _machine()
    span = Span(first * 128, min(first + length, 3750) * 128)
    np.testing.assert_array_equal(_played(source, span), whole[span.start : span.stop])


@given(st.floats(-1e6, 1e6))
def test_a_wave_is_a_sine(turns):
    assert wave(np.array([turns]))[0] == pytest.approx(np.sin(2 * np.pi * (turns % 1)), abs=1e-6)


def test_a_tone_has_its_harmonics_and_nothing_else():
    """A pitch that is no whole number of anything, read off straight lines: the rest lies 90 dB under."""
    levels = (0.5, 0.0, 1.0, 0.25)
    recording = Recording(Stretch(Speed(0.0), 48_000, 0, 480_000))
    Tone(levels, (0.0, 1.0, 2.0, 3.0), lambda at_s: 237.7 * at_s).play(1.0, recording)
    power = np.abs(np.fft.rfft(recording.render() * np.blackman(480_000)) / 480_000 / 0.21) ** 2
    hz = np.fft.rfftfreq(480_000, 1 / 48_000)
    rest = power.copy()
    for number, level in enumerate(levels, 1):
        near = np.abs(hz - number * 237.7) < 2.0
        assert power[near].max() == pytest.approx(level**2, abs=1e-3)
        rest[near] = 0.0
    assert rest.max() < 1e-9 * power.max()


@given(
    st.integers(-1000, 100_000),
    st.integers(1, 400),
    st.sampled_from([50, 60]),
    st.sampled_from([44_100, 48_000, 22_051]),
)
def test_a_steady_tone_is_the_sines_that_it_is_made_of(first, length, hz, sample_rate):
    levels, phases = (0.5, 0.0, 1.0, 0.25), (0.0, 1.0, 2.0, 3.0)
    span = Span(first * 128, (first + length) * 128)
    recording = Recording(Stretch(Speed(0.0), sample_rate, span.start, span.stop))
    Steady(levels, phases, hz, lambda at_s: 1.0 + at_s).play(0.5, recording)
    at_s = np.arange(span.start, span.stop) / sample_rate
    tone = sum(
        level * np.cos(2 * np.pi * number * (hz * at_s % 1.0) + phase)
        for number, (level, phase) in enumerate(zip(levels, phases, strict=True), 1)
    )
    expected = 0.5 * (1.0 + at_s) * tone
    np.testing.assert_allclose(recording.render(), expected, atol=1e-6 * np.abs(1.0 + at_s).max())


@given(st.integers(-3000, 3000), st.integers(0, 600), st.integers(0, 600))
def test_an_event_has_the_same_chance_in_every_window(first, before, after):
    whole = normals(7, "x", first - before, first + after + 3, 2)
    np.testing.assert_array_equal(whole[before : before + 3], normals(7, "x", first, first + 3, 2))


@given(st.integers(-500, 500), st.integers(1, 300), st.integers(0, 300))
def test_a_slow_curve_is_the_same_in_every_window_and_exact_for_a_line(start, length, before):
    line = slow_curve(lambda at: 2.0 * at, start, start + length)
    np.testing.assert_allclose(line, 2.0 * np.arange(start, start + length), atol=1e-9)
    wider = slow_curve(np.sin, start - before, start + length)
    np.testing.assert_array_equal(wider[before:], slow_curve(np.sin, start, start + length))


@given(st.integers(0, 900), st.integers(1, 900), st.sampled_from([20, 32, 128, 480]))
def test_lines_between_points_are_straight_and_the_same_in_every_window(first, length, apart):
    points = np.random.default_rng(1).standard_normal(2000)
    whole = straight_between(points, apart)
    drawn = straight_between(points[first : first + length + 1], apart)
    np.testing.assert_array_equal(drawn, whole[first * apart : (first + length) * apart])
    exact = np.interp(np.arange(len(drawn)) / apart + first, np.arange(2000), points)
    np.testing.assert_allclose(drawn, exact, atol=1e-12)


def test_glass_loses_what_the_reference_says():
    hz = np.array([125.0, 250.0, 500.0])
    np.testing.assert_allclose(loss_db("port", hz) - loss_db("in-room", hz), [21, 27, 33], atol=1.0)
    dip, below, above = loss_db("port", np.array([1500.0, 1000.0, 2000.0]))
    assert dip < below
    assert dip < above


def test_port_loses_more_than_20_db_against_the_booth_at_4_khz():
    at = np.array([4000.0])
    assert loss_db("port", at)[0] - loss_db("booth", at)[0] > 20


@pytest.mark.parametrize("place", ["booth", "port", "in-room"])
def test_no_place_combs_the_fold_to_mono_deeply(place):
    """Third-octave levels of what the fold hears lie within 5 dB of the way's own loss."""
    mid, _ = impulses(place, 48_000, noise.generator(1, "place", 0))
    hz = np.fft.rfftfreq(48_000, 1 / 48_000)
    power = np.abs(np.fft.rfft(mid, 48_000)) ** 2
    for centre in 1000.0 * 2.0 ** (np.arange(-8, 13) / 3):
        band = (hz > centre / 2 ** (1 / 6)) & (hz < centre * 2 ** (1 / 6))
        way = np.mean(10 ** (-loss_db(place, hz[band]) / 10))
        assert abs(10 * np.log10(np.mean(power[band]) / way)) < 5
