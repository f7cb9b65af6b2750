from __future__ import annotations

from pathlib import Path

import pytest

from audio_pipeline.reporting.audibility import audibility_warning, listening_facts
from audio_pipeline.reporting.delivery import load_delivery
from audio_pipeline.reporting.report import report_of_file
from tests.endings import ending, facts, messages, written


def test_minus_60_dbfs_plays_at_45_in_a_theatre_and_39_nearfield() -> None:
    assert listening_facts(load_delivery("theatrical"), -60.0).floor_dba == 45.0
    assert listening_facts(load_delivery("netflix-nearfield"), -60.0).floor_dba == 39.0


@pytest.mark.parametrize(
    ("level_dbfs", "words"),
    [(-57.9, None), (-60.0, "it may be inaudible"), (-65.0, "it is inaudible")],
)
def test_a_floor_near_the_room_is_doubtful_and_under_it_inaudible(
    level_dbfs: float, words: str | None
) -> None:
    warning = audibility_warning(listening_facts(load_delivery("netflix-nearfield"), level_dbfs))
    assert warning is None if words is None else words in (warning or "")


def test_a_floor_of_digital_silence_has_no_level_and_no_warning_of_its_own() -> None:
    facts_ = listening_facts(load_delivery("theatrical"), None)
    assert facts_.floor_dba is None
    assert audibility_warning(facts_) is None


@pytest.mark.parametrize(("grain_dbfs", "warned"), [(-45.0, False), (-75.0, True)])
def test_a_report_says_when_the_grain_that_should_remain_cannot_be_heard(
    tmp_path: Path, grain_dbfs: float, warned: bool
) -> None:
    path = written(tmp_path / "e.wav", ending(grain_dbfs=grain_dbfs))
    report = report_of_file(path, facts(delivery="netflix-nearfield"), "e.wav")
    assert any("it is inaudible" in message for message in messages(report)) == warned


def test_in_headphones_there_is_no_room_to_compare_with(tmp_path: Path) -> None:
    path = written(tmp_path / "e.wav", ending(grain_dbfs=-75.0))
    known = facts(delivery="netflix-nearfield", listening="headphones")
    report = report_of_file(path, known, "e.wav")
    assert report.delivery.listening is None
    assert not any("nobody will hear" in message for message in messages(report))
