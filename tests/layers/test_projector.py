"""What must be true of the projector as it is heard: measured on rendered samples alone."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from audio_pipeline.errors import PresetError
from audio_pipeline.layers.projector import Projector
from audio_pipeline.preset.registry import LAYERS
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span, tile, tiles_over
from audio_pipeline.timeline.timecode import RATES

RATE = 48_000
GAUGES = ("35mm", "16mm", "super8")
PLACES = ("in-room", "booth", "port")
FRAMES = {"35mm": 24, "16mm": 24, "super8": 18}
Floats = NDArray[np.float64]


def scene_of(seconds: int, seed: int = 1, rate: int = RATE, end: int | None = None) -> Scene:
    cues = {"start": 0, "silence": seconds, "end": end or seconds}
    define = {name: (lambda _, at=at: Fraction(at)) for name, at in cues.items()}
    return Scene(rate, seed, Span(0, (end or seconds) * rate), Schedule(Clock(RATES["24"]), define))


@lru_cache(maxsize=24)
def _heard(seconds: int, seed: int, rate: int, chosen: tuple[tuple[str, object], ...]) -> Floats:
    source = Projector(**dict(chosen)).prepare(scene_of(seconds, seed, rate), "projector")
    tiles = [source.render(each) for each in tiles_over(Span(0, seconds * rate))]
    out = np.concatenate(tiles)[: seconds * rate]
    out.setflags(write=False)
    return out


def heard(seconds: int = 20, seed: int = 1, rate: int = RATE, **chosen: object) -> Floats:
    """The machine running already at the first sample, unless `rise` says otherwise."""
    chosen = {"rise": "0s", **chosen}
    return _heard(seconds, seed, rate, tuple(sorted(chosen.items())))


def steady(**chosen: object) -> Floats:
    """The running machine, away from its edges: 19 s, if not told otherwise."""
    return heard(**chosen)[RATE // 2 : -RATE // 2]


def db(power: float) -> float:
    return float(10.0 * np.log10(power))


def level_db(x: Floats) -> float:
    return db(float(np.mean(x**2)))


def above(x: Floats, hz: float = 800.0) -> Floats:
    spectrum = np.fft.rfft(x)
    spectrum[np.fft.rfftfreq(len(x), 1 / RATE) < hz] = 0
    return np.fft.irfft(spectrum, len(x))


def envelope(x: Floats) -> Floats:
    """Of the band above 800 Hz, a thousand points a second: the size of the analytic signal."""
    n = len(x) // 48 * 48
    spectrum = np.fft.fft(above(x[:n]))
    spectrum[n // 2 :] = 0
    return np.abs(2 * np.fft.ifft(spectrum)).reshape(-1, 48).mean(axis=1)


def envelope_lines(x: Floats, rates: Iterable[float]) -> dict[float, tuple[float, float]]:
    """For each rate: the line's power, and how far it stands over the median of 1 to 5 Hz around."""
    beat = envelope(x)
    power = np.abs(np.fft.rfft((beat - beat.mean()) * np.hanning(len(beat)))) ** 2
    hz = np.fft.rfftfreq(len(beat), 1e-3)
    lines = {}
    for rate in rates:
        away = np.abs(hz - rate)
        line = db(power[away < 0.4].max())
        lines[rate] = line, line - db(float(np.median(power[(away > 1) & (away < 5)])))
    return lines


def octave_db(x: Floats, hz: float) -> float:
    power, at = np.abs(np.fft.rfft(x)) ** 2, np.fft.rfftfreq(len(x), 1 / RATE)
    return db(power[(at > hz / 2**0.5) & (at < hz * 2**0.5)].sum())


# What a film machine is known by


def test_35mm_beats_at_its_frames_and_perforations():
    lines = envelope_lines(steady().mean(axis=1), (24, 96))
    assert lines[24][1] > 10
    assert lines[96][1] > 10


def test_clicks_a_quarter_frame_apart_leave_no_48_hz():
    """The click train's harmonics are weighted |cos(πk/4)|: nothing at k = 2."""
    lines = envelope_lines(steady(stop_click="0 dB", shutter="0%").mean(axis=1), (24, 48, 96))
    assert lines[48][0] < min(lines[24][0], lines[96][0]) - 6


