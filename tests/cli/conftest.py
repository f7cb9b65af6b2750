"""A tiny project, and one that has been rendered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audio_pipeline.cli import main as command_line
from tests.command import run, tiny_project

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A project of its own, to write into."""
    return tiny_project(tmp_path / "film")


@pytest.fixture(scope="session")
def shared_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to read from only, in which `tiny` has been rendered with its stems."""
    folder = tiny_project(tmp_path_factory.mktemp("tiny") / "film")
    assert run(folder, "--preset", "tiny", "--stems").returncode == 0
    return folder


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`run` in this process, which has everything imported already: for what needs no process."""
    monkeypatch.setattr(command_line, "prepare", lambda: None)

    def called(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        words = list(map(str, arguments))
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["render-ending", *words])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(end.value.code or 0), out, err)

    return called
