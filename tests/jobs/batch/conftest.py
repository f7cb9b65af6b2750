"""A project whose mixes are two seconds long."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from audio_pipeline.preset.project import Project
from tests.conftest import make_project

TINY = """
title = "Tiny: a/film?"
[cues]
dropout = "1s"
silence = "1.5s"
end = "2s"
[layers.room]
kind = "room"
[layers.grain]
kind = "grain"
level = "-50 dBFS"
[effects.dropout]
kind = "dropout"
[master]
anchor = "programme"
delivery = "ebu-r128"
"""

VOICED = """
extends = "tiny"
[layers.voice_a]
kind = "voice"
stem = "stems/voice_a.flac"
[cues]
end = "voice_a.tail + 1s"
"""


def make_tiny(tmp_path: Path) -> Project:
    """A project with the presets `tiny`, `voiced` and `broken`, and two recordings."""
    project = make_project(tmp_path)
    for path in project.presets.glob("*.toml"):
        path.unlink()
    (project.presets / "tiny.toml").write_text(TINY)
    (project.presets / "voiced.toml").write_text(VOICED)
    shutil.copy(tmp_path / "stems" / "voice_b.flac", tmp_path / "stems" / "fr_a.flac")
    return project


@pytest.fixture(scope="session")
def shared_tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project to read from only."""
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def tiny(shared_tiny: Project, tmp_path: Path) -> Project:
    """A tiny project to write into."""
    shutil.copytree(shared_tiny.root, tmp_path / "film")
    return Project(tmp_path / "film")
