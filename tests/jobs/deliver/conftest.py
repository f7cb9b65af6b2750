"""A small mix with its stems, rendered once, and its delivery for a stage."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from audio_pipeline.jobs.deliver.folder import Delivered, Sender, SharedWork
from audio_pipeline.jobs.deliver.folder import deliver as deliver_with
from audio_pipeline.jobs.deliver.listening import CopyShelf
from audio_pipeline.jobs.deliver.material import Material, material_of
from audio_pipeline.jobs.deliver.record import RECORD
from audio_pipeline.jobs.deliver.seal import seal
from audio_pipeline.jobs.render import Order
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.command import tiny_project

SENDER = Sender("2026-11-27", True, {"company": "Example Sound", "email": "mix@example.org"})


_copies = tempfile.TemporaryDirectory(prefix="render-ending-copies-")
_shelf = CopyShelf(Path(_copies.name))


def deliver(material: Material, delivery: str, out: Path, sender: Sender) -> Delivered:
    """One delivery; the copies of a mix are encoded for the first one and shared by the others."""
    return deliver_with(material, delivery, out, sender, SharedWork(_shelf))


def deliver_encoded_again(material: Material, delivery: str, out: Path, sender: Sender) -> Delivered:
    """One delivery, encoded for itself."""
    with tempfile.TemporaryDirectory() as folder:
        return deliver_with(material, delivery, out, sender, SharedWork(CopyShelf(Path(folder))))


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tiny_project(tmp_path_factory.mktemp("film")))


@pytest.fixture(scope="session")
def material(film: Project) -> Material:
    preset = build_preset(load_document(film, "tiny"))
    return material_of(Order(film, preset, film.renders, workers=2), "en")


@pytest.fixture(scope="session")
def staged(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """Delivered for a stage: discrete files, leader and pops."""
    return deliver(material, "theatrical", tmp_path_factory.mktemp("out"), SENDER)


@pytest.fixture(scope="session")
def plain(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """Delivered for broadcast: no leader. To read from only."""
    return deliver(material, "ebu-r128", tmp_path_factory.mktemp("plain"), SENDER)


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """A sealed folder of a few small files."""
    folder = tmp_path / "delivery"
    (folder / "listening").mkdir(parents=True)
    for number, name in enumerate(("mix.wav", "mix.L.wav", "listening/mix.mp3", "letter.txt", RECORD)):
        (folder / name).write_bytes(bytes((number * 37 + k * k) % 256 for k in range(40 + number)))
    seal(folder, folder.name, "2026-11-27", "Film & <friends>", {})
    return folder
