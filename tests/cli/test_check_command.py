from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

from audio_pipeline.cli.check import command
from audio_pipeline.errors import RenderError, ReportError, StemError
from audio_pipeline.reporting.check_result import check_schema
from audio_pipeline.reporting.report import report_of_file, to_json
from tests.endings import RATE, at, ending, facts, written


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


def test_a_file_that_does_not_exits_with_1_and_says_which_gain_passes(folder: Path) -> None:
    result = run(folder / "ending.wav", "--delivery", "podcast")
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert "A gain of +6.50 dB passes every clause; so do +6.40 to +8.39 dB." in result.output


def test_clauses_that_contradict_are_named_and_no_gain_is(folder: Path) -> None:
    peaky = ending() * 10 ** (-3 / 20)
    peaky[at("black") + 100] = 0.9
    written(folder / "peaky.wav", peaky)
    result = run(folder / "peaky.wav", "--delivery", "podcast")
    assert "No gain passes: these clauses contradict each other." in result.output
    assert "Integrated loudness (-16 +/- 1 LUFS) passes with +6.50 to +8.49 dB" in result.output
    assert "True peak (at most -1 dBTP) passes with at most -" in result.output
    assert "A gain of" not in result.output


def test_the_sources_of_the_clauses_are_told(folder: Path) -> None:
    output = run(folder / "ending.wav", "--delivery", "atsc-a85").output
    assert "ATSC A/85, 2013 (12 March 2013), 5.2" in output
    assert "the original was not read" in output
    assert "--dialogue FILE" in output


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
    jsonschema.validate(judged, check_schema())


def test_several_files_make_a_table_and_fail_together(folder: Path) -> None:
    both = (folder / "ending.wav", written(folder / "soft.wav", ending() * 0.01))
    result = run(*both, "--delivery", "atsc-a85")
    assert result.exit_code == 1
    assert "ending.wav   pass" in result.output
    assert "soft.wav     FAIL" in result.output
    assert "1 of 2 pass." in result.output
    assert run(both[0], both[0], "--delivery", "atsc-a85").exit_code == 0


def test_several_files_as_json_follow_the_schema(folder: Path) -> None:
    gone = folder / "gone.wav"
    result = run(
        folder / "ending.wav", folder / "ending.report.json", gone, "--delivery", "amazon", "--json"
    )
    documents = json.loads(result.output)
    assert json.loads(run("--schema").output) == check_schema()
    jsonschema.validate(documents, check_schema())
    assert [document["file"] for document in documents] == ["ending.wav", "ending.wav", "gone.wav"]
    assert [document["verdict"] for document in documents] == ["not measurable", "pass", None]
    assert "does not exist" in documents[2]["error"]
    codes = [clause["code"] for clause in documents[0]["clauses"]]
    assert {"dialogue_lufs", "true_peak_dbtp", "sample_rate_hz", "bits", "codec"} <= set(codes)
    assert result.exit_code == 1


def test_several_files_as_csv(folder: Path) -> None:
    result = run(folder / "ending.wav", folder / "ending.wav", "--delivery", "podcast", "--csv")
    rows = list(csv.DictReader(io.StringIO(result.output)))
    assert [row["verdict"] for row in rows] == ["fail", "fail"]
    assert rows[0]["failed"] == "integrated_lufs"
    assert float(rows[0]["gain_db"]) == pytest.approx(6.51, abs=0.01)
    assert result.exit_code == 1
    one = run(folder / "ending.wav", "--delivery", "atsc-a85", "--csv")
    assert one.output.count("\n") == 2
    assert one.exit_code == 0


def test_the_advised_gain_is_applied_and_the_result_is_checked(folder: Path) -> None:
    out = folder / "louder.wav"
    result = run(folder / "ending.wav", "--delivery", "podcast", "--apply", out, "--json")
    document = json.loads(result.stdout)
    jsonschema.validate(document, check_schema())
    assert (document["file"], document["verdict"]) == ("louder.wav", "pass")
    assert document["gain_applied_db"] == pytest.approx(6.51, abs=0.01)
    assert result.exit_code == 0
    assert run(out, "--delivery", "podcast").exit_code == 0
    with pytest.raises(RenderError, match="is the input"):
        run(folder / "ending.wav", "--delivery", "podcast", "--apply", folder / "ending.wav")
    soft = run(
        *(folder / "ending.wav", "--delivery", "netflix", "--apply", folder / "netflix.wav"),
        *("--dialogue", written(folder / "mono.wav", ending())),
    )
    assert soft.exit_code == 0
    assert "mono.wav needs the same gain" in soft.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "--csv"],
        ["ending.wav", "--apply", "out.wav"],
        ["--dialogue", "ending.wav", "ending.wav"],
    ],
)
def test_options_that_do_not_go_together_exit_with_2(folder: Path, words: list[str]) -> None:
    paths = [word if word.startswith("--") else str(folder / word) for word in words]
    assert run(folder / "ending.wav", "--delivery", "podcast", *paths).exit_code == 2


def test_faults_of_channels_are_told_and_fail_the_verdict(folder: Path) -> None:
    broken = 0.05 * np.random.default_rng(1).standard_normal((5 * RATE, 2))
    broken[3 * RATE : 4 * RATE, 1] = 0.0
    broken[RATE : RATE + 480] = 0.0
    written(folder / "broken.wav", broken)
    result = run(folder / "broken.wav", "--delivery", "theatrical")
    assert result.exit_code == 1
    assert (
        "warning: Audio dropout in the left and right channels for 10.0 ms at 01:00:01:00"
        in result.output
    )
    assert "warning: The right channel is muted for 1.000 s at 01:00:03:00 (3.000 s)." in result.output
    assert "Faults of channels (at most 0)" in result.output


def test_pauses_are_told_in_one_sentence(folder: Path) -> None:
    bursts = 0.05 * np.random.default_rng(1).standard_normal((6 * RATE, 2))
    for second in np.arange(0.5, 6.0, 0.8):
        bursts[round(second * RATE) : round((second + 0.4) * RATE)] = 0.0
    written(folder / "bursts.wav", bursts)
    output = run(folder / "bursts.wav", "--delivery", "theatrical").output
    assert output.count("Digital silence") == 1
    assert "Digital silence in 7 places, 2.800 s together" in output
    assert "muted" not in output


def test_a_report_is_checked_against_its_own_delivery_or_another(folder: Path) -> None:
    report = folder / "ending.report.json"
    assert run(report).exit_code == 0
    assert run(report, "--delivery", "podcast").exit_code == 1
    assert "intended; it follows the silence cue" in run(report).output


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
    with pytest.raises(ReportError, match="unknown delivery 'nettflix'"):
        run(folder / "ending.wav", "--delivery", "nettflix")
    with pytest.raises(StemError, match=r"gone\.wav"):
        run(folder / "gone.wav", "--delivery", "podcast")
    with pytest.raises(ReportError, match=r"gone\.report\.json"):
        run(folder / "gone.report.json")
