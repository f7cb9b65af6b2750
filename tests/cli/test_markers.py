"""Marker lists on the command line: measure and check name their sections and their kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import run, tiny_project


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_project(tmp_path_factory.mktemp("markers"))
    made = run(folder, "--preset", "tiny")
    assert made.returncode == 0, made.stderr
    (folder / "cues.csv").write_text("name,at\nvoices,0.5\nsilence,01:00:02:12\nlate,9s\n")
    return folder


def test_measure_names_the_kind_of_the_list_in_one_line(rendered: Path) -> None:
    made = run(rendered, "measure", "renders/tiny.wav", "--markers", "cues.csv")
    assert made.returncode == 0, made.stderr
    said = [line for line in made.stdout.splitlines() if line.startswith("cues.csv: ")]
    late = "1 after the end of the programme are left out, the first is 'late' at 01:00:09:00"
    assert said == [f"cues.csv: table, 3 markers; {late}."]


def test_the_cues_of_a_render_name_its_own_sections(rendered: Path) -> None:
    by_file = run(rendered, "measure", "renders/tiny.wav", "--markers", "renders/tiny.wav", "--json")
    by_preset = run(rendered, "measure", "renders/tiny.wav", "--preset", "tiny", "--json")
    ours, theirs = json.loads(by_file.stdout), json.loads(by_preset.stdout)
    assert [s["name"] for s in ours["sections"]] == [s["name"] for s in theirs["sections"]]
    assert ours["provenance"]["markers"] == {"kind": "cues of a WAV", "count": 3}


def test_check_takes_a_marker_list(rendered: Path) -> None:
    delivery = ("--delivery", "ebu-r128")
    made = run(rendered, "check", "renders/tiny.wav", *delivery, "--markers", "cues.csv")
    assert "cues.csv: table, 3 markers" in made.stdout
    wrong = run(rendered, "check", "renders/tiny.report.json", *delivery, "--markers", "cues.csv")
    assert wrong.returncode == 2
    assert "--markers goes with an audio file" in wrong.stderr


def test_markers_after_the_end_name_the_options_that_are_the_likely_cause(rendered: Path) -> None:
    (rendered / "late.csv").write_text("name,at\na,01:00:08:00\n")
    made = run(rendered, "measure", "renders/tiny.wav", "--markers", "late.csv")
    assert made.returncode == 1
    assert "every marker lies after the end of the programme" in made.stderr
    assert "--rate" in made.stderr