def test_the_shutter_beats_at_its_own_rate():
    dark = dict.fromkeys(("intermittent", "sprockets", "belt", "reels"), "off")
    cut = envelope_lines(steady(**dark, shutter="10%").mean(axis=1), (48,))
    uncut = envelope_lines(steady(**dark, shutter="0%").mean(axis=1), (48,))
    assert cut[48][1] > uncut[48][1] + 8


@pytest.mark.parametrize("gauge", ["16mm", "super8"])
def test_narrow_gauges_beat_at_their_frames(gauge):
    frames = FRAMES[gauge]
    lines = envelope_lines(steady(gauge=gauge).mean(axis=1), (frames, 2 * frames, 3 * frames, 31))
    assert lines[frames][1] > 10
    assert lines[frames][0] > max(power for rate, (power, _) in lines.items() if rate != frames)


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize("film", ["24/s", "16/s"])
def test_hum_keeps_to_the_mains_whatever_the_film_does(mains, film):
    x = steady(mains=f"{mains} Hz", frames_per_s=film).mean(axis=1)
    n = 18 * RATE
    power = np.abs(np.fft.rfft(x[:n] * np.blackman(n), 2 * n)) ** 2
    hz = np.fft.rfftfreq(2 * n, 1 / RATE)
    for harmonic in (2, 4, 6):
        near = np.abs(hz - harmonic * mains) < 1.0
        found = hz[near][np.argmax(power[near])]
        assert found == pytest.approx(harmonic * mains, abs=0.1)
        assert db(power[near].max() / np.median(power[np.abs(hz - found) < 4])) > 15


@pytest.mark.parametrize("gauge", GAUGES)
def test_crest_is_that_of_a_machine_in_a_room(gauge):
    x = steady(gauge=gauge)
    assert 14 < db(np.max(np.abs(x)) ** 2) - level_db(x) < 22


def test_bands_stand_within_4_db_of_a_real_small_machine():
    """The recording of a 3-D printer's motors whose bands `film_sound.md` gives."""
    x = steady().mean(axis=1)
    power, hz = np.abs(np.fft.rfft(x)) ** 2, np.fft.rfftfreq(len(x), 1 / RATE)
    edges = (20, 80, 250, 1000, 4000, 10_000, 20_000)
    whole = power[(hz >= 20) & (hz < 20_000)].sum()
    real_db = (-13, -5, -4, -8, -12, -24)
    for low, high, real in zip(edges[:-1], edges[1:], real_db, strict=True):
        share = db(power[(hz >= low) & (hz < high)].sum() / whole)
        assert share == pytest.approx(real, abs=4)


@pytest.mark.parametrize("gauge", GAUGES)
def test_no_second_of_it_comes_back(gauge):
    """Above 800 Hz nothing repeats at any lag of 1 to 20 s: it is no loop."""
    x = above(steady(seconds=30, gauge=gauge).mean(axis=1))
    n = len(x)
    size = 2_400_000  # more than n and the longest lag: nothing wraps
    lagged = np.fft.irfft(np.abs(np.fft.rfft(x, size)) ** 2)[:n] / (n - np.arange(n))
    assert np.max(np.abs(lagged[RATE : 20 * RATE])) / lagged[0] < 0.2


# Where it is heard from


@pytest.mark.parametrize("gauge", GAUGES)
def test_glass_takes_20_db_more_at_4_khz_than_at_125_hz(gauge):
    """`level` is met at every place, so the machine's power at 125 Hz is the common scale."""
    bright = []
    for seed in (1, 2):
        octaves = {}
        for place in ("booth", "port"):
            x = heard(10, seed, gauge=gauge, place=place).mean(axis=1)
            octaves[place] = octave_db(x, 4000) - octave_db(x, 125)
        bright.append(octaves["booth"] - octaves["port"])
    assert np.mean(bright) > 20


