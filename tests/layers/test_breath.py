from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import rms_dbfs
from audio_pipeline.layers.airway import (
    RESONANCES,
    Phase,
    Timbre,
    Way,
    air,
    airway_responses,
    flow_curve,
)
from audio_pipeline.layers.breath import Breath, Cycle
from tests.layers.sound_stage import (
    RATE,
    assert_obeys_the_contract,
    db,
    heard,
    seconds,
    stage,
    windowed_rms_dbfs,
)

TEN_MINUTES = stage(600)


def breath(**values: object) -> Breath:
    return Breath.model_validate(values)


def lengths(cycles: tuple[Cycle, ...]) -> tuple[Samples, Samples, Samples]:
    """Of inhales, exhales and the pauses between, s."""
    inhales = np.array([len(c.inhale.span) for c in cycles]) / RATE
    exhales = np.array([len(c.exhale.span) for c in cycles]) / RATE
    pauses = [(b.inhale.span.start - a.exhale.span.stop) / RATE for a, b in pairwise(cycles)]
    return inhales, exhales, np.array(pauses)


def centroid_hz(x: Samples) -> float:
    power = np.abs(np.fft.rfft(x)) ** 2
    return float(np.sum(power * np.fft.rfftfreq(len(x), 1 / RATE)) / np.sum(power))


def test_it_obeys_the_contract_of_a_layer() -> None:
    assert_obeys_the_contract(breath(at="1s", until="19s"), stage(22, speech=(seconds(5, 8),)))


def test_at_rest_there_are_10_to_15_breaths_a_minute() -> None:
    per_minute = len(breath().cycles(TEN_MINUTES, "breath")) / 10
    assert 10 <= per_minute <= 15
    assert per_minute == pytest.approx(breath().rate, rel=0.03)


def test_in_out_and_pause_last_as_long_as_those_of_a_body_at_rest() -> None:
    inhales, exhales, pauses = lengths(breath().cycles(TEN_MINUTES, "breath"))
    assert 1.0 <= inhales.mean() <= 1.5
    assert 1.5 <= exhales.mean() <= 2.0
    assert 1.0 <= pauses.mean() <= 2.0
    assert inhales.sum() / (inhales.sum() + exhales.sum()) == pytest.approx(0.4, abs=0.02)


def test_once_alone_it_is_slower_and_louder_and_before_that_unchanged() -> None:
    told = breath(alone_from="300s", alone_rate="9/min", alone_level="4 dB")
    cycles, before = told.cycles(TEN_MINUTES, "breath"), breath().cycles(TEN_MINUTES, "breath")
    alone = [c for c in cycles if c.inhale.span.start >= 300 * RATE]
    others = cycles[: len(cycles) - len(alone)]
    assert others == before[: len(others)]
    assert len(alone) / 5 == pytest.approx(9, rel=0.05)
    levels = [np.mean([c.inhale.level_dbfs for c in part]) for part in (others, alone)]
    assert levels[1] - levels[0] == pytest.approx(4.0, abs=0.8)  # each varies on its own


def test_lengths_vary_by_10_to_15_percent_and_no_two_cycles_are_alike() -> None:
    cycles = breath().cycles(TEN_MINUTES, "breath")
    for length in lengths(cycles):
        assert 0.10 < length.std() / length.mean() < 0.15
    shapes = {(len(c.inhale.span), len(c.exhale.span), c.inhale.level_dbfs) for c in cycles}
    assert len(shapes) == len(cycles)


def test_a_longer_scene_begins_with_the_same_cycles() -> None:
    short, long = (breath().cycles(stage(length), "breath") for length in (60, 600))
    assert long[: len(short)] == short


def test_six_hours_of_breath_are_planned_and_any_tile_of_them_is_heard() -> None:
    source = breath().prepare(stage(6 * 3600), "breath")
    assert len(source.phases) / 2 == pytest.approx(6 * 60 * 13, rel=0.02)
    assert heard(source, seconds(6 * 3600 - 20, 6 * 3600)).any()


