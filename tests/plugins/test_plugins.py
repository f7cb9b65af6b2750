"""Sounds of other packages: a preset plays them, lists know them, and their code is part of every key."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audio_pipeline import plugins
from audio_pipeline.errors import PresetError
from audio_pipeline.memo import foreign_code
from audio_pipeline.memo.foreign_code import foreign_code_key
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.registry import EFFECTS, LAYERS, Registry
from tests.command import environment, run, tiny_project
from tests.conftest import REPOSITORY
from tests.plugins.packages import EFFECT, SOUND, install

PLAYS = '\nextends = "tiny"\n[layers.drip]\nkind = "drip"\nlevel = "-48 dBFS"\n'


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose packages this process finds, and forgets afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    kinds = [(registry, dict(registry._found())) for registry in (LAYERS, EFFECTS)]
    plugins.forget_plugins()
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]
    for registry, known in kinds:
        registry._kinds.clear()
        registry._kinds.update(known)
    monkeypatch.undo()
    plugins.forget_plugins()
    forget_keys()


def forget_keys() -> None:
    foreign_code._package_key.cache_clear()


def project_that_plays(folder: Path) -> Project:
    root = tiny_project(folder / "film")
    (root / "presets" / "rainy.toml").write_text(PLAYS)
    return Project(root)


def test_a_preset_plays_a_plug_in_and_its_edited_code_changes_the_next_render(tmp_path: Path) -> None:
    site, root = tmp_path / "site", project_that_plays(tmp_path).root
    module = install(site, "acme-drip", {"layers": {"drip": "Drip"}})
    env = environment(
        PYTHONPATH=f"{REPOSITORY}{os.pathsep}{site}", XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    masters = []
    for second, source in enumerate((SOUND, SOUND, SOUND.replace("GAIN = 0.001", "GAIN = 0.002"))):
        module.write_text(source)
        os.utime(module, (second, second))  # Python keeps bytecode of an edit in the same second
        done = run(root, "--preset", "rainy", "--out", "out", "--json", env=env)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["provenance"]["plugins"] == {"acme-drip": "1.0"}
        masters.append((root / "out" / "rainy.wav").read_bytes())
    assert masters[0] == masters[1] != masters[2]
    assert "acme-drip" in (root / "out" / "rainy.report.html").read_text()
    for arguments in (("presets", "rainy"), ("inspect", "drip", "--preset", "rainy")):
        assert run(root, *arguments, env=env).returncode == 0
    assert '"drip"' in run(root, "presets", "--schema", env=env).stdout
    batch = run(root, "batch", "rainy", "tiny", "--out", "all", env=env)
    assert batch.returncode == 0, batch.stderr


def test_a_project_without_the_plug_in_names_the_unknown_kind(tmp_path: Path) -> None:
    project = project_that_plays(tmp_path)
    with pytest.raises(PresetError, match=r"no kind 'drip'"):
        build_preset(load_document(project, "rainy"))


def test_two_packages_with_one_kind_are_named(installed: Path, tmp_path: Path) -> None:
    for package in ("acme-drip", "acme-rain"):
        install(installed, package, {"layers": {"drip": "Drip"}})
    project = project_that_plays(tmp_path)
    with pytest.raises(PresetError, match=r"rainy\.toml.*acme-drip 1\.0 and acme-rain 1\.0"):
        build_preset(load_document(project, "rainy"))
    assert [problem.message[:13] for problem in LAYERS.problems()] == ["acme-drip 1.0"]
    assert "drip" not in list(LAYERS)
    build_preset(load_document(project, "tiny"))


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import nothing_that_is_there", "ModuleNotFoundError"),
        ("raise SystemError('no licence')", "no licence"),
        ("Drip = 3", "is not a Layer"),
        (SOUND.replace('"drip"', '"drop"'), "is not 'drip'"),
        (EFFECT.replace("Halve", "Drip"), "is not a Layer"),
        ("", "AttributeError"),
    ],
)
def test_a_broken_plug_in_is_named_and_stops_no_other(
    installed: Path, tmp_path: Path, source: str, cause: str
) -> None:
    install(installed, "acme-broken", {"layers": {"drip": "Drip"}}, source)
    install(installed, "acme-half", {"effects": {"halve": "Halve"}}, EFFECT)
    project = project_that_plays(tmp_path)
    with pytest.raises(PresetError, match=r"acme-broken 1\.0") as caught:
        build_preset(load_document(project, "rainy"))
    assert cause in caught.value.message
    assert "halve" in EFFECTS
    assert "halve" in list(EFFECTS)
    build_preset(load_document(project, "tiny"))


def test_a_plug_in_cannot_replace_a_kind_of_the_program(installed: Path) -> None:
    source = SOUND.replace('"drip"', '"grain"')
    install(installed, "acme-grain", {"layers": {"grain": "Drip"}}, source)
    assert LAYERS["grain"].__module__ == "audio_pipeline.layers.grain"
    assert "acme-grain 1.0" in LAYERS.problems()[0].message


def test_entry_points_are_read_only_for_an_unknown_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**selection: str) -> None:
        raise AssertionError("read")

    plugins.forget_plugins()
    monkeypatch.setattr("importlib.metadata.entry_points", refuse)
    project = Project(REPOSITORY)
    for name in project.preset_names():
        build_preset(load_document(project, name))
    fresh = Registry("layers", "audio_pipeline.layers", LAYERS._base)
    assert "voice" in fresh
    with pytest.raises(AssertionError, match="read"):
        list(fresh)


def test_the_key_of_a_plug_in_holds_its_files_and_the_versions_of_its_dependencies(
    installed: Path,
) -> None:
    keys = set()
    for version, needed in (("1", ()), ("1", ("acme-base",)), ("2", ("acme-base",))):
        install(installed, "acme-base", {}, "A = 1", version)
        for old in installed.glob("acme_base-*.dist-info"):
            if old.name != f"acme_base-{version}.dist-info":
                for file in old.iterdir():
                    file.unlink()
                old.rmdir()
        install(installed, "acme-drip", {"layers": {"drip": "Drip"}}, SOUND, requires=needed)
        plugins.forget_plugins()
        forget_keys()
        LAYERS._kinds.pop("drip", None)
        keys.add(foreign_code_key(LAYERS["drip"]))
    (installed / "acme_drip.py").write_text(SOUND + "# edited\n")
    forget_keys()
    keys.add(foreign_code_key(LAYERS["drip"]))
    assert len(keys) == 4
    assert foreign_code_key(LAYERS["voice"]) == ""


def test_a_class_of_a_script_is_never_taken_from_the_cache() -> None:
    typed = type("Typed", (LAYERS["grain"],), {"__module__": "__main__"})
    assert foreign_code_key(typed) != foreign_code_key(typed)
