"""The documentation site: its reference is complete, and it builds without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audio_pipeline.cli.main import COMMANDS
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.reporting.delivery import delivery_names
from audio_pipeline.reporting.model import LoudnessReport
from docs.reference import MODULES, pages
from tests.conftest import REPOSITORY
from tests.test_public_api import SUBMODULES


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    return pages()


def test_the_reference_has_every_command_kind_delivery_and_field(reference: dict[str, str]) -> None:
    wanted = {
        "command": [f"## {name}" for name in COMMANDS],
        "layers": [f"## {kind}" for kind in LAYERS],
        "effects": [f"## {kind}" for kind in EFFECTS],
        "deliveries": [f"## {name}" for name in delivery_names()],
        "report": [f"`{field.alias or name}`" for name, field in LoudnessReport.model_fields.items()],
        "preset": ["`target`", "`ceiling`", "`rate`", "`seed`"],
        "api": [f"::: audio_pipeline.{name}" for name in SUBMODULES],
    }
    for page, texts in wanted.items():
        missing = [text for text in texts if text not in reference[page]]
        assert missing == [], page
    for kinds in (LAYERS, EFFECTS):
        page = reference[kinds.shelf]
        keys = {f"`{key}`" for cls in kinds.values() for key in cls.model_fields if key != "kind"}
        assert [key for key in keys if key not in page] == []


def test_every_key_has_a_meaning(reference: dict[str, str]) -> None:
    for page in ("preset", "layers", "effects", "command"):
        rows = [line for line in reference[page].splitlines() if line.startswith("| `")]
        assert rows
        assert [row for row in rows if row.endswith("|  |")] == [], page


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--quiet",
            "--site-dir",
            tmp_path / "site",
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = tmp_path / "site"
    api = (built / "reference" / "api" / "index.html").read_text()
    assert "loudness report of an audio file" in api
    assert len(MODULES) <= api.count("<h2")
    for page in built.rglob("*.html"):
        assert "https://cdn" not in page.read_text()
