"""A tiny project, and one that has been rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import run, tiny_project


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