@settings(max_examples=60)
@given(
    gaps=st.lists(st.tuples(st.integers(1, 6000), st.integers(50, 12_000)), max_size=8),
    seed=st.integers(0, 1000),
)
def test_no_ordinary_breath_begins_while_a_voice_speaks(gaps: list[tuple[int, int]], seed: int) -> None:
    speech, at = [], 0
    for gap_ms, length_ms in gaps:
        speech.append(seconds((at + gap_ms) / 1000, (at + gap_ms + length_ms) / 1000))
        at += gap_ms + length_ms
    scene = stage(120, seed=seed, speech=tuple(speech))
    cycles = breath(at="0s").cycles(scene, "breath")
    for cycle in (c for c in cycles if not c.shallow):
        assert not any(cycle.inhale.span.start in spoken for spoken in speech)
    for a, b in pairwise(p for c in cycles for p in c.phases()):
        assert a.span.stop <= b.span.start


@settings(deadline=None, max_examples=60)
@given(
    spoken=st.tuples(st.integers(0, 60), st.integers(1, 90)),
    rate=st.integers(4, 40),
    pause=st.integers(0, 80),
    turn_ms=st.integers(0, 2000),
    longest_s=st.integers(2, 20),
)
def test_whoever_listens_never_holds_the_breath_too_long(
    spoken: tuple[int, int], rate: int, pause: int, turn_ms: int, longest_s: int
) -> None:
    voice = seconds(spoken[0], sum(spoken))
    layer = breath(
        at="0s",
        rate=f"{rate}/min",
        pause=f"{pause}%",
        turn=f"{turn_ms}ms",
        longest_hold=f"{longest_s}s",
    )
    source = layer.prepare(stage(120, speech=(voice,)), "breath")  # it raises when two phases meet
    for before, after in pairwise(source.phases):
        if before.way == "out" and (before.span.stop in voice or after.span.start in voice):
            pause_s = 60 / rate * pause / 100 * 1.24  # an ordinary one may be longer than the limit
            assert (after.span.start - before.span.stop) / RATE <= max(longest_s, pause_s) + 1e-3


def test_who_held_the_breath_takes_a_deeper_one_afterwards() -> None:
    voice = seconds(10, 15)
    still = breath(level_variation="0 dB", variation="0%")
    cycles = still.cycles(stage(60, speech=(voice,)), "breath")
    starts = [c.inhale.span.start / RATE for c in cycles]
    after = next(i for i, start in enumerate(starts) if start > 15)
    assert starts[after] == pytest.approx(15.7, abs=0.01)
    assert starts[after - 1] < 10
    deeper, ordinary = cycles[after].inhale, cycles[after + 1].inhale
    assert deeper.level_dbfs - ordinary.level_dbfs == pytest.approx(2.5)
    assert len(deeper.span) > len(ordinary.span)


def test_an_exhale_among_words_is_let_out_quietly() -> None:
    still = breath(level_variation="0 dB", variation="0%")
    first = still.cycles(stage(60, speech=(seconds(1.25, 9),)), "breath")[0]
    free = still.cycles(stage(60), "breath")[0]
    assert first.exhale.level_dbfs == pytest.approx(free.exhale.level_dbfs - 6.0)
    assert first.exhale.span == free.exhale.span


def test_who_does_not_listen_breathes_on() -> None:
    scene = stage(60, speech=(seconds(10, 30),))
    assert breath(holds_breath=False).cycles(scene, "b") == breath().cycles(stage(60), "b")


@pytest.mark.parametrize("values", [{}, {"exhale_level": "-8 dB", "inhale": "30%"}], ids=str)
def test_level_is_the_rms_while_air_moves(values: dict[str, str]) -> None:
    layer = breath(
        level="-50 dBFS", level_variation="0 dB", lips_share="0%", throat_share="0%", **values
    )
    source = layer.prepare(stage(60), "breath")
    x = heard(source, seconds(0, 60))
    moving = np.concatenate([x[p.span.start : p.span.stop] for p in source.phases])
    assert rms_dbfs(moving) == pytest.approx(-50.0, abs=0.2)


def test_the_exhale_is_darker_than_the_inhale() -> None:
    sounds = {
        way: [
            centroid_hz(air(Phase(seconds(t, t + 1.5), way, -50), Timbre(), RATE, 1, "breath"))
            for t in range(0, 20, 2)
        ]
        for way in ("in", "out")
    }
    assert max(sounds["out"]) < min(sounds["in"])
    assert np.std(sounds["in"]) > 5  # and no two have the same colour


