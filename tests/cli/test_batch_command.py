"""`render-ending batch` and `cache`, as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audio_pipeline.preset.project import Project
from tests.conftest import Call
from tests.jobs.batch.conftest import make_tiny


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project that the tests of this file use one after the other."""
    return make_tiny(tmp_path_factory.mktemp("film"))


def _ran(project: Project, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audio_pipeline", *arguments],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **environment},
    )


def test_a_batch_is_planned_rendered_found_again_and_overviewed(film: Project) -> None:
    varied = ("tiny", "--vary", "dropout.fade=80ms,250ms")
    planned = _ran(film, "batch", *varied, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "2 mixes: 2 to render, 0 unchanged" in planned.stdout
    assert "2 of 3" in planned.stdout
    assert not list(film.renders.glob("*.wav"))

    first = _ran(film, "batch", *varied)
    assert (first.returncode, first.stderr) == (0, "")
    assert [line.split()[:3] for line in first.stdout.splitlines()[:2]] == [
        ["1/2", "done", "tiny_fade-80ms"],
        ["2/2", "done", "tiny_fade-250ms"],
    ]
    assert "2 rendered, 0 unchanged" in first.stdout

    again = _ran(film, "batch", *varied, "--json")
    told = json.loads(again.stdout)
    assert [mix["status"] for mix in told["mixes"]] == ["unchanged", "unchanged"]
    assert told["total"] | {"seconds": 0} == {
        "mixes": 2,
        "rendered": 0,
        "unchanged": 2,
        "failed": 0,
        "seconds": 0,
    }
    whole = json.loads((film.renders / "batch.json").read_text())
    assert [mix["name"] for mix in whole["mixes"]] == ["tiny_fade-80ms", "tiny_fade-250ms"]
    assert "tiny_fade-80ms" in (film.renders / "index.html").read_text()
    assert str(film.root) not in (film.renders / "index.html").read_text()
    assert (film.renders / "batch.csv").read_text().count("\n") == 3


def test_the_cache_tells_its_size_and_can_be_cleared(film: Project) -> None:
    _ran(film, "--preset", "tiny", "-q")
    shown = json.loads(_ran(film, "cache", "--json").stdout)
    assert shown["entries"] > 0
    assert "removed" in _ran(film, "cache", "--clear").stdout
    assert json.loads(_ran(film, "cache", "--json").stdout)["entries"] == 0
    off = _ran(film, "cache", RENDER_ENDING_CACHE="off")
    assert "off" in off.stderr
    wrong = _ran(film, "cache", RENDER_ENDING_CACHE_SIZE="much")
    assert (wrong.returncode, "500MB" in wrong.stderr) == (2, True)


def test_nothing_is_kept_that_was_not_asked_for(film: Project) -> None:
    _ran(film, "cache", "--clear")
    assert _ran(film, "batch", "tiny", "--no-cache").returncode == 0
    assert json.loads(_ran(film, "cache", "--json").stdout)["entries"] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "--all"),
        (("tinny",), 1, "did you mean 'tiny'"),
        (("tiny", "--vary", "dropout.fade="), 1, "no values"),
        (("tiny", "--vary", "dropout.fade=80ms,8x"), 1, "'8x' is not"),
        (("tiny", "--name", "{nope}"), 1, "'nope'"),
        (("tiny", "voiced", "--name", "same"), 1, "two mixes have the name same.wav"),
        (("no.batch.toml",), 1, "no.batch.toml is not a file"),
        (("tiny", "--jobs", "0"), 2, "--jobs"),
    ],
)
def test_a_mistake_is_one_sentence_and_renders_nothing(
    call: Call, arguments: tuple[str, ...], status: int, words: str, film: Project, tmp_path: Path
) -> None:
    said = call(film.root, "batch", *arguments, "--out", str(tmp_path / "out"))
    assert said.returncode == status
    assert words in said.stderr
    assert "Traceback" not in said.stderr
    assert said.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_single_render_takes_a_studio_name(film: Project) -> None:
    said = _ran(
        film, "--preset", "tiny", "--name", "{title}_{version}_{type}_{channels}_{rate}_{fps}", "-q"
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert (film.renders / "Tiny-a-film_v1_MIX_20_48k_24.wav").is_file()
