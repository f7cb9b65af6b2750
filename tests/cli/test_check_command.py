from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audio_pipeline.cli.check import command
from audio_pipeline.errors import ReportError, StemError
from audio_pipeline.reporting.report import report_of_file, to_json
from tests.endings import ending, facts, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    path = written(folder / "ending.wav", ending() * 10 ** (-3 / 20))
    report = report_of_file(path, facts(dialogue_lufs=-27.0, delivery="netflix-nearfield"), "ending.wav")
    (folder / "ending.report.json").write_text(to_json(report), encoding="utf-8")
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_a_file_that_complies_exits_with_0(folder: Path) -> None:
    result = run(folder / "ending.wav", "--delivery", "atsc-a85")
    assert "verdict: pass" in result.output
    assert result.exit_code == 0


def test_no_color_and_pipes_are_respected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [str(folder / "ending.wav"), "--delivery", "atsc-a85"]
    assert "\x1b" in CliRunner().invoke(command, words, color=True).output
    assert "\x1b" not in CliRunner().invoke(command, words).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(command, words, color=True).output


def test_a_file_that_does_not_exits_with_1_and_says_what_mends_it(folder: Path) -> None:
    result = run(folder / "ending.wav", "--delivery", "podcast")
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert "a gain of +7.40 dB meets every clause that a gain can change" in result.output


def test_a_clause_that_cannot_be_measured_is_no_pass(folder: Path) -> None:
    result = run(folder / "ending.wav", "--delivery", "netflix")
    assert result.exit_code == 1
    assert "verdict: not measurable" in result.output
    assert "no dialogue stem" in result.output


def test_with_the_dialogue_stem_the_clause_is_measured(folder: Path) -> None:
    wav = folder / "ending.wav"
    result = run(wav, "--delivery", "amazon", "--dialogue", wav, "--json")
    judged = json.loads(result.output)
    assert judged["file"] == "ending.wav"
    assert judged["clauses"][0]["measured"] == pytest.approx(-23.4, abs=0.1)
    assert judged["clauses"][0]["verdict"] == "fail"
    assert result.exit_code == 1


def test_a_report_is_checked_against_its_own_delivery_or_another(folder: Path) -> None:
    report = folder / "ending.report.json"
    assert run(report).exit_code == 0
    assert run(report, "--delivery", "podcast").exit_code == 1
    assert "meant, it follows the silence cue" in run(report).output


def test_the_list_names_every_delivery_with_its_demands() -> None:
    output = run("--list").output
    assert "netflix-nearfield" in output
    assert "-27 +/- 2 LUFS" in output


@pytest.mark.parametrize("words", [[], ["ending.wav"]])
def test_wrong_usage_exits_with_2(folder: Path, words: list[str]) -> None:
    assert run(*(folder / word for word in words)).exit_code == 2


def test_a_report_and_a_dialogue_stem_do_not_go_together(folder: Path) -> None:
    words = (folder / "ending.report.json", "--dialogue", folder / "ending.wav")
    assert run(*words).exit_code == 2


def test_unknown_deliveries_and_missing_files_are_errors_in_words(folder: Path) -> None:
    with pytest.raises(ReportError, match="there is no delivery 'nettflix'"):
        run(folder / "ending.wav", "--delivery", "nettflix")
    with pytest.raises(StemError, match=r"gone\.wav"):
        run(folder / "gone.wav", "--delivery", "podcast")
    with pytest.raises(ReportError, match=r"gone\.report\.json"):
        run(folder / "gone.report.json")
