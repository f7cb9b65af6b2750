"""Reports of version 1, made by the program as it was, are still read and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.comparison import Tolerance, compare_reports
from audio_pipeline.reporting.figures import HEADLINE
from audio_pipeline.reporting.rejudge import rejudged
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_json import to_json

STORED = Path(__file__).with_name("version_1.report.json")


@pytest.fixture
def old() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    assert found["schema"] == "LoudnessReport.1"
    return found


def test_every_value_of_version_1_is_in_the_report(old: dict[str, Any]) -> None:
    new = json.loads(to_json(read_report(STORED)))
    assert new["schema"] == "LoudnessReport.2"
    same = set(old) - {"schema", "file", "warnings", "reasons"}
    assert same > set(HEADLINE)
    for key in same - {"delivery"}:
        assert new[key] == old[key], key
    # what was said of the gain of each clause by itself could contradict the other clauses
    clauses = old["delivery"].pop("clauses")
    assert old["delivery"].items() <= new["delivery"].items()
    for before, after in zip(clauses, new["delivery"]["clauses"], strict=True):
        kept = {k: v for k, v in before.items() if k not in ("mending_gain_db", "gain_breaks")}
        assert kept.items() <= after.items()
    assert new["files"] == {old["file"]: None}
    assert [warning["message"] for warning in new["warnings"]] == old["warnings"]
    assert {warning["code"] for warning in new["warnings"]} == {"version_1"}
    assert old["warnings"]
    assert old["reasons"].items() <= new["reasons"].items()


def test_the_one_gain_stands_under_its_anchor(old: dict[str, Any]) -> None:
    report = read_report(STORED)
    assert report.gains.dialogue_db == old["provenance"]["gain_db"]
    assert report.gains.programme_db is None


def test_what_version_1_does_not_hold_is_null_with_a_reason() -> None:
    report = read_report(STORED)
    assert (report.layout, report.null_residual_dbfs, report.slots, report.cues) == (
        None,
        None,
        None,
        (),
    )
    for key in ("files", "layout", "null_residual_dbfs", "slots", "cues", "gains.programme_db"):
        assert report.reasons[key] == "a report of version 1 does not hold it"


def test_it_is_compared_with_its_own_upgrade_and_judged_again(tmp_path: Path) -> None:
    report = read_report(STORED)
    path = tmp_path / "new.report.json"
    path.write_text(to_json(report), encoding="utf-8")
    assert read_report(path) == report
    assert compare_reports(["old", "new"], [report, read_report(path)], Tolerance(0.0)).same
    assert rejudged(report, "podcast").delivery.verdict == "fail"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"file": 7}, "file must be text"),
        ({"file": None}, "file must be text"),
        ({"warnings": [7]}, "warnings is"),
        ({"warnings": {}}, "warnings is"),
        ({"integrated_lufs": "loud"}, "integrated_lufs is 'loud'"),
        ({"curves": {}}, "curves.step_s is missing"),
        ({"provenance": []}, "provenance is a list"),
        ({"reasons": []}, "reasons is a list"),
        ({"surprise": 1}, "surprise is an unknown report key"),
    ],
)
def test_a_tampered_one_is_refused_by_its_key(
    tmp_path: Path, old: dict[str, Any], change: dict[str, Any], named: str
) -> None:
    path = tmp_path / "bad.report.json"
    path.write_text(json.dumps({**old, **change}), encoding="utf-8")
    with pytest.raises(ReportError) as error:
        read_report(path)
    assert named in error.value.message


def test_a_missing_key_of_version_1_is_named(tmp_path: Path, old: dict[str, Any]) -> None:
    path = tmp_path / "bad.report.json"
    for key in set(old) - {"schema"}:
        path.write_text(json.dumps({k: v for k, v in old.items() if k != key}), encoding="utf-8")
        with pytest.raises(ReportError, match=f"{key} is missing"):
            read_report(path)