@pytest.mark.parametrize("way", ["in", "out"])
def test_each_resonance_of_the_airway_stands_out_of_what_lies_between(way: Way) -> None:
    resonances = RESONANCES[way]
    straight = np.ones(len(resonances) + 1)

    def gains_db(formants_db: float, hz: Samples) -> Samples:
        impulse = airway_responses(way, Timbre(formants_db), straight, RATE)[1]
        delay = np.exp(-2j * np.pi * hz[:, None] * np.arange(len(impulse)) / RATE)
        return 20 * np.log10(np.abs(delay @ impulse))

    peaks_hz = np.array([r.hz for r in resonances])
    valleys_hz = np.sqrt(peaks_hz[:-1] * peaks_hz[1:])
    peaks, valleys = (gains_db(17.0, hz) - gains_db(0.0, hz) for hz in (peaks_hz, valleys_hz))
    assert (peaks[:-1] - valleys).min() > 5.0
    assert (peaks[1:] - valleys).min() > 5.0


def test_inhale_and_exhale_have_resonances_of_their_own_and_some_above_3_5_khz() -> None:
    inhale, exhale = ({r.hz for r in RESONANCES[way]} for way in ("in", "out"))
    assert not inhale & exhale
    for tones in (inhale, exhale):
        assert sum(3500 <= hz <= 7000 for hz in tones) >= 2


@pytest.mark.parametrize(("way", "low", "high"), [("in", 0.6, 0.8), ("out", 0.12, 0.28)])
def test_the_inhale_peaks_late_and_the_exhale_early(way: str, low: float, high: float) -> None:
    sounds = [
        air(Phase(seconds(t, t + 1.5), way, -50), Timbre(), RATE, 1, "breath") for t in range(0, 80, 2)
    ]
    power = np.mean(np.square(sounds), axis=0)
    smooth = np.convolve(power, np.hanning(4800), "same")
    assert low < np.argmax(smooth) / len(smooth) < high


def test_flow_is_nothing_at_both_ends_and_one_at_its_peak() -> None:
    flow = flow_curve(np.linspace(0, 1, 1001), 0.3)
    assert flow[0] == 0
    assert flow[-1] == pytest.approx(0, abs=1e-9)
    assert flow[300] == pytest.approx(1)
    assert np.argmax(flow) == 300


def test_no_breath_clicks() -> None:
    source = breath(lips_share="0%", throat_share="0%").prepare(TEN_MINUTES, "breath")
    x = heard(source, seconds(0, 110))
    edge = round(0.002 * RATE)
    powers: dict[str, list[float]] = {"in": [], "out": []}
    for phase in source.phases[:40]:
        sound = x[phase.span.start : phase.span.stop]
        loudest = windowed_rms_dbfs(sound, 0.05).max()
        # it begins and ends at nothing, and nowhere does a sample leap out of its noise
        assert not sound[[0, -1]].any()
        assert np.abs(np.diff(sound[:, 0])).max() < 4.5 * 10 ** (loudest / 20)
        for end in (sound[:edge], sound[-edge:]):
            powers[phase.way].append(10 ** ((rms_dbfs(end) - loudest) / 10))
    # 2 ms of noise are some three swings: a single one says little about how softly it begins
    for both_ends in powers.values():
        assert db(np.mean(both_ends[::2])) < -20
        assert db(np.mean(both_ends[1::2])) < -20


@pytest.mark.parametrize("way", ["in", "out"])
def test_lips_and_throat_are_heard_only_where_a_phase_begins(way: str) -> None:
    span = seconds(1, 2.2)
    only = air(Phase(span, way, -50.0, mouth_db=-6.0), Timbre(), RATE, 1, "b")
    only = only - air(Phase(span, way, -50.0), Timbre(), RATE, 1, "b")
    sounding = np.flatnonzero(np.abs(only) > 1e-6) / RATE
    assert 0.01 <= sounding[0] < 0.07
    assert sounding[-1] < 0.25
    assert 3e-4 < np.abs(only).max() < 1e-2


def test_lips_and_throat_are_heard_as_often_as_set() -> None:
    cycles = breath().cycles(TEN_MINUTES, "b")
    lips = np.mean([c.inhale.mouth_db is not None for c in cycles])
    throat = np.mean([c.exhale.mouth_db is not None for c in cycles])
    assert lips == pytest.approx(0.35, abs=0.13)
    assert throat == pytest.approx(0.25, abs=0.12)


def test_breath_keeps_20_to_30_db_under_speech() -> None:
    # dialogue at -27 LUFS speaks at about -27 dBFS RMS
    assert 20 <= -27 - breath().level <= 30
