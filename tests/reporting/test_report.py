from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.facts import MixFacts, Section
from audio_pipeline.reporting.figures import DROPOUT_FIGURES, SECTION_FIGURES
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_schema import report_schema
from audio_pipeline.timeline.spans import Span
from tests.endings import CUES_S, RATE, at, ending, facts, messages, written


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("report") / "ending.wav", ending())


@pytest.fixture(scope="module")
def report(wav: Path) -> LoudnessReport:
    known = facts(delivery="netflix-nearfield", cues=tuple((name, at(name)) for name in CUES_S))
    return report_of_file(wav, known, "ending.wav")


@pytest.fixture
def table(report: LoudnessReport) -> dict[str, Any]:
    """The report as JSON values."""
    found: dict[str, Any] = json.loads(to_json(report))
    return found


DESIGNED = [
    "schema",
    "mix",
    "files",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "layout",
    "integrated_lufs",
    "loudness_range_lu",
    "max_momentary_lufs",
    "max_momentary_at_s",
    "max_short_term_lufs",
    "max_short_term_at_s",
    "true_peak_dbtp",
    "true_peak_at_s",
    "sample_peak_dbfs",
    "dialogue_lufs",
    "loudness_to_dialogue_lu",
    "gains",
    "null_residual_dbfs",
    "sections",
    "cues",
    "slots",
    "dropout",
    "delivery",
    "curves",
    "warnings",
    "provenance",
    "reasons",
]


def test_keys_stand_in_the_order_of_the_design(table: dict[str, Any]) -> None:
    section = ["name", *SECTION_FIGURES]
    assert list(table) == DESIGNED == list(report_schema()["properties"])
    assert set(report_schema()["required"]) == set(DESIGNED)
    assert list(table["sections"][0])[: len(section)] == section
    assert list(table["dropout"])[: len(DROPOUT_FIGURES)] == list(DROPOUT_FIGURES)
    assert list(table["gains"]) == ["dialogue_db", "programme_db"]
    assert list(table["cues"][0]) == ["name", "at_samples", "timecode"]


def test_every_null_of_the_whole_has_its_reason_and_no_other_key(
    table: dict[str, Any], tmp_path: Path
) -> None:
    bare = json.loads(
        to_json(report_of_file(written(tmp_path / "z.wav", np.zeros((RATE, 2))), MixFacts("z"), "z.wav"))
    )
    for one in (table, bare):
        nulls = {key for key, value in one.items() if value is None}
        nulls |= {f"gains.{key}" for key, value in one["gains"].items() if value is None}
        assert set(one["reasons"]) >= nulls
        for key in set(one["reasons"]) - nulls:
            raise AssertionError(f"{key} is there and has a reason not to be")


def test_cues_have_their_samples_and_timecodes(report: LoudnessReport) -> None:
    assert [cue.name for cue in report.cues] == list(CUES_S)
    black = report.cues[2]
    assert (black.at_samples, black.timecode) == (at("black"), "01:00:04:00")


def test_the_audio_file_has_its_hash(wav: Path, report: LoudnessReport) -> None:
    assert report.files == {"ending.wav": hashlib.sha256(wav.read_bytes()).hexdigest()}
    assert report.file == "ending.wav"


def test_levels_of_sections_are_those_that_were_synthesised(report: LoudnessReport) -> None:
    by_name = {section.name: section for section in report.sections}
    assert by_name["voices"].integrated_lufs == pytest.approx(-20.0, abs=0.05)
    assert by_name["voices"].rms_dbfs == pytest.approx(-23.01, abs=0.01)
    assert by_name["voices"].sample_peak_dbfs == pytest.approx(-20.0, abs=0.01)
    assert by_name["start"].rms_dbfs == pytest.approx(-40.0, abs=0.02)
    assert by_name["voices"].below_dialogue_lu == pytest.approx(0.0, abs=0.05)
    start = by_name["start"]
    assert start.below_dialogue_lu == pytest.approx(-20.0 - start.integrated_lufs, abs=1e-4)


def test_a_section_measures_what_a_file_of_it_alone_measures(
    report: LoudnessReport, tmp_path: Path
) -> None:
    alone = written(tmp_path / "black.wav", ending()[at("black") : at("dropout")])
    there = next(s for s in report.sections if s.name == "black")
    here = report_of_file(alone, facts(sections=(), dropout=None), "black.wav")
    assert there.integrated_lufs == pytest.approx(here.integrated_lufs, abs=1e-4)


