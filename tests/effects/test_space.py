"""The room's laws: it decays as asked, grows smooth, and treats left and right alike."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy import signal

from audio_pipeline.effects import effect_kinds
from audio_pipeline.effects.base import Strip
from audio_pipeline.effects.space import Space, SpaceProcessor
from audio_pipeline.errors import PresetError, StemError
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import TILE, Span, tile
from audio_pipeline.timeline.timecode import RATES

RATE = 48_000
SETTINGS = {
    "as it comes": {},
    "longer and duller": {"rt60": "1.1s", "bass_ratio": 1.3, "treble_ratio": 0.8, "air_ratio": 0.6},
}


def scene(seed: int = 7, stems: dict | None = None) -> Scene:
    schedule = Schedule(Clock(RATES["24"]), {})
    return Scene(RATE, seed, Span(0, 60 * RATE), schedule, stems=stems or {})


@lru_cache
def prepared(setting: str = "as it comes") -> SpaceProcessor:
    return Space(**SETTINGS[setting]).prepare(scene(), "space")


@lru_cache
def response(part: str, setting: str = "as it comes") -> np.ndarray:
    """What both ears hear of a pulse from the left, `(look_back + 1, 2)`."""
    room = prepared(setting)
    pulse = np.zeros((TILE // 4 + room.look_back, 2))
    pulse[room.look_back, 0] = 1.0
    wet = room.process("DX", Strip(**{part: pulse}), Span(0, TILE // 4)).stereo
    assert wet is not None
    return wet[: room.look_back + 1]


FLOOR = 1e-6
"""What transforms in float32 leave beside the loudest: 120 dB under it."""


def assert_alike(found: np.ndarray | None, wanted: np.ndarray) -> None:
    assert found is not None
    assert np.abs(found - wanted).max() < FLOOR * np.abs(wanted).max()


def noise(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 2))


def reverberation_time_s(x: np.ndarray, octave_hz: float) -> float:
    """T30 by Schroeder's integral; the octave filter runs backwards so that it cannot ring after."""
    edges = [octave_hz / 2**0.5, octave_hz * 2**0.5]
    sos = signal.butter(12, edges, "bandpass", fs=RATE, output="sos")
    band = signal.sosfilt(sos, np.pad(x, (RATE // 2, 0))[::-1])[::-1]
    remaining = np.cumsum(band[::-1] ** 2)[::-1]
    level = 10 * np.log10(np.maximum(remaining / remaining[0], 1e-30))
    part = np.flatnonzero((level <= -5) & (level >= -35))
    return float(-60.0 / np.polyfit(part / RATE, level[part], 1)[0])


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("octave_hz", [125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0])
def test_every_octave_decays_in_the_time_that_was_asked(setting: str, octave_hz: float) -> None:
    space = Space(**SETTINGS[setting])
    asked = space.rt60_s(np.array([octave_hz]), scene().seconds(space.rt60))[0]
    for ear in range(2):
        measured = reverberation_time_s(response("late", setting)[:, ear], octave_hz)
        assert measured == pytest.approx(asked, rel=0.05)


def echo_density(x: np.ndarray, window: int = 960) -> float:
    """Normalised echo density at the middle of `x` (Abel & Huang, 2006): 1 is Gaussian."""
    weight = np.hanning(window) / np.hanning(window).sum()
    deviation = np.sqrt((weight * x**2).sum())
    return float((weight * (np.abs(x) > deviation)).sum() / 0.3173)


def test_echoes_grow_dense_until_they_are_smooth() -> None:
    room = response("early") + response("late")

    def density(at_s: float) -> float:
        start = round(at_s * RATE)
        return float(np.mean([echo_density(room[start : start + 960, ear]) for ear in range(2)]))

    assert density(0.02) < 0.3
    assert 0.3 < density(0.06) < 0.8
    for later in (0.1, 0.15, 0.3, 0.5, 0.7):
        assert density(later) == pytest.approx(1.0, abs=0.25)


def test_in_headphones_both_ears_hear_one_field_of_the_same_level_and_decay() -> None:
    """As alike as sin(kd)/kd says; the reverberation times are those for speakers."""
    room = Space().prepare(replace(scene(), listening="headphones"), "space")
    pulse = np.zeros((TILE // 4 + room.look_back, 2))
    pulse[room.look_back, 0] = 1.0
    late = [response("late"), room.process("DX", Strip(late=pulse), Span(0, TILE // 4)).stereo]
    for ear in range(2):
        for octave_hz in (125.0, 1000.0, 4000.0):
            times = [reverberation_time_s(room[:, ear], octave_hz) for room in late]
            assert times[1] == pytest.approx(times[0], rel=0.05)
    assert 10 * np.log10((late[1] ** 2).sum() / (late[0] ** 2).sum()) == pytest.approx(0.0, abs=0.5)
    spectrum, hz = np.fft.rfft(late[1], axis=0), np.fft.rfftfreq(len(late[1]), 1 / RATE)
    bass = spectrum[(hz > 100) & (hz < 350)]
    alike = np.vdot(*bass.T).real / np.sqrt(np.prod(np.sum(np.abs(bass) ** 2, axis=0)))
    assert alike > 0.8


@pytest.mark.parametrize("part", ["early", "late"])
def test_pink_noise_sent_at_0_db_comes_back_as_loud(part: str) -> None:
    n = 2**18
    spectrum = np.fft.rfft(noise(3, n)[:, 0])
    f = np.fft.rfftfreq(n, 1 / RATE)
    octaves = (f > 125 / 2**0.5) & (f < 8000 * 2**0.5)
    pink = np.fft.irfft(np.where(octaves, spectrum / np.sqrt(np.maximum(f, 1)), 0), n)
    sent = np.stack([pink, np.zeros(n)], axis=1)
    room = prepared()
    wet = room.process("DX", Strip(**{part: sent}), Span(0, n - room.look_back)).stereo
    assert wet is not None
    gain_db = 10 * np.log10(np.mean(wet**2) / np.mean(sent**2))
    assert gain_db == pytest.approx(0.0, abs=0.4)


def test_early_sound_comes_more_from_the_side_of_its_source_and_late_from_everywhere() -> None:
    early, late = (np.square(response(part)).sum(axis=0) for part in ("early", "late"))
    assert 2.0 < 10 * np.log10(early[0] / early[1]) < 8.0
    assert abs(10 * np.log10(late[0] / late[1])) < 0.5
    own, other = response("late").T
    assert abs(own @ other) / np.sqrt((own @ own) * (other @ other)) < 0.05


def test_swapping_left_and_right_of_the_sends_swaps_the_room_to_the_last_bit() -> None:
    room = prepared()
    early, late = noise(1, TILE + room.look_back), noise(2, TILE + room.look_back)
    straight = room.process("DX", Strip(early=early, late=late), tile(3)).stereo
    swapped = room.process("DX", Strip(early=early[:, ::-1], late=late[:, ::-1]), tile(3)).stereo
    assert straight is not None
    assert swapped is not None
    assert np.array_equal(straight[:, ::-1], swapped)


def test_the_room_is_linear_and_leaves_the_direct_sound_alone() -> None:
    room = prepared()
    n = 48_000
    a, b, direct = (noise(seed, n + room.look_back) for seed in (1, 2, 3))
    span = Span(0, n)

    def wet(strip: Strip) -> np.ndarray:
        stereo = room.process("DX", strip, span).stereo
        assert stereo is not None
        return stereo

    both = wet(Strip(stereo=direct, early=a, late=2 * a + b))
    parts = wet(Strip(early=a)) + 2 * wet(Strip(late=a)) + wet(Strip(late=b)) + direct[room.look_back :]
    assert_alike(both, parts)
    done = room.process("DX", Strip(mono=direct[:, :1], early=a, late=b), span)
    assert done.early is None
    assert done.late is None
    assert np.array_equal(done.mono, direct[room.look_back :, :1])
    untouched = room.process("DX", Strip(stereo=direct), span)
    assert np.array_equal(untouched.stereo, direct[room.look_back :])


def test_the_room_is_silent_again_where_sounding_says() -> None:
    room = prepared()
    sound = Span(1000, 2000)
    assert room.active_span(sound) == Span(1000, 2000 + room.look_back)
    window = np.zeros((TILE // 4 + room.look_back, 2))
    window[room.look_back + sound.start : room.look_back + sound.stop] = noise(0, len(sound))
    wet = room.process("DX", Strip(late=window), Span(0, TILE // 4)).stereo
    assert wet is not None
    heard = np.abs(wet).max(axis=1)
    after = room.active_span(sound).stop
    assert heard[after:].max() < FLOOR * heard.max()
    assert 20 * np.log10(heard[after - 500 : after].max() / heard.max()) < -80.0


def test_tiles_in_any_order_are_the_same_bits_and_one_convolution() -> None:
    room = prepared()
    sound = noise(5, 3 * RATE)
    start = TILE - RATE

    def window(span: Span) -> np.ndarray:
        cut = np.zeros((len(span) + room.look_back, 2))
        at = start - (span.start - room.look_back)
        first, last = max(at, 0), min(at + len(sound), len(cut))
        cut[first:last] = sound[first - at : last - at]
        return cut

    def wet(index: int) -> np.ndarray:
        strip = Strip(late=window(tile(index)))
        stereo = room.process("DX", strip, tile(index)).stereo
        assert stereo is not None
        return stereo

    backwards = [wet(1), wet(0)][::-1]
    forwards = [wet(0), wet(1)]
    assert np.array_equal(backwards, forwards)
    own, other = response("late").T
    left = signal.fftconvolve(sound[:, 0], own) + signal.fftconvolve(sound[:, 1], other)
    found = np.concatenate(forwards)[start : start + len(left), 0]
    assert_alike(found, left)


def test_the_room_belongs_to_its_seed_and_name() -> None:
    def heard(seed: int, name: str) -> np.ndarray:
        room = Space().prepare(scene(seed), name)
        pulse = np.zeros((2 * room.look_back, 2))
        pulse[room.look_back // 2, 0] = 1.0
        return room.process("DX", Strip(late=pulse), Span(0, room.look_back)).stereo

    assert np.array_equal(heard(7, "space"), heard(7, "space"))
    assert not np.array_equal(heard(7, "space")[:20_000], heard(8, "space")[:20_000])
    assert not np.array_equal(heard(7, "space")[:20_000], heard(7, "hall")[:20_000])


def recorded(recording: np.ndarray, **parameters: str) -> SpaceProcessor:
    space = Space(impulse_response="room.wav", **{"pre_delay": "0ms", **parameters})
    assert space.stems() == (StemRequest("room.wav", 2, None),)
    return space.prepare(scene(stems={space.stems()[0]: recording}), "space")


def test_a_pulse_as_the_recorded_response_gives_the_send_back() -> None:
    pulse = np.zeros((1000, 2))
    pulse[0, 0] = 0.3
    room = recorded(pulse)
    sound = noise(1, 5000 + room.look_back)
    wet = room.process("DX", Strip(early=sound, late=sound), Span(0, 5000)).stereo
    assert_alike(wet, sound[room.look_back :])


def test_a_recorded_response_is_split_without_losing_anything() -> None:
    recording = noise(1, 20_000) * 10 ** (-np.arange(20_000) / 5000)[:, None]
    room = recorded(recording, pre_delay="10ms")
    pulse = np.zeros((30_000 + room.look_back, 2))
    pulse[room.look_back, 0] = 1.0
    wet = room.process("DX", Strip(early=pulse, late=pulse), Span(0, 30_000)).stereo
    assert wet is not None
    assert np.abs(wet[:480]).max() < FLOOR * np.abs(wet).max()
    scale = wet[480, 0] / recording[0, 0]
    assert_alike(wet[480:15_480], recording[:15_000] * scale)


def test_a_silent_recording_is_refused() -> None:
    with pytest.raises(StemError, match=r"room\.wav"):
        recorded(np.zeros((100, 2)))


def test_returns_that_are_off_are_silent() -> None:
    room = Space(early="off", late="off").prepare(scene(), "space")
    sound = noise(1, 4800 + room.look_back)
    wet = room.process("DX", Strip(early=sound, late=sound), Span(0, 4800)).stereo
    assert wet is None or not wet.any()


def test_a_room_without_early_reflections_still_reverberates() -> None:
    room = Space(split="0ms").prepare(scene(), "space")
    sound = noise(1, 4800 + room.look_back)
    wet = room.process("DX", Strip(early=sound, late=sound), Span(0, 4800)).stereo
    assert wet is not None
    assert np.all(np.isfinite(wet))
    assert wet.any()


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"seat": "30 m"}, "seat"),
        ({"source_aside": "9 m"}, "source_aside"),
        ({"ear_height": "10 m"}, "ear_height"),
    ],
)
def test_whoever_stands_outside_the_room_is_refused(parameters: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Space(**parameters)


def test_a_room_that_does_not_reverberate_is_refused() -> None:
    with pytest.raises(PresetError, match="rt60"):
        Space(rt60="0ms").prepare(scene(), "space")


def test_it_is_found_by_its_kind() -> None:
    assert effect_kinds()["space"] is Space
