"""Reports and the audio files beside them: a set is read, a mixture is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.jobs.earlier_stems import earlier_stems
from audio_pipeline.jobs.render_files import files_of_render
from audio_pipeline.reporting.recorded_files import recorded_files
from audio_pipeline.reporting.render_set import read_set, refuse_mixture
from tests.command import contents, run, tiny_project

NAMES = ("tiny.wav", *(f"tiny.stems/tiny_{stem}.wav" for stem in ("DX", "FX", "BG", "ME")))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of renders: `tiny` with its stems."""
    film = tiny_project(tmp_path_factory.mktemp("set") / "film")
    assert run(film, "--preset", "tiny", "--stems").returncode == 0
    return film


@pytest.fixture
def film(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared, tmp_path / "film"))


def test_a_report_names_every_audio_file_of_its_render(film: Path) -> None:
    assert set(recorded_files(film / "renders" / "tiny.report.json")) == set(NAMES)
    read_set(film / "renders" / "tiny.report.json")


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_file_is_refused_and_a_missing_one_is_not(film: Path, name: str) -> None:
    report, file = film / "renders" / "tiny.report.json", film / "renders" / name
    content = file.read_bytes()
    file.unlink()
    read_set(report)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ReportError, match=f"{name} is not the file of the render"):
        read_set(report)


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "renders/tiny.report.json", "renders/tiny.report.json"],
        ["check", "renders/tiny.report.json"],
        ["review", "tiny", "tiny"],
    ],
    ids=lambda words: str(words[0]),
)
def test_every_reader_refuses_a_mixture(film: Path, arguments: list[str]) -> None:
    shutil.copy(film / "renders" / "tiny.stems" / "tiny_DX.wav", film / "renders" / "tiny.wav")
    done = run(film, *arguments)
    assert done.returncode == 1
    assert "tiny.wav is not the file of the render that" in done.stderr


def test_a_name_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "renders").mkdir()
    (tmp_path / "x.wav").write_text("x")
    report = tmp_path / "renders" / "tiny.report.json"
    refuse_mixture(report, {"../x.wav": "0" * 64, str(tmp_path / "x.wav"): "0" * 64})


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "\\ud800", "null", "[]", "{}", '{"files": 3}', '{"files": []}']
)
def test_a_report_that_cannot_be_read_records_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "tiny.report.json").write_text(text)
    assert recorded_files(tmp_path / "tiny.report.json") == {}
    assert recorded_files(tmp_path / "none.report.json") == {}


def test_a_render_without_stems_removes_those_of_the_earlier_one_and_nothing_else(film: Path) -> None:
    notes = film / "renders" / "tiny.stems" / "notes.txt"
    notes.write_text("precious")
    assert run(film, "--preset", "tiny").returncode == 0
    left = {name for name in contents(film / "renders") if name.startswith("tiny.stems")}
    assert left == {"tiny.stems/notes.txt"}
    notes.unlink()
    assert run(film, "--preset", "tiny", "--stems").returncode == 0
    assert run(film, "--preset", "tiny").returncode == 0
    assert not (film / "renders" / "tiny.stems").exists()


def test_a_render_without_stems_refuses_to_leave_foreign_ones_under_its_name(film: Path) -> None:
    stem = film / "renders" / "tiny.stems" / "tiny_DX.wav"
    stem.write_bytes(stem.read_bytes() + b"edited")
    before = contents(film)
    done = run(film, "--preset", "tiny")
    assert done.returncode == 1
    assert "tiny_DX.wav is not a stem of the earlier render" in done.stderr
    assert "hint: Move it away, or render with --stems." in done.stderr
    assert contents(film) == before


def test_only_stems_that_the_new_render_does_not_write_are_earlier_ones(film: Path) -> None:
    renders = film / "renders"
    stems = [renders / name for name in NAMES[1:]]
    whole = files_of_render(renders, "tiny", stems=True, report=True, page=True)
    assert set(earlier_stems(whole)) == set()
    assert set(earlier_stems(replace(whole, stems={}))) == set(stems)
    assert set(earlier_stems(replace(whole, stems={"DX": whole.stems["DX"]}))) == set(stems[1:])


def test_a_report_that_names_files_of_others_removes_none_of_them(film: Path) -> None:
    renders = film / "renders"
    shutil.rmtree(renders / "tiny.stems")
    hostile = {"../stems/voice_a.flac": "0" * 64, "tiny.stems/../tiny.wav": "0" * 64, "/etc/passwd": ""}
    (renders / "tiny.report.json").write_text(json.dumps({"files": hostile}))
    assert earlier_stems(files_of_render(renders, "tiny", stems=False, report=True, page=True)) == {}
