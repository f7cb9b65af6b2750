"""What memory or time grows with is bounded, and each bound has its message."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.reporting.marker_facts import facts_of_markers
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES
from tests.conftest import make_project
from tests.hostile.law import refusal

TOO_MUCH = {
    "six hours of programme": ('cues.end="7h"', "7 hours; a programme has at most 6"),
    "whole numbers of more than 64 bits": ("seed=0x" + "f" * 30_000, "more than 64 bits"),
    "a rate that is no float": ("picture.rate=1" + "0" * 400, "more than 64 bits"),
    "times in a list": ('cues.black=["1s"' + ', "1s"' * 1000 + "]", "longer than 1000"),
    "the ceiling's window": ("master.look_ahead=1s", "it must be from 0.1ms to 100ms"),
    "waiting for the room": ("space.pre_delay=6h", "it must be from 0s to 1s"),
    "early reflections": ("space.split=1s", "it must be from 1ms to 200ms"),
    "reverberation": ("space.rt60=6h", "it must be from 10ms to 12s"),
    "a room of no size": ("space.height=0.01 m", "it must be at least 2"),
    "echoed words": ("echo.words=61s", "it must be from 10ms to 60s"),
    "the pause before echoes": ("echo.gap=61s", "it must be from 0s to 60s"),
    "pictures a second": ("projector.frames_per_s=10000 /s", "it must be at most 120"),
    "no pictures a second": ("projector.frames_per_s=0 /s", "it must be at least 1"),
    "ringing": ("projector.claw_ring=6h", "it must be from 0.1ms to 50ms"),
    "slaps": ("projector.slap=0s", "it must be from 0.1ms to 50ms"),
    "jitter": ("projector.jitter=6h", "it must be from 0s to 10ms"),
    "frames as a length, too": ("space.rt60=9999f", "it must be from 10ms to 12s"),
    "tones": ("projector.claw_tones=[" + "'1 kHz', " * 40 + "]", "at most 32 items"),
}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("bounds"))


def opened(film: Project, *sets: str) -> None:
    open_session(film, build_preset(load_document(film, "short", sets)), {})


@pytest.mark.parametrize("case", TOO_MUCH)
def test_too_much_is_refused_before_it_is_made(film: Project, case: str) -> None:
    text, words = TOO_MUCH[case]
    error = refusal(lambda: opened(film, text))
    assert error is not None
    assert words in error.message


def test_a_room_with_more_reflections_than_can_be_made_is_refused(film: Project) -> None:
    """There are four a sample at most, so that only the longest room at the highest rate has too many."""
    longest = ("space.rt60=12s", "space.bass_ratio=3.0")
    error = refusal(lambda: opened(film, "sample_rate='96 kHz'", *longest))
    assert error is not None
    assert "too many reflections" in error.message


def test_echoes_may_not_ask_for_minutes_of_memory(film: Project) -> None:
    black = "cues.black=8s"
    error = refusal(lambda: opened(film, black, "echo.gap=50s", "echo.returns=20"))
    assert error is not None
    assert "the maximum is 180 s" in error.message


def test_a_response_longer_than_any_room_is_refused(
    film: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = "space.impulse_response=stems/voice_a.flac"
    assert refusal(lambda: opened(film, recorded)) is None
    monkeypatch.setattr("audio_pipeline.effects.space._LONGEST_RESPONSE_S", 2)
    error = refusal(lambda: opened(film, recorded))
    assert error is not None
    assert "the impulse response lasts 2 s; 2 s is the longest" in error.message


def test_a_phrase_that_never_ends_is_refused(film: Project) -> None:
    motif = "layers.hum={kind='motif', at='0s', notes='E4:9000', until='end'}"
    cues = ("cues.black=50min", "cues.dropout=51min", "cues.silence=52min", "cues.end=53min")
    error = refusal(lambda: opened(film, motif, *cues))
    assert error is not None
    assert "longer than 600 s" in error.message or "notes" in error.message


def test_cues_that_wait_for_a_thousand_others_are_refused_and_not_a_crash(film: Project) -> None:
    chain = "".join(f'c{n} = "c{n + 1} + 1ms"\n' for n in range(900)) + 'c900 = "0s"\n'
    (film.presets / "chain.toml").write_text(f'extends = "short"\n[cues]\n{chain}')
    error = refusal(lambda: open_session(film, build_preset(load_document(film, "chain")), {}))
    assert error is not None
    assert "too long a chain of cues" in error.message


def test_more_cues_than_a_thousand_are_refused(film: Project) -> None:
    cues = "".join(f'c{n} = "1s"\n' for n in range(1100))
    (film.presets / "many.toml").write_text(f'extends = "short"\n[cues]\n{cues}')
    error = refusal(lambda: build_preset(load_document(film, "many")))
    assert error is not None
    assert "at most 1000 are allowed" in error.message


def test_sections_that_overlap_without_end_are_refused(tmp_path: Path) -> None:
    path, clock = tmp_path / "markers.csv", Clock(RATES["24"])
    rows = [f"m{n},0s,60s" for n in range(10_000)]

    def facts(count: int) -> object:
        path.write_text("name,at,stop\n" + "\n".join(rows[:count]))
        return facts_of_markers(path, clock, 60 * 48_000, 48_000, Fraction(1, 4))

    assert refusal(lambda: facts(30)) is None
    error = refusal(lambda: facts(10_000))
    assert error is not None
    assert "10000 times as long as the programme; 32 times are allowed" in error.message