def test_what_cannot_be_measured_is_null_and_has_its_reason(report: LoudnessReport) -> None:
    silence = report.sections[-1]
    assert silence.name == "silence"
    for name in ("integrated_lufs", "rms_dbfs", "sample_peak_dbfs", "below_dialogue_lu"):
        assert getattr(silence, name) is None
        assert silence.reasons[name]


def test_integrated_loudness_cannot_see_the_ending_and_sections_can(report: LoudnessReport) -> None:
    dropout = next(s for s in report.sections if s.name == "dropout")
    assert report.integrated_lufs == pytest.approx(-20.0, abs=0.5)
    assert dropout.rms_dbfs < -45


def test_loudness_to_dialogue_is_programme_minus_dialogue(report: LoudnessReport) -> None:
    expected = report.integrated_lufs - report.dialogue_lufs
    assert report.loudness_to_dialogue_lu == pytest.approx(expected, abs=1e-4)


def test_the_report_obeys_its_published_schema(table: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    jsonschema.validate(table, report_schema())


def test_the_model_and_jsonschema_agree_on_every_tampered_key(table: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(report_schema())
    for place in (table, table["sections"][0], table["dropout"], table["delivery"]["clauses"][0]):
        for key in list(place):
            for value in ("text", 7, -1.5, True, None, [], {}, ["x"], {"a": 1}):
                was, place[key] = place[key], value
                assert is_report(table) == validator.is_valid(table), (key, value)
                place[key] = was


def is_report(value: object) -> bool:
    try:
        LoudnessReport.model_validate(value)
    except ValidationError:
        return False
    return True


def test_a_report_is_written_the_same_twice_and_names_no_machine(
    wav: Path, report: LoudnessReport
) -> None:
    again = report_of_file(wav, facts(), "ending.wav")
    assert to_json(again) == to_json(report_of_file(wav, facts(), "ending.wav"))
    assert str(wav.parent) not in to_json(report)


def test_a_report_reads_back_as_it_was_written(tmp_path: Path, report: LoudnessReport) -> None:
    path = tmp_path / "ending.report.json"
    path.write_text(to_json(report), encoding="utf-8")
    assert read_report(path) == report


def test_the_curves_have_ten_points_a_second_and_read_the_tone(report: LoudnessReport) -> None:
    curves = report.curves
    assert curves.step_s == 0.1
    assert len(curves.momentary_lufs) == len(curves.level_dbfs) == 80
    assert curves.momentary_lufs[:3] == (None, None, None)
    assert curves.momentary_lufs[30] == pytest.approx(-20.0, abs=0.05)
    assert curves.level_dbfs[20] == pytest.approx(-23.01, abs=0.02)
    assert curves.level_dbfs[-1] is None


def test_deliberate_silence_is_named_with_timecodes(report: LoudnessReport) -> None:
    (run,) = report.delivery.silences
    assert (run.start, run.stop, run.deliberate) == ("01:00:07:00", "01:00:08:00", True)
    assert not any("no cue specifies" in message for message in messages(report))


def test_a_hole_that_nobody_planned_is_a_warning_with_timecodes(tmp_path: Path) -> None:
    broken = ending()
    broken[at("black") : at("black") + RATE // 4] = 0.0
    report = report_of_file(written(tmp_path / "hole.wav", broken), facts(), "hole.wav")
    assert (
        "Digital silence from 01:00:04:00 to 01:00:04:06; no cue specifies it. Check the stems for gaps."
        in messages(report)
    )


def test_a_silence_with_sound_in_it_is_a_warning(tmp_path: Path) -> None:
    broken = ending()
    broken[at("silence") : at("silence") + 4800] = 1e-4
    report = report_of_file(written(tmp_path / "loud.wav", broken), facts(), "loud.wav")
    assert "The silence at 01:00:07:00 is not silent. End every layer at this cue." in messages(report)
    assert report.dropout.silence_at_s is None
    assert report.dropout.reasons["silence_at_s"]


def test_samples_over_full_scale_are_a_warning(tmp_path: Path) -> None:
    loud = np.full((RATE, 2), 2.0)
    path = written(tmp_path / "over.wav", loud, subtype="FLOAT")
    report = report_of_file(path, facts(sections=(), dropout=None), "over.wav")
    assert any("Samples exceed full scale by 6.0 dB" in message for message in messages(report))


def test_a_file_shorter_than_its_cues_is_reported_as_far_as_it_goes(tmp_path: Path) -> None:
    report = report_of_file(written(tmp_path / "cut.wav", ending()[: at("black")]), facts(), "cut.wav")
    assert [section.name for section in report.sections] == ["start", "voices"]
    assert report.dropout.fall_s is None
    assert any("ends after the file" in message for message in messages(report))
    assert is_report(json.loads(to_json(report)))


@pytest.mark.parametrize("samples", [np.zeros((RATE, 2)), np.full((RATE // 5, 1), 0.1)])
def test_silent_and_very_short_files_give_reasons_not_infinities(
    tmp_path: Path, samples: np.ndarray[Any, Any]
) -> None:
    path = written(tmp_path / "odd.wav", samples)
    report = report_of_file(
        path, facts(sections=(Section("all", Span(0, 100)),), dropout=None), "odd.wav"
    )
    assert report.integrated_lufs is None
    assert report.reasons["integrated_lufs"]
    assert is_report(json.loads(to_json(report)))
    assert "NaN" not in to_json(report)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in _numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in _numbers(item)]
    return [value] if isinstance(value, float) else []


def test_no_number_in_a_report_is_infinite(table: dict[str, Any]) -> None:
    assert all(math.isfinite(number) for number in _numbers(table))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schema": "LoudnessReport.3"}, "schema is 'LoudnessReport.3'; it must be 'LoudnessReport.2'"),
        ({"integrated_lufs": "loud"}, "integrated_lufs is 'loud'; it must be a number or nothing"),
        ({"channels": 2.5}, "channels is 2.5; it must be a whole number"),
        ({"sections": [{"name": 7}]}, "sections[0].start_s is missing"),
        ({"dropout": []}, "dropout is a list; it must be a table or nothing (null)"),
        ({"files": {}}, "files is empty"),
        ({"files": {"a.wav": "f00"}}, "files.a.wav is 'f00'; it must be 64 digits of SHA-256"),
        ({"gains": {"dialogue_db": 1.0}}, "gains.programme_db is missing"),
        ({"cues": [{"name": "a", "at_samples": 1.5, "timecode": ""}]}, "cues[0].at_samples is 1.5"),
        ({"slots": {"voice_a": {"start_samples": 0}}}, "slots.voice_a.stop_samples is missing"),
        ({"warnings": ["text"]}, "warnings[0] is 'text'; it must be a table"),
        ({"warnings": [{"code": "odd", "message": ""}]}, "warnings[0].code is 'odd'"),
        ({"warnings": [{"code": "version_1", "message": ""}] * 20_001}, "warnings has 20001 entries"),
        ({"provenance": {str(n): n for n in range(20_001)}}, "provenance has 20001 entries"),
        ({"mix": "x" * 10_001}, "mix is text of 10001 characters"),
        ({"true_peak_dbtp": 1e300}, "true_peak_dbtp is 1e+300"),
        ({"extra": 1}, "extra is an unknown report key"),
        ({"curves": {"step_s": 0.1}}, "curves.momentary_lufs is missing"),
        ({"\x1b[31m": 1}, "\\x1b[31m is an unknown report key"),
    ],
)
def test_a_tampered_report_is_refused_by_file_and_key(
    tmp_path: Path, table: dict[str, Any], change: dict[str, Any], named: str
) -> None:
    path = tmp_path / "bad.report.json"
    path.write_text(json.dumps({**table, **change}), encoding="utf-8")
    with pytest.raises(ReportError) as error:
        read_report(path)
    assert named in error.value.message
    assert "bad.report.json" in error.value.message
    assert error.value.message.isprintable()


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b"", "is not valid JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 200_000, "is not valid JSON"),
        (b'{"schema": NaN}', "it holds NaN"),
        (b"[1, 2]", "is a list"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "is not valid JSON"),
    ],
)
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path: Path, raw: bytes, named: str) -> None:
    path = tmp_path / "bad.report.json"
    path.write_bytes(raw)
    with pytest.raises(ReportError, match=named) as error:
        read_report(path)
    assert "\n" not in error.value.message


def test_every_missing_key_is_named(tmp_path: Path, table: dict[str, Any]) -> None:
    path = tmp_path / "bad.report.json"
    for key in table:
        if key != "schema":
            path.write_text(json.dumps({k: v for k, v in table.items() if k != key}), encoding="utf-8")
            with pytest.raises(ReportError, match=f"{key} is missing"):
                read_report(path)


def test_a_provenance_with_a_number_that_json_does_not_know_is_refused(
    tmp_path: Path, table: dict[str, Any]
) -> None:
    path = tmp_path / "bad.report.json"
    text = json.dumps({**table, "provenance": {"gain_db": 77_777}}).replace("77777", "1e999")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match="provenance"):
        read_report(path)


def test_a_huge_file_is_refused_before_it_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "huge.report.json"
    with path.open("wb") as file:
        file.truncate(65_000_000)
    with pytest.raises(ReportError, match="larger than 64 MB"):
        read_report(path)
