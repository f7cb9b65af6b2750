"""A worker must have the plug-ins that a mix uses, with the same code; it does not open the mix before."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audio_pipeline import plugins
from audio_pipeline.jobs.batch import worker_check
from audio_pipeline.jobs.batch.mix_task import Outcome, Task
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.batch.worker_check import (
    Asked,
    Inquiry,
    Refusal,
    refusal,
    render_if_same,
    sealed,
)
from audio_pipeline.memo import foreign_code
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.reporting.delivery_files import SHIPPED
from tests.command import tiny_project
from tests.plugins.packages import EFFECT, SOUND, install

PLAYS = """
extends = "tiny"
[layers.drip]
kind = "drip"
on = {on}
[effects.halve]
kind = "halve"
"""


HOUSE = (SHIPPED / "ebu-r128.toml").read_text()


def forget_all() -> None:
    """What a process that has just begun knows of plug-ins: nothing."""
    for name in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[name]
    for registry in (LAYERS, EFFECTS):
        for kind in ("drip", "halve"):
            registry._kinds.pop(kind, None)
    plugins.forget_plugins()
    foreign_code._package_key.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of packages of the process that has the batch."""
    folder = tmp_path / "site"
    install(folder, "acme-drip", {"layers": {"drip": "Drip"}})
    install(folder, "acme-halve", {"effects": {"halve": "Halve"}}, EFFECT)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(worker_check, "_worker", lambda: "tcp://w")
    forget_all()
    yield folder
    monkeypatch.undo()
    forget_all()


def planned(folder: Path, on: bool = True) -> Mix:
    project = Project(tiny_project(folder / "film"))
    (project.presets / "rainy.toml").write_text(PLAYS.format(on=str(on).lower()))
    project.renders.mkdir(exist_ok=True)
    (mix,) = plan(project, matrices_of(project, ["rainy"], False), project.renders)
    assert mix.failure is None
    return mix


def on_another_host(monkeypatch: pytest.MonkeyPatch, site: Path, packages: Path) -> None:
    """From now on this process is a worker whose packages are in another folder."""
    sys.path.remove(str(site))
    monkeypatch.syspath_prepend(str(packages))
    forget_all()


def answer(task: bytes, asked: Asked) -> Refusal:
    found = render_if_same(task, pickle.loads(pickle.dumps(asked)))
    assert isinstance(found, Refusal)
    return found


@pytest.mark.parametrize("on", [True, False])
def test_a_worker_without_the_package_refuses_and_does_not_open_the_mix(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    mix = planned(tmp_path, on)
    task, asked = sealed(Task(mix, None)), Inquiry().asked(mix)
    there = tmp_path / "there"
    install(there, "acme-halve", {"effects": {"halve": "Halve"}}, EFFECT)
    on_another_host(monkeypatch, site, there)
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(task)
    found = answer(task, asked)
    assert found.reason == "does not have the plug-in acme-drip 1.0, which brings the kind 'drip'"
    assert "pip install acme-drip==1.0" in found.hint
    # installed while the worker runs
    install(there, "acme-drip", {"layers": {"drip": "Drip"}})
    assert refusal(asked, "w") is None


@pytest.mark.parametrize(
    ("package", "version", "source", "reason"),
    [
        ("acme-drip", "1.1", SOUND, "its 'drip' is of acme-drip 1.1, here it is of acme-drip 1.0"),
        ("acme-rain", "1.0", SOUND, "its 'drip' is of acme-rain 1.0, here it is of acme-drip 1.0"),
        (
            "acme-drip",
            "1.0",
            SOUND.replace("0.001", "0.002"),
            "its plug-in acme-drip 1.0 has other code",
        ),
        ("acme-drip", "1.0", "import nothing_there", "cannot use the plug-in acme-drip 1.0"),
    ],
)
def test_a_worker_with_another_plug_in_refuses(
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    version: str,
    source: str,
    reason: str,
) -> None:
    mix = planned(tmp_path)
    task, asked = sealed(Task(mix, None)), Inquiry().asked(mix)
    there = tmp_path / "there"
    install(there, "acme-halve", {"effects": {"halve": "Halve"}}, EFFECT)
    install(there, package, {"layers": {"drip": "Drip"}}, source, version)
    on_another_host(monkeypatch, site, there)
    assert reason in answer(task, asked).reason


def test_a_worker_with_the_same_plug_ins_elsewhere_renders(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix = planned(tmp_path)
    task, asked = sealed(Task(mix, None)), Inquiry().asked(mix)
    there = tmp_path / "there"
    install(there, "acme-drip", {"layers": {"drip": "Drip"}})
    install(there, "acme-halve", {"effects": {"halve": "Halve"}}, EFFECT)
    install(there, "acme-more", {"layers": {"more": "Drip"}})  # what no mix uses does not matter
    on_another_host(monkeypatch, site, there)
    outcome = render_if_same(task, asked)
    assert isinstance(outcome, Outcome)
    assert outcome.status == "rendered", outcome.error


def test_a_mix_without_plug_ins_asks_for_none(site: Path, tmp_path: Path) -> None:
    project = Project(tiny_project(tmp_path / "plain"))
    (mix,) = plan(project, matrices_of(project, ["tiny"], False), project.renders)
    assert Inquiry().asked(mix).plugins == ()
    assert Inquiry().asked(replace(mix, preset=None)).plugins == ()


DELIVERY = "from pathlib import Path\nHOUSE = Path(__file__).with_name('house.toml')\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "does not have the plug-in acme-house 1.0, which brings the kind 'house'"),
        (HOUSE.replace("-23.0", "-20.0"), "its plug-in acme-house 1.0 has other code"),
    ],
)
def test_a_worker_without_the_delivery_refuses(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, reason: str
) -> None:
    install(site, "acme-house", {"deliveries": {"house": "HOUSE"}}, DELIVERY)
    (site / "house.toml").write_text(HOUSE)
    forget_all()
    project = Project(tiny_project(tmp_path / "film"))
    (project.presets / "short.toml").write_text('extends = "tiny"\nmaster.delivery = "house"\n')
    project.renders.mkdir(exist_ok=True)
    (mix,) = plan(project, matrices_of(project, ["short"], False), project.renders)
    asked = Inquiry().asked(mix)
    assert refusal(asked, "w") is None
    there = tmp_path / "there"
    there.mkdir()
    if text is not None:
        install(there, "acme-house", {"deliveries": {"house": "HOUSE"}}, DELIVERY)
        (there / "house.toml").write_text(text)
    on_another_host(monkeypatch, site, there)
    found = refusal(asked, "w")
    assert found is not None
    assert reason in found.reason


def test_a_delivery_of_the_project_that_changes_is_noticed(site: Path, tmp_path: Path) -> None:
    project = Project(tiny_project(tmp_path / "film"))
    project.deliveries.mkdir()
    own = project.deliveries / "house.toml"
    own.write_text(HOUSE)
    (project.presets / "short.toml").write_text('extends = "tiny"\nmaster.delivery = "house"\n')
    project.renders.mkdir(exist_ok=True)
    (mix,) = plan(project, matrices_of(project, ["short"], False), project.renders)
    asked = Inquiry().asked(mix)
    assert refusal(asked, "w") is None
    own.write_text(HOUSE.replace("-23.0", "-20.0"))
    found = refusal(asked, "w")
    assert found is not None
    assert found.reason == f"sees another {own}, or none"
