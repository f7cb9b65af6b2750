from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audio_pipeline.cli.measure import command
from audio_pipeline.metering import self_test
from audio_pipeline.preset.project import Project
from audio_pipeline.reporting.model import LoudnessReport
from tests.endings import ending, written

MARKERS = "name,at\nvoices,1s\nblack,4s\ndropout,6s\nsilence,01:00:07:00\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measure")
    written(folder / "ending.wav", ending())
    (folder / "cues.csv").write_text(MARKERS, encoding="utf-8")
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_one_file_prints_a_block_of_figures_with_units(folder: Path) -> None:
    result = run(folder / "ending.wav")
    assert result.exit_code == 0
    assert "Integrated loudness          -20.4 LUFS" in result.output
    assert "Sample peak" in result.output
    assert "\x1b" not in result.output


def test_markers_name_sections_and_the_dropout(folder: Path) -> None:
    output = run(folder / "ending.wav", "--markers", folder / "cues.csv").output
    assert "Dropout, fall" in output
    assert "voices" in output
    assert "Digital silence 01:00:07:00 to 01:00:08:00 (1.000 s): intended" in output


def test_json_of_one_file_is_a_report_and_of_two_a_list(folder: Path) -> None:
    wav = folder / "ending.wav"
    one = json.loads(run(wav, "--markers", folder / "cues.csv", "--json").output)
    LoudnessReport.model_validate(one)
    assert one["dropout"]["silence_at_s"] == 7.0
    two = json.loads(run(wav, wav, "--json").output)
    assert [list(report["files"]) for report in two] == [["ending.wav"], ["ending.wav"]]


@pytest.mark.parametrize(
    ("written", "name"), [("29.97 DF", "29.97df"), ("23.98", "23.976"), ("60", "60")]
)
def test_a_picture_rate_may_be_written_as_people_do(folder: Path, written: str, name: str) -> None:
    report = json.loads(run(folder / "ending.wav", "--rate", written, "--json").output)
    assert report["provenance"]["picture_rate"] == name


def test_csv_has_a_row_a_file_and_with_sections_a_row_a_section(folder: Path) -> None:
    wav, cues = folder / "ending.wav", folder / "cues.csv"
    files = list(csv.DictReader(io.StringIO(run(wav, wav, "--csv").output)))
    assert [row["file"] for row in files] == ["ending.wav", "ending.wav"]
    text = run(wav, "--markers", cues, "--csv", "--sections").output
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["voices", "black", "dropout", "silence"]
    assert rows[-1]["integrated_lufs"] == ""


def test_many_files_make_a_table(folder: Path) -> None:
    output = run(folder / "ending.wav", folder / "ending.wav").output
    assert [line[:10] for line in output.splitlines()[2:4]] == ["ending.wav", "ending.wav"]
    assert "dBTP" in output


def test_the_dialogue_stem_gives_the_distance_to_it(folder: Path) -> None:
    wav = folder / "ending.wav"
    report = json.loads(run(wav, "--dialogue", wav, "--json").output)
    assert report["dialogue_lufs"] == report["integrated_lufs"]
    assert report["loudness_to_dialogue_lu"] == 0.0
    assert 30 < report["delivery"]["dialogue_share_percent"] < 50


def test_the_cues_of_a_preset_name_the_sections(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    written(project.root / "ending.wav", ending())
    report = json.loads(run("ending.wav", "--preset", "final", "--json").output)
    assert [section["name"] for section in report["sections"]][:2] == ["start", "breath"]
    assert report["mix"] == "final"
    assert report["delivery"]["name"] == "netflix-nearfield"
    assert report["provenance"]["preset"]["effects.dropout.fade"] == "250ms"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a.wav", "--json", "--csv"],
        ["a.wav", "--sections"],
        ["a.wav", "--preset", "final", "--markers", "x.csv"],
        ["a.wav", "--fade", "soon"],
        ["a.wav", "--rate", "26"],
        ["a.wav", "--start", "01:00:00:75"],
    ],
)
def test_wrong_usage_exits_with_2(words: list[str]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize(("measured", "exit_code"), [(-23.05, 0), (-23.2, 1), (None, 1)])
def test_the_self_test_exits_with_1_when_a_case_fails(
    monkeypatch: pytest.MonkeyPatch, measured: float | None, exit_code: int
) -> None:
    row = self_test.Row("3341-1", "integrated, LUFS", measured, -23.0, (0.1, 0.1))
    monkeypatch.setattr(self_test, "run_self_test", lambda rate: [row])
    result = run("--self-test")
    assert result.exit_code == exit_code
    assert ("FAIL" in result.output) == bool(exit_code)
    assert f"{1 - exit_code} of 1 within" in result.output


def test_a_name_with_control_characters_or_markup_is_printed_harmlessly(tmp_path: Path) -> None:
    names = ["[bold]x[bold].wav", "a\x1b[31mred.wav"]
    for name in names:
        written(tmp_path / name, ending()[:48_000])
    one, many = run(tmp_path / names[1]), run(*(tmp_path / name for name in names))
    assert "\x1b" not in one.output + many.output
    assert "\\x1b[31mred.wav" in one.output
    assert "[bold]x[bold].wav" in many.output


def test_the_installed_command_reports_what_it_cannot_read_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "not.wav").write_text("hello", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "audio_pipeline", "measure", "not.wav"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "not.wav" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_imports_no_numpy() -> None:
    code = (
        "import sys; from click.testing import CliRunner\n"
        "from audio_pipeline.cli.main import cli\n"
        "for name in ('measure', 'check', 'compare'):\n"
        "    result = CliRunner().invoke(cli, [name, '--help'])\n"
        "    assert result.exit_code == 0 and 'Examples:' in result.output, result.output\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
