from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.facts import Section
from audio_pipeline.reporting.figures import DROPOUT_FIGURES, SECTION_FIGURES
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_schema import find_fault, report_schema
from audio_pipeline.timeline.spans import Span
from tests.endings import RATE, at, ending, facts, written

Report = dict[str, Any]


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("report") / "ending.wav", ending())


@pytest.fixture(scope="module")
def report(wav: Path) -> Report:
    return report_of_file(wav, facts(delivery="netflix-nearfield"), "ending.wav")


def test_keys_stand_in_the_order_of_the_design(report: Report) -> None:
    # the one place that lists them is the published schema
    top, section = report_schema()["properties"], ["name", *SECTION_FIGURES]
    assert list(report) == list(top)
    assert list(report)[:3] == ["schema", "mix", "file"]
    assert list(report["sections"][0])[: len(section)] == section
    assert list(report["dropout"])[: len(DROPOUT_FIGURES)] == list(DROPOUT_FIGURES)


def test_levels_of_sections_are_those_that_were_synthesised(report: Report) -> None:
    by_name = {section["name"]: section for section in report["sections"]}
    assert by_name["voices"]["integrated_lufs"] == pytest.approx(-20.0, abs=0.05)
    assert by_name["voices"]["rms_dbfs"] == pytest.approx(-23.01, abs=0.01)
    assert by_name["voices"]["sample_peak_dbfs"] == pytest.approx(-20.0, abs=0.01)
    assert by_name["start"]["rms_dbfs"] == pytest.approx(-40.0, abs=0.02)
    assert by_name["voices"]["below_dialogue_lu"] == pytest.approx(0.0, abs=0.05)
    start = by_name["start"]
    assert start["below_dialogue_lu"] == pytest.approx(-20.0 - start["integrated_lufs"], abs=1e-4)


def test_a_section_measures_what_a_file_of_it_alone_measures(report: Report, tmp_path: Path) -> None:
    alone = written(tmp_path / "black.wav", ending()[at("black") : at("dropout")])
    there = next(s for s in report["sections"] if s["name"] == "black")
    here = report_of_file(alone, facts(sections=(), dropout=None), "black.wav")
    assert there["integrated_lufs"] == pytest.approx(here["integrated_lufs"], abs=1e-4)


def test_what_cannot_be_measured_is_null_and_has_its_reason(report: Report) -> None:
    silence = report["sections"][-1]
    assert silence["name"] == "silence"
    for name in ("integrated_lufs", "rms_dbfs", "sample_peak_dbfs", "below_dialogue_lu"):
        assert silence[name] is None
        assert silence["reasons"][name]


def test_integrated_loudness_cannot_see_the_ending_and_sections_can(report: Report) -> None:
    dropout = next(s for s in report["sections"] if s["name"] == "dropout")
    assert report["integrated_lufs"] == pytest.approx(-20.0, abs=0.5)
    assert dropout["rms_dbfs"] < -45


def test_loudness_to_dialogue_is_programme_minus_dialogue(report: Report) -> None:
    expected = report["integrated_lufs"] - report["dialogue_lufs"]
    assert report["loudness_to_dialogue_lu"] == pytest.approx(expected, abs=1e-4)


