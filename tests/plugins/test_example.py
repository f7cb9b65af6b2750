"""The plug-in that the docs show: it installs, keeps its own tests, and a preset plays it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import environment, run, tiny_project
from tests.conftest import REPOSITORY

RAIN = REPOSITORY / "docs" / "examples" / "rain"
PAGE = REPOSITORY / "docs" / "plugins.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip has installed the example in, without a network."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--disable-pip-version-check", "--target", folder, RAIN],
        check=True,
    )
    return folder


def test_the_example_is_three_files() -> None:
    names = sorted(path.name for path in RAIN.iterdir() if path.is_file())
    assert names == ["pyproject.toml", "render_ending_rain.py", "test_rain.py"]


def test_its_own_tests_pass_where_it_is_installed(site: Path, tmp_path: Path) -> None:
    env = environment(PYTHONPATH=f"{REPOSITORY}{os.pathsep}{site}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path]
    done = subprocess.run(
        [*command, "-c", os.devnull, RAIN / "test_rain.py"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_preset_plays_it(site: Path, tmp_path: Path) -> None:
    root = tiny_project(tmp_path / "film")
    shown = re.findall(r"```toml\n(extends.*?)```", PAGE.read_text(), re.DOTALL)
    (root / "presets" / "rainy.toml").write_text(shown[0].replace('"final"', '"tiny"'))
    env = environment(PYTHONPATH=f"{REPOSITORY}{os.pathsep}{site}")
    done = run(root, "--preset", "rainy", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenance"]["plugins"] == {"render-ending-rain": "0.1.0"}
