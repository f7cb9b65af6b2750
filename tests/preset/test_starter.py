"""What ships: the same files in the wheel, in the sdist and in a new project, and no private one."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.preset import starter
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.starter import start_project, starter_files
from tests.command import contents
from tests.conftest import REPOSITORY

BUILT_FROM = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
PRIVATE = ("presets/mine.toml", "presets/mine.batch.toml", "stems/mine.flac", "stems/take/2.wav")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A source tree in which somebody keeps presets and stems of their own."""
    root = tmp_path_factory.mktemp("checkout") / "tree"
    root.mkdir()
    for name in BUILT_FROM:
        shutil.copy(REPOSITORY / name, root)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "audio_pipeline", root / "audio_pipeline", ignore=unwanted)
    for name in starter.LIST.read_text("utf-8").splitlines():
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    for name in PRIVATE:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("private")
    return root


def build(checkout, target):
    """The wheel or sdist of the tree, built in this process and without the network."""
    hatchling = pytest.importorskip(f"hatchling.builders.{target}", reason="needs hatchling")
    builder = getattr(hatchling, f"{target.capitalize()}Builder")(str(checkout))
    return next(builder.build(directory=str(checkout.parent / target), versions=["standard"]))


def test_the_wheel_holds_the_package_and_the_starter_files_alone(checkout):
    with zipfile.ZipFile(build(checkout, "wheel")) as wheel:
        names = wheel.namelist()
    inside = "audio_pipeline/starter/"
    packed = {name.removeprefix(inside) for name in names if name.startswith(inside)}
    assert packed == set(starter.LIST.read_text("utf-8").split())
    modules = {
        path.relative_to(checkout).as_posix()
        for path in (checkout / "audio_pipeline").rglob("*")
        if path.is_file()
    }
    rest = {name for name in names if ".dist-info/" not in name and not name.startswith(inside)}
    assert rest == modules
    assert not [name for name in names if "mine" in name or name.endswith("2.wav")]


def test_the_sdist_holds_no_private_file(checkout):
    with tarfile.open(build(checkout, "sdist")) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames()}
    assert set(starter.LIST.read_text("utf-8").split()) | {"hatch_build.py"} <= names
    assert not names & set(PRIVATE)


def test_a_new_project_holds_what_ships_and_no_private_file(checkout, tmp_path, monkeypatch):
    monkeypatch.setattr(starter, "CHECKOUT", checkout)
    written = start_project(tmp_path / "film")
    assert written == list(starter_files())
    copied = {
        path.relative_to(tmp_path / "film").as_posix()
        for path in (tmp_path / "film").rglob("*")
        if path.is_file()
    }
    assert copied == {*starter.LIST.read_text("utf-8").split(), "renders/README.md"}
    assert "final" in Project(tmp_path / "film").preset_names()


def test_every_preset_and_stem_of_the_repository_ships():
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        pytest.skip("this is no git checkout")
    command = [git, "ls-files", "presets", "stems"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip(f"git does not list this checkout: {listed.stderr.strip()}")
    assert starter.LIST.read_text("utf-8") == listed.stdout


def test_a_project_whose_start_was_killed_is_finished(tmp_path: Path) -> None:
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    start_project(whole)
    for name in list(starter_files())[:3]:
        (begun / name).parent.mkdir(parents=True, exist_ok=True)
        (begun / name).write_bytes((whole / name).read_bytes())
    start_project(begun)
    assert contents(begun) == contents(whole)
    with pytest.raises(PresetError, match="nothing was written"):
        start_project(begun)


def test_what_somebody_wrote_is_not_taken_for_a_start(tmp_path: Path) -> None:
    name = next(iter(starter_files()))
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(PresetError, match=f"already has {name}"):
        start_project(tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, PresetError])
def test_an_interrupted_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    copied = starter._write

    def interrupted(path: Path, content: bytes, written: list[Path]) -> None:
        copied(path, content, written)
        if len(written) == 3:
            raise kind("now")

    monkeypatch.setattr(starter, "_write", interrupted)
    with pytest.raises(kind):
        start_project(tmp_path / "film")
    assert list(tmp_path.iterdir()) == []
