"""Slots and overruns by the schedule alone: nothing is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.lines import dialogue_effects, lock_of, slots_of, speech_of
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.overruns import overruns_of
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule, planned_timing
from audio_pipeline.preset.timing import Timing
from audio_pipeline.timeline.picture_lock import PictureLock, line_in_slot, stretched_length
from audio_pipeline.timeline.spans import Span
from tests.locks import RATE, line, locked_film, spoken


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = locked_film(tmp_path_factory.mktemp("film"))
    line(project.root / "stems" / "long_a.wav", 6.0)
    return project


def lock(film: Project, language: str = "en", *sets: str) -> PictureLock:
    preset = spoken(film, language, *sets)
    return lock_of(preset, planned_schedule(film, preset, {}), language)


def timed(film: Project, preset: Preset, by: PictureLock | None = None) -> Timing:
    return planned_timing(film, preset, {}, by)


def overruns(
    film: Project, preset: Preset, by: PictureLock | None = None
) -> list[tuple[str, str, str, float, float]]:
    return [
        (o.code, o.voice, o.limit, round(o.span.start / RATE, 3), round(len(o.span) / RATE, 3))
        for o in overruns_of(preset, timed(film, preset, by), by)
    ]


def cues(timing: Timing, preset: Preset) -> dict[str, float]:
    return {name: float(timing.schedule.named(name)) for name in preset.cues}


@pytest.mark.parametrize("language", ["de", "fr"])
def test_a_lock_gives_every_cue_and_slot(film: Project, language: str) -> None:
    here, by = spoken(film, language), lock(film)
    english = spoken(film, "en")
    assert cues(timed(film, here, by), here) == cues(timed(film, english), english)
    assert cues(timed(film, here), here) != cues(timed(film, english), english)
    slots = slots_of(here, timed(film, here, by).schedule)
    assert slots == by.slots == {"voice_a": Span(24_000, 67_200), "voice_b": Span(100_800, 139_200)}


def test_a_mix_is_the_same_locked_to_itself(film: Project) -> None:
    english = spoken(film, "en")
    alone, locked = timed(film, english), timed(film, english, lock(film))
    assert cues(alone, english) == cues(locked, english)
    assert alone.lines == locked.lines
    assert overruns(film, english) == overruns(film, english, lock(film)) == []


def test_a_slot_in_the_preset_moves_cues_as_the_line_would(film: Project) -> None:
    slotted = spoken(film, "fr", "voice_a.slot=900ms", "voice_b.slot=800ms")
    english = spoken(film, "en")
    assert cues(timed(film, slotted), slotted) == cues(timed(film, english), english)
    assert overruns(film, slotted) == []


def test_effects_on_dx_follow_the_words_and_all_else_the_slots(film: Project) -> None:
    german, by = spoken(film, "de"), lock(film)
    timing = timed(film, german, by)
    assert dialogue_effects(german) == {"crossfade", "echo"}
    assert timing.schedule.named("voice_a.tail") == timed(film, spoken(film, "en")).schedule.named(
        "voice_a.tail"
    )
    assert float(timing.words.named("voice_a.tail")) == pytest.approx(0.5 + 1.9)
    assert float(timing.words.named("voice_b.tail")) == pytest.approx(2.1 + 1.5)
    assert timing.words.named("echo.tail") > timing.schedule.named("echo.tail")
    assert timing.words.named("cross") == timing.schedule.named("cross")


def test_an_effect_on_another_bus_too_follows_the_slots(film: Project) -> None:
    preset = spoken(film, "de", 'echo.left=["voice_b", "breath"]')
    assert dialogue_effects(preset) == {"crossfade"}


def test_breath_and_grain_listen_to_slots_of_the_reference(film: Project) -> None:
    by, programme = lock(film), Span(0, 10 * RATE)
    for sets in ((), ("voice_b.on=false",)):
        german = spoken(film, "de", *sets)
        slots = slots_of(german, timed(film, german, by).schedule)
        assert speech_of(german, slots, by, programme) == tuple(by.slots.values())
    silent = lock(film, "en", "voice_b.on=false")
    assert speech_of(spoken(film, "de"), silent.slots, silent, programme) == (by.slots["voice_a"],)


OVER_A = ("line_over_slot", "voice_a", "its slot", 1.4, 1.0)
OVER_B = ("line_over_slot", "voice_b", "its slot", 2.9, 0.7)
ECHO_A = ("voice_cut", "voice_a", "crossfade", 2.3, 0.1)


@pytest.mark.parametrize("rate", ["23.976", "24", "25", "29.97df"])
def test_a_cue_that_a_frame_puts_before_its_echo_is_no_overrun(film: Project, rate: str) -> None:
    """`black` waits for the echo, and stands on the nearest frame: up to half of one before it."""
    mixes = [
        spoken(film, "en", "cues.black=echo.tail", f"picture.rate={rate}", f"voice_b.at={at}ms")
        for at in range(2000, 2060, 7)
    ]
    for mix in mixes:
        assert [o for o in overruns(film, mix, None) if o[0] == "echo_past_black"] == []
    moved = [timed(film, mix) for mix in mixes]
    assert any(t.schedule.named("black") < t.words.named("echo.tail") for t in moved)


def test_lines_that_are_too_long_are_named_with_all_that_follows(film: Project) -> None:
    found = overruns(film, spoken(film, "de"), lock(film))
    assert found[:2] == [OVER_A, ECHO_A]  # the fader has left the first voice at 2.3 s
    assert OVER_B in found
    # the echo ends 0.7 s later than the English one, which `black` waited for or not
    english = timed(film, spoken(film, "en")).schedule
    over = float(timed(film, spoken(film, "de"), lock(film)).words.named("echo.tail"))
    black = float(english.named("black"))
    assert ("echo_past_black", "voice_b", "black", black, round(over - black, 3)) in found
    assert overruns(film, spoken(film, "fr"), lock(film)) == []


@pytest.mark.parametrize(
    ("sets", "found"),
    [
        (("cues.black=2s",), {("voice_cut", "voice_a", "dropout", 2.5, 4.0)}),
        (("cues.black=2s", "dropout.on=false"), {("voice_cut", "voice_a", "silence", 2.8, 3.7)}),
        (
            ("cues.black=2s", "dropout.on=false", "cues.silence=3s"),
            {("tail_past_end", "voice_a", "end", 3.0, 3.5)},
        ),
        (("voice_a.until=1s", "cues.black=9s"), {("voice_cut", "voice_a", "its own until", 1.0, 5.5)}),
    ],
)
def test_what_cues_cut_is_named_without_a_lock_too(
    film: Project, sets: tuple[str, ...], found: set[tuple[str, str, str, float, float]]
) -> None:
    free = ("crossfade.on=false", "echo.on=false", "voice_b.on=false", "cross=1s", "cues.voice_b=1s")
    preset = spoken(film, "en", "voice_a.stem=stems/long_a.wav", *free, *sets)
    assert set(overruns(film, preset)) == found


def test_a_voice_that_the_reference_does_not_know_is_named_whole(film: Project) -> None:
    third = ("layers.third.kind=voice", "layers.third.stem=stems/fr_a.wav", "layers.third.at=200ms")
    preset = spoken(film, "en", *third)
    assert overruns(film, preset, lock(film)) == [("line_over_slot", "third", "its slot", 0.2, 0.6)]


def test_a_line_before_its_slot_is_named(film: Project) -> None:
    swapped = spoken(film, "en", 'voice_a.at="voice_b + 100ms"', 'voice_b.at="voice_a"')
    found = overruns(film, swapped, lock(film))
    assert ("line_over_slot", "voice_b", "its slot", 0.5, 0.8) in found  # all of it
    assert ("line_over_slot", "voice_a", "its slot", 2.2, 0.9) in found
    assert ("voice_cut", "voice_b", "crossfade", 0.5, 0.7) in found  # before the fader sets out


def test_a_mix_without_dialogue_has_no_overruns(film: Project) -> None:
    assert overruns(film, spoken(film, "de", preset="bed"), lock(film)) == []


@pytest.mark.parametrize(
    ("fit", "at", "length", "recorded", "kept"),
    [
        ("warn", 100, 80, (100, 180), (100, 180)),
        ("start", 100, 80, (100, 180), (100, 150)),
        ("end", 100, 80, (70, 150), (100, 150)),
        ("end", 100, 20, (130, 150), (130, 150)),
        ("start", 100, 20, (100, 120), (100, 120)),
        ("start", 120, 80, (120, 200), (120, 150)),
        ("start", 300, 80, (300, 380), (300, 300)),
    ],
)
def test_a_line_is_fitted_to_its_slot(
    fit: str, at: int, length: int, recorded: tuple[int, int], kept: tuple[int, int]
) -> None:
    fitted = line_in_slot(Span(100, 150), at, length, fit)  # type: ignore[arg-type]
    assert fitted.recorded == Span(*recorded)
    assert fitted.spoken == Span(*kept)


@pytest.mark.parametrize(
    ("length", "longest", "made"),
    [(100, None, 100), (100, 100, 100), (106, 100, 100), (1000, 100, 944), (99, 100, 99)],
)
def test_a_line_is_stretched_by_six_percent_at_most(length: int, longest: int | None, made: int) -> None:
    assert stretched_length(length, longest) == made


def test_fit_is_named_where_it_cuts(film: Project) -> None:
    german = spoken(film, "de", "voice_a.fit=start", "voice_b.fit=end")
    found = overruns(film, german, lock(film))
    assert ("line_cut_to_slot", "voice_a", "its slot", 1.4, 1.0) in found
    assert ("line_cut_to_slot", "voice_b", "its slot", 1.4, 0.7) in found
    assert not [o for o in found if o[0] == "line_over_slot"]


@pytest.mark.parametrize("value", ["9", '"voice_a.tail"', '"-1s"', '"0s"', '"L20"'])
def test_a_slot_is_a_length_of_time(film: Project, value: str) -> None:
    with pytest.raises(PresetError, match=r"layers\.voice_a\.slot"):
        planned_schedule(film, spoken(film, "en", f"voice_a.slot={value}"), {})


def test_a_fit_that_there_is_not_is_refused(film: Project) -> None:
    with pytest.raises(PresetError, match=r"layers\.voice_a\.fit"):
        spoken(film, "en", "voice_a.fit=squeeze")


def test_the_length_of_a_stretched_line_is_planned(film: Project, tmp_path: Path) -> None:
    german = spoken(film, "de", "voice_a.fit=stretch", "voice_a.slot=1.85s")
    assert len(timed(film, german).lines["voice_a"].spoken) == round(1.85 * RATE)
    assert "line_over_slot" not in {o[0] for o in overruns(film, german) if o[1] == "voice_a"}
