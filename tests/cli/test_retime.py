from __future__ import annotations

import json
from pathlib import Path

from tests.command import run, tiny_project


def test_it_lists_what_moves_and_proves_what_does_not(tmp_path: Path) -> None:
    folder = tiny_project(tmp_path)
    (folder / "a.csv").write_text("name,at\nsilence,01:00:02:18\nslate,1s\n")
    made = run(folder, "retime", "tiny", "--markers", "a.csv", "--name", "cut2")
    assert made.returncode == 0, made.stderr
    assert "a.csv: table, 2 markers" in made.stdout
    row = next(line for line in made.stdout.splitlines() if line.startswith("silence "))
    assert row.split() == ["silence", "01:00:02:12", "01:00:02:18", "+6"]
    assert "presets/cut2.toml: extends tiny" in made.stdout
    report = json.loads((folder / "renders" / "cut2.retime.json").read_text())
    assert report["schema"] == "Retime.1"
    assert report["equal"]["DX"] == [
        {"start_samples": 0, "stop_samples": 144_000, "start": "01:00:00:00", "stop": "01:00:03:00"}
    ]
    assert report["equal_samples"]["mix"] < report["compared_samples"] == 144_000
    rendered = run(folder, "--preset", "cut2")
    assert rendered.returncode == 0, rendered.stderr


def test_a_cut_that_removes_a_cue_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tiny_project(tmp_path)
    head = "TITLE: cut\nFCM: NON-DROP FRAME\n001  A V C 01:00:00:00 01:00:0{} 01:00:00:00 01:00:0{}\n"
    (folder / "old.edl").write_text(head.format("3:00", "3:00"))
    (folder / "new.edl").write_text(head.format("1:12", "1:12"))
    made = run(folder, "retime", "tiny", "--old", "old.edl", "--new", "new.edl", "--json")
    assert made.returncode == 1
    assert json.loads(made.stdout)["new_preset"] is None
    assert "error: black at 01:00:02:00 is inside the removed picture" in made.stderr
    assert sorted(p.name for p in (folder / "presets").iterdir()) == ["tiny.toml"]


def test_it_wants_one_new_picture(tmp_path: Path) -> None:
    folder = tiny_project(tmp_path)
    for options in ((), ("--old", "a.edl"), ("--markers", "a", "--old", "a", "--new", "b")):
        assert run(folder, "retime", "tiny", *options).returncode == 2
