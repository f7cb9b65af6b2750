"""The command `review`: what it takes, what it prints, what it says when it cannot."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from audio_pipeline.cli.main import cli
from audio_pipeline.errors import AudioPipelineError, RenderError, ReportError


@pytest.fixture
def run(shared_project, monkeypatch):
    monkeypatch.chdir(shared_project.root)
    return lambda *words: CliRunner().invoke(cli, ["review", *map(str, words)])


def test_a_folder_of_renders_becomes_one_page_and_its_name_is_printed(run, takes, tmp_path):
    page = tmp_path / "choice.html"
    result = run(takes[0].audio.parent, "--out", page)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{page}\n"
    assert "-6.02 dB  loud" in result.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"choice.html"}


def test_a_preset_that_is_not_rendered_is_told_with_the_command_that_does(run):
    error = run("short", "long-wait").exception
    assert isinstance(error, ReportError)
    assert error.message == "the render 'short' does not exist in renders/"
    assert error.hint == "Render it with: render-ending --preset short"


def test_one_mix_is_no_review(run, takes):
    result = run(takes[0].audio)
    assert result.exit_code == 2
    assert "2 to 26 mixes" in result.output


def test_a_report_without_its_audio_is_told(run, short_render, tmp_path):
    lonely = tmp_path / "lonely.report.json"
    lonely.write_bytes(short_render.files.report.read_bytes())
    error = run(lonely, short_render.master.file).exception
    assert isinstance(error, AudioPipelineError)
    assert "short.wav, which is not beside it" in error.message


def test_anothers_file_is_not_written_over(run, takes, tmp_path):
    page = tmp_path / "diary.html"
    page.write_text("dear diary")
    error = run(takes[0].audio, takes[1].audio, "--out", page).exception
    assert isinstance(error, RenderError)
    assert page.read_text() == "dear diary"
    assert [p.name for p in tmp_path.iterdir()] == ["diary.html"]
