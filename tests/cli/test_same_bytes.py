"""One preset, one set of stems, one version: the same bytes, whatever the environment asks NumPy for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from audio_pipeline.dsp.arithmetic import has_avx2
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.command import environment, run
from tests.conftest import make_project, shorten_final

SETTINGS = {
    "haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "zen, two threads": {"OPENBLAS_CORETYPE": "Zen", "OPENBLAS_NUM_THREADS": "2"},
    "skylake, AVX-512 on": {"OPENBLAS_CORETYPE": "SkylakeX", "NPY_DISABLE_CPU_FEATURES": None},
    "as found, AVX-512 off": {
        "OPENBLAS_CORETYPE": None,
        "NPY_DISABLE_CPU_FEATURES": "X86_V4",
        "OPENBLAS_NUM_THREADS": None,
    },
}


def shortened(folder: Path) -> Path:
    """A project in `folder` with every shipped preset, each some ten seconds long."""
    project = make_project(folder)
    (project.presets / "short.toml").unlink()
    shorten_final(project)
    return project.root


EVERY_KIND = ("headphones", "last-breath", "motif", "music-and-effects", "super-8")
"""Presets that together have every kind of layer and effect of the shipped ones, and both listening modes."""


def kinds(project: Project, names: Iterable[str]) -> set[tuple[str, ...]]:
    """The kinds of layer and effect that the presets play, and the listening mode of each."""
    presets = [build_preset(load_document(project, name)) for name in names]
    return {
        *(("layer", layer.kind) for preset in presets for layer in preset.playing().values()),
        *(("effect", effect.kind) for preset in presets for effect in preset.working().values()),
        *(("listening", preset.head.listening) for preset in presets),
    }


@cache
def hashes(folder: Path, setting: str) -> dict[str, str]:
    """The SHA-256 of every master of the presets, by its path."""
    out = folder.parent / setting.replace(" ", "-").replace(",", "")
    done = run(
        folder, "batch", *EVERY_KIND, "--jobs", "1", "--no-cache", "--out", out,
        env=environment(**SETTINGS[setting]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*.wav"))
    }


@pytest.fixture(scope="module")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("same-bytes") / "film"
    folder.mkdir()
    return shortened(folder)


def test_the_presets_have_every_kind_of_the_shipped_ones(project_folder: Path) -> None:
    project = Project(project_folder)
    shipped = [path.stem for path in project.presets.glob("*.toml") if "." not in path.stem]
    assert kinds(project, EVERY_KIND) == kinds(project, shipped)


@pytest.mark.skipif(not has_avx2(), reason="needs an x86-64 processor with AVX2")
@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "haswell"])
def test_every_kind_of_sound_has_one_hash(project_folder: Path, setting: str) -> None:
    expected = hashes(project_folder, "haswell")
    assert len(expected) == len(EVERY_KIND)
    assert hashes(project_folder, setting) == expected