@pytest.mark.parametrize("width", [0, 20, 50])
def test_correlation_of_the_ears_is_100_percent_less_the_width(width):
    x = steady(width=f"{width}%")
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(1 - width / 100, abs=0.03)


def test_fold_to_mono_does_not_depend_on_the_width():
    narrow, wide = (heard(10, width=width, pan="C").mean(axis=1) for width in ("0%", "50%"))
    scale = np.dot(narrow, wide) / np.dot(wide, wide)
    np.testing.assert_allclose(narrow, scale * wide, atol=1e-5 * np.max(np.abs(narrow)))


@pytest.mark.parametrize(("pan", "louder"), [("L60", 0), ("R60", 1)])
def test_it_stands_on_the_side_it_is_panned_to(pan, louder):
    x = steady(pan=pan, width="5%")
    assert level_db(x[:, louder]) > level_db(x[:, 1 - louder]) + 6


# Level and time


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("gauge", GAUGES)
@pytest.mark.parametrize("mains", ["50 Hz", "60 Hz"])
def test_level_is_met_and_nothing_clips(gauge, place, mains):
    x = heard(10, gauge=gauge, place=place, mains=mains, level="-20 dBFS")
    assert np.all(np.isfinite(x))
    assert np.max(np.abs(x)) < 1.0
    assert level_db(x) == pytest.approx(-20, abs=0.5)


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_level_is_met_at_other_sample_rates(rate):
    assert level_db(heard(10, rate=rate)) == pytest.approx(-46, abs=0.5)