def test_the_report_obeys_its_published_schema(report: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    jsonschema.validate(json.loads(to_json(report)), report_schema())


def test_our_check_and_jsonschema_agree_on_every_tampered_key(report: Report) -> None:
    validator = jsonschema.Draft202012Validator(report_schema())
    for key in report:
        for value in ("text", 7, -1.5, True, None, [], {}, ["x"], {"a": 1}):
            tampered = {**report, key: value}
            assert (find_fault(tampered, report_schema()) is None) == validator.is_valid(tampered), key


def test_a_report_is_written_the_same_twice_and_names_no_machine(wav: Path, report: Report) -> None:
    again = report_of_file(wav, facts(delivery="netflix-nearfield"), "ending.wav")
    assert to_json(again) == to_json(report)
    assert str(wav.parent) not in to_json(report)


def test_a_report_reads_back_as_it_was_written(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "ending.report.json"
    path.write_text(to_json(report), encoding="utf-8")
    assert read_report(path) == report


def test_the_curves_have_ten_points_a_second_and_read_the_tone(report: Report) -> None:
    curves = report["curves"]
    assert curves["step_s"] == 0.1
    assert len(curves["momentary_lufs"]) == len(curves["level_dbfs"]) == 80
    assert curves["momentary_lufs"][:3] == [None, None, None]
    assert curves["momentary_lufs"][30] == pytest.approx(-20.0, abs=0.05)
    assert curves["level_dbfs"][20] == pytest.approx(-23.01, abs=0.02)
    assert curves["level_dbfs"][-1] is None


def test_deliberate_silence_is_named_with_timecodes(report: Report) -> None:
    (run,) = report["delivery"]["silences"]
    assert (run["start"], run["stop"], run["deliberate"]) == ("01:00:07:00", "01:00:08:00", True)
    assert not any("no cue asks for" in warning for warning in report["warnings"])


def test_a_hole_that_nobody_planned_is_a_warning_with_timecodes(tmp_path: Path) -> None:
    broken = ending()
    broken[at("black") : at("black") + RATE // 4] = 0.0
    report = report_of_file(written(tmp_path / "hole.wav", broken), facts(), "hole.wav")
    assert (
        "Digital silence from 01:00:04:00 to 01:00:04:06, which no cue asks for." in report["warnings"]
    )


def test_a_silence_with_sound_in_it_is_a_warning(tmp_path: Path) -> None:
    broken = ending()
    broken[at("silence") : at("silence") + 4800] = 1e-4
    report = report_of_file(written(tmp_path / "loud.wav", broken), facts(), "loud.wav")
    assert "The silence at 01:00:07:00 is not silent." in report["warnings"]
    assert report["dropout"]["silence_at_s"] is None
    assert report["dropout"]["reasons"]["silence_at_s"]


def test_samples_over_full_scale_are_a_warning(tmp_path: Path) -> None:
    loud = np.full((RATE, 2), 2.0)
    path = written(tmp_path / "over.wav", loud, subtype="FLOAT")
    report = report_of_file(path, facts(sections=(), dropout=None), "over.wav")
    assert "Samples pass full scale by 6.0 dB: as whole numbers they would clip." in report["warnings"]


def test_a_file_shorter_than_its_cues_is_reported_as_far_as_it_goes(tmp_path: Path) -> None:
    report = report_of_file(written(tmp_path / "cut.wav", ending()[: at("black")]), facts(), "cut.wav")
    assert [section["name"] for section in report["sections"]] == ["start", "voices"]
    assert report["dropout"]["fall_s"] is None
    assert any("goes on after the file has ended" in warning for warning in report["warnings"])
    assert find_fault(report, report_schema()) is None


@pytest.mark.parametrize("samples", [np.zeros((RATE, 2)), np.full((RATE // 5, 1), 0.1)])
def test_silent_and_very_short_files_give_reasons_not_infinities(
    tmp_path: Path, samples: np.ndarray[Any, Any]
) -> None:
    path = written(tmp_path / "odd.wav", samples)
    report = report_of_file(
        path, facts(sections=(Section("all", Span(0, 100)),), dropout=None), "odd.wav"
    )
    assert report["integrated_lufs"] is None
    assert report["reasons"]["integrated_lufs"]
    assert find_fault(report, report_schema()) is None
    assert "NaN" not in to_json(report)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in _numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in _numbers(item)]
    return [value] if isinstance(value, float) else []


def test_no_number_in_a_report_is_infinite(report: Report) -> None:
    assert all(math.isfinite(number) for number in _numbers(report))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schema": "LoudnessReport.2"}, "schema is 'LoudnessReport.2'"),
        ({"integrated_lufs": "loud"}, "integrated_lufs is 'loud'; it wants a number or nothing"),
        ({"channels": 2.5}, "channels is 2.5; it wants a whole number"),
        ({"sections": [{"name": 7}]}, "sections[0].start_s is missing"),
        ({"dropout": []}, "dropout is a list"),
        ({"true_peak_dbtp": 1e300}, "true_peak_dbtp is 1e+300"),
        ({"extra": 1}, "extra is a key that a report has not got"),
        ({"curves": {"step_s": 0.1}}, "curves.momentary_lufs is missing"),
        ({"\x1b[31m": 1}, "\\x1b[31m is a key"),
    ],
)
def test_a_tampered_report_is_refused_by_file_and_key(
    tmp_path: Path, report: Report, change: Report, named: str
) -> None:
    path = tmp_path / "bad.report.json"
    path.write_text(json.dumps({**report, **change}), encoding="utf-8")
    with pytest.raises(ReportError) as error:
        read_report(path)
    assert named in error.value.message
    assert "bad.report.json" in error.value.message
    assert error.value.message.isprintable()


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 200_000, "is not JSON"),
        (b'{"schema": NaN}', "it holds NaN"),
        (b"[1, 2]", "is a list"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "is not JSON"),
    ],
)
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path: Path, raw: bytes, named: str) -> None:
    path = tmp_path / "bad.report.json"
    path.write_bytes(raw)
    with pytest.raises(ReportError, match=named) as error:
        read_report(path)
    assert "\n" not in error.value.message


def test_a_missing_key_is_named(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "bad.report.json"
    path.write_text(json.dumps({k: v for k, v in report.items() if k != "sections"}), encoding="utf-8")
    with pytest.raises(ReportError, match="sections is missing"):
        read_report(path)


def test_a_huge_file_is_refused_before_it_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "huge.report.json"
    with path.open("wb") as file:
        file.truncate(65_000_000)
    with pytest.raises(ReportError, match="larger than 64 MB"):
        read_report(path)
