"""Deliveries of a project and of plug-ins: presets, `check` and lists know them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from audio_pipeline import plugins
from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.delivery import load_delivery
from audio_pipeline.reporting.delivery_files import SHIPPED, delivery_names
from tests.command import environment, run, tiny_project
from tests.conftest import REPOSITORY
from tests.plugins.packages import install

HOUSE = (SHIPPED / "ebu-r128.toml").read_text()
PLUGIN = "from pathlib import Path\nHOUSE = Path(__file__).with_name('house.toml')\n"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    root = tiny_project(tmp_path / "film")
    (root / "deliveries").mkdir()
    (root / "deliveries" / "house.toml").write_text(HOUSE.replace("-23.0", "-20.0"))
    return root


def test_a_project_has_deliveries_of_its_own(film: Path) -> None:
    (film / "presets" / "short.toml").write_text('extends = "tiny"\n[master]\ndelivery = "house"\n')
    done = run(film, "--preset", "short", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["delivery"]["name"] == "house"
    assert "-20" in report["delivery"]["clauses"][0]["limit"]
    for file in ("renders/short.wav", "renders/short.report.json"):
        checked = run(film, "check", file, "--delivery", "house", "--json")
        assert json.loads(checked.stdout)["name"] == "house", checked.stderr
    assert "house" in run(film, "check", "--list").stdout
    batch = run(film, "batch", "short")
    assert batch.returncode == 0, batch.stderr
    (film / "deliveries" / "house.toml").write_text(HOUSE)
    assert "0 unchanged" in run(film, "batch", "short").stdout


def test_a_plug_in_brings_a_delivery(tmp_path: Path) -> None:
    root, site = tiny_project(tmp_path / "film"), tmp_path / "site"
    install(site, "acme-house", {"deliveries": {"house": "HOUSE"}}, PLUGIN)
    (site / "house.toml").write_text(HOUSE)
    env = environment(PYTHONPATH=f"{REPOSITORY}{os.pathsep}{site}")
    done = run(root, "check", "stems/voice_a.flac", "--delivery", "house", "--json", env=env)
    assert json.loads(done.stdout)["name"] == "house", done.stderr
    assert "house" in run(root, "check", "--list", env=env).stdout


def test_a_delivery_of_a_project_that_ships_too_is_refused(film: Path) -> None:
    (film / "deliveries" / "ebu-r128.toml").write_text(HOUSE)
    with pytest.raises(ReportError, match="has the name of a delivery of render-ending"):
        load_delivery("ebu-r128", film / "deliveries")
    listed = run(film, "check", "--list")
    assert "warning: deliveries/ebu-r128.toml" in listed.stderr
    assert "netflix-nearfield" in listed.stdout


@pytest.mark.parametrize("text", ["", "title = 3", "[", 'title = "x"\nsource = "y"\n', "\x00"])
def test_a_broken_delivery_is_named_and_hides_no_other(film: Path, text: str) -> None:
    (film / "deliveries" / "house.toml").write_text(text)
    with pytest.raises(ReportError, match="house"):
        load_delivery("house", film / "deliveries")
    assert "netflix-nearfield" in delivery_names(film / "deliveries")


def test_no_entry_point_is_read_for_a_delivery_that_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**selection: str) -> None:
        raise AssertionError("read")

    plugins.forget_plugins()
    monkeypatch.setattr("importlib.metadata.entry_points", refuse)
    for name in sorted(path.stem for path in SHIPPED.glob("*.toml")):
        assert load_delivery(name).name == name