def test_it_comes_up_from_nothing_within_the_rise():
    x = heard(10, rise="3s")
    steps = [level_db(x[i * RATE // 2 : (i + 1) * RATE // 2]) for i in range(6)]
    assert not x[0].any()
    assert steps == sorted(steps)
    assert steps[0] < -60
    assert level_db(x[3 * RATE :]) == pytest.approx(-46, abs=0.6)


def test_it_is_silent_outside_its_span_and_never_cut():
    source = Projector(at="2s", until="7.5s", rise="0s").prepare(scene_of(10), "projector")
    x = np.concatenate([source.render(here) for here in tiles_over(Span(0, 10 * RATE))])
    assert source.span == Span(2 * RATE, 15 * RATE // 2)
    assert not x[: 2 * RATE].any()
    assert not x[15 * RATE // 2 :].any()
    assert level_db(x[2 * RATE : 15 * RATE // 2]) == pytest.approx(-46, abs=0.6)
    for edge in (x[2 * RATE : 2 * RATE + 24], x[15 * RATE // 2 - 24 : 15 * RATE // 2]):
        assert np.max(np.abs(edge)) < 0.1 * np.max(np.abs(x))


def test_any_tile_in_any_order_by_any_worker_gives_the_same_bits():
    chosen = {"runs_out": "12s", "stops": "21s", "splices": ["9.99s"], "start_up": "1s"}
    in_order = Projector(**chosen).prepare(scene_of(30), "projector")
    tiles = list(tiles_over(Span(0, 30 * RATE)))
    expected = {here: in_order.render(here) for here in tiles}
    other = Projector(**chosen).prepare(scene_of(30), "projector")
    with ThreadPoolExecutor(2) as pool:
        order = [*tiles[2:], *tiles[:2]]
        for here, found in zip(order, pool.map(other.render, order), strict=True):
            assert np.array_equal(found, expected[here])


def test_seed_and_name_make_another_machine():
    scene = scene_of(10)
    one = Projector().prepare(scene, "projector").render(tile(0))
    for other in (
        Projector().prepare(scene_of(10, seed=2), "projector").render(tile(0)),
        Projector().prepare(scene, "second").render(tile(0)),
    ):
        assert np.corrcoef(above(one[:, 0]), above(other[:, 0]))[0, 1] < 0.2


# Its end


def _beat(x: Floats, hz: float, seconds: slice) -> float:
    beat = envelope(x.mean(axis=1))[int(seconds.start * 1000) : int(seconds.stop * 1000)]
    window = np.hanning(len(beat)) / np.hanning(len(beat)).sum()
    return float(np.abs(np.sum(beat * window * np.exp(-2j * np.pi * hz * np.arange(len(beat)) / 1e3))))


def test_perforations_go_before_the_claw_when_the_film_runs_out():
    """The sprocket is passed first, so 96 Hz has lost 6 dB (what stays is the stop click's own) when
    24 Hz has lost less than 4; without film both are gone."""
    lost: dict[tuple[str, int], list[float]] = {}
    for seed in (1, 2):
        x = heard(20, seed, runs_out="8s", thins="6s", flap="off")
        for hz in (24, 96):
            before = _beat(x, hz, slice(1, 8))
            for name, when in (("passing", slice(10.4, 11.6)), ("gone", slice(14, 19))):
                lost.setdefault((name, hz), []).append(_beat(x, hz, when) / before)
    loss = {key: -db(float(np.mean(np.square(values)))) for key, values in lost.items()}
    assert loss["passing", 96] > 6
    assert loss["passing", 24] < 4
    assert loss["gone", 96] > 9
    assert loss["gone", 24] > 9


@lru_cache(maxsize=1)
def _flaps() -> Floats:
    """The tail alone: what is gone when it is off."""
    with_tail = heard(20, runs_out="3s", stops="18s")
    return with_tail - heard(20, runs_out="3s", stops="18s", flap="off")


def _flap_times_s(x: Floats) -> Floats:
    loud = (x.mean(axis=1) ** 2)[: len(x) // 480 * 480].reshape(-1, 480).mean(axis=1)
    peaks = [
        i for i in range(25, len(loud) - 25) if loud[i] > 1e-9 and loud[i] == loud[i - 25 : i + 25].max()
    ]
    return np.array(peaks) / 100.0


@pytest.mark.parametrize("part", ["motor", "blower"])
def test_without_film_to_pull_the_motor_is_quieter(part):
    parts = dict.fromkeys(
        ("intermittent", "sprockets", "hum", "motor", "blower", "blades", "belt", "reels", "flap"), "off"
    )
    changes = {**parts, part: "0 dB", "unloaded": "-6 dB", "rise": "0s"}
    sound = heard(runs_out="6s", thins="1s", **changes)
    before, after = (db(np.mean(sound[a * RATE : (a + 3) * RATE] ** 2)) for a in (2, 8))
    assert after - before == pytest.approx(-6.0, abs=0.5)


def test_the_tail_flaps_once_or_twice_a_second_and_never_before():
    times = _flap_times_s(_flaps())
    assert times[0] > 3.0
    gaps = np.diff(times[times < 18])
    assert np.all((gaps > 0.5) & (gaps < 1.0))
    assert np.std(gaps) > 0.01


def test_a_flap_slaps_between_1_and_4_khz_and_its_rustle_dies_within_a_fifth_of_a_second():
    x = _flaps().mean(axis=1)
    levels = []
    for at in _flap_times_s(_flaps())[:15]:
        flap = x[int((at - 0.03) * RATE) : int((at + 0.4) * RATE)]
        whole = np.sum(flap**2)
        power, hz = np.abs(np.fft.rfft(flap)) ** 2, np.fft.rfftfreq(len(flap), 1 / RATE)
        assert power[(hz > 1000) & (hz < 4000)].sum() > 0.6 * power.sum()
        assert np.sum(flap[int(0.23 * RATE) :] ** 2) < 1e-2 * whole
        assert np.sum(flap[: int(0.09 * RATE)] ** 2) > 0.7 * whole
        levels.append(db(whole))
    assert 1.0 < np.std(levels) < 5.0


ALONE = dict.fromkeys(("sprockets", "hum", "motor", "blower", "belt", "reels"), "off")


def _pitches(x: Floats, seconds: Iterable[float]) -> list[float]:
    """Hz under which a tenth of the power lies, in quarters of a second: of a tone with harmonics, the
    fundamental, whatever the room does to their balance."""
    pitches = []
    for second in seconds:
        window = x[int(second * RATE) : int((second + 0.25) * RATE), 0] * np.hanning(RATE // 4)
        power = np.cumsum(np.abs(np.fft.rfft(window, RATE)) ** 2)
        pitches.append(float(np.searchsorted(power, 0.1 * power[-1])))
    return pitches


def test_rate_and_pitch_fall_together_to_nothing_when_it_is_stopped():
    coasting = np.arange(4.0, 6.4, 0.25)
    tone = heard(10, stops="4s", coast="3s", blades="0 dB", intermittent="off", **ALONE)
    pitches = _pitches(tone, coasting)
    assert np.all(np.diff(pitches) < 0)
    assert pitches[-1] < 0.25 * pitches[0]

    even = {"jitter": "0ms", "blades": "off", "wear": "0%", "stop_click": "0 dB", "pull_down": "50%"}
    clicks = heard(10, stops="4s", coast="3s", **even, **ALONE)
    smooth = np.convolve(above(clicks.mean(axis=1)) ** 2, np.hanning(481), "same")
    loud = smooth > 0.2 * np.maximum.accumulate(smooth[::-1])[::-1]
    onsets = np.flatnonzero(np.diff(loud.astype(int)) == 1) / RATE
    gaps = np.diff(onsets[(onsets > 4.0) & (onsets < 6.0)])
    assert len(gaps) > 20
    assert np.all(np.diff(gaps) > -0.002)
    assert gaps[-1] > 2 * gaps[0]

    for stopped in (tone, clicks):  # what float32 rounds, 200 dB down
        assert np.abs(stopped[int(7.2 * RATE) :]).max() < 1e-10


def test_the_motor_gathers_speed_from_rest():
    tone = heard(10, start_up="3s", blades="0 dB", intermittent="off", **ALONE)
    pitches = _pitches(tone, np.arange(0.25, 3.0, 0.25))
    assert np.all(np.diff(pitches) > 0)
    assert pitches[-1] == pytest.approx(855, rel=0.03)


def test_a_splice_is_one_tick_at_its_frame_and_nothing_else():
    tick = heard(10, splices=("4s",)) - heard(10)
    where = np.flatnonzero(np.abs(tick).max(axis=1) > 1e-5 * np.max(np.abs(tick)))
    assert where[0] + 48 >= 4.0 * RATE
    assert where[0] < (4.0 + 1 / 24) * RATE + 48
    assert where[-1] - where[0] < 0.15 * RATE
    assert np.max(np.abs(tick)) > 0.3 * np.max(np.abs(heard(10)))


# The preset


def test_it_is_found_by_its_kind():
    assert LAYERS["projector"] is Projector


def test_a_gauge_brings_its_own_defaults_and_yields_to_what_is_said():
    assert Projector(gauge="super8").frames_per_s == 18
    assert Projector(gauge="super8", frames_per_s="24/s").frames_per_s == 24
    assert Projector(gauge="16mm").perforations == 1
    assert Projector().perforations == 4


@pytest.mark.parametrize("gauge", GAUGES)
def test_what_is_shown_is_what_is_read(gauge):
    projector = Projector(gauge=gauge, runs_out="black + 6s", belt="off")
    shown = {key: value for key, value in projector.model_dump().items() if value is not None}
    assert Projector.model_validate(shown) == projector


def test_a_machine_cannot_stop_before_its_film_runs_out():
    with pytest.raises(PresetError, match="runs_out"):
        Projector(runs_out="8s", stops="7s").prepare(scene_of(10), "projector")


def test_a_machine_cannot_stop_before_it_runs():
    with pytest.raises(PresetError, match="come up to speed"):
        Projector(start_up="4s", stops="3s").prepare(scene_of(10), "projector")


@pytest.mark.parametrize("end", [{"runs_out": "5s"}, {"stops": "5s"}])
def test_a_splice_needs_film(end):
    with pytest.raises(PresetError, match="the film has already run out at 6s"):
        Projector(splices=["6s"], **end).prepare(scene_of(10), "projector")


def test_a_projector_without_parts_is_refused():
    parts = ("intermittent", "sprockets", "hum", "motor", "blower", "blades", "belt", "reels")
    with pytest.raises(PresetError, match="every part"):
        Projector(**dict.fromkeys(parts, "off")).prepare(scene_of(10), "projector")
