"""A small mix with its stems, rendered once, and its delivery for a stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio_pipeline.jobs.deliver.folder import Delivered, Sender, deliver
from audio_pipeline.jobs.deliver.material import Material, material_of
from audio_pipeline.jobs.deliver.record import RECORD
from audio_pipeline.jobs.deliver.seal import seal
from audio_pipeline.jobs.render import Order
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.command import tiny_project

SENDER = Sender("2026-11-27", True, {"company": "Example Sound", "email": "mix@example.org"})


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


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """A sealed folder of a few small files."""
    folder = tmp_path / "delivery"
    (folder / "listening").mkdir(parents=True)
    for number, name in enumerate(("mix.wav", "mix.L.wav", "listening/mix.mp3", "letter.txt", RECORD)):
        (folder / name).write_bytes(bytes((number * 37 + k * k) % 256 for k in range(40 + number)))
    seal(folder, folder.name, "2026-11-27", "Film & <friends>", {})
    return folder
