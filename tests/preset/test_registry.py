"""The registry: found by itself, one kind a name, and a refusal that names both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import audio_pipeline.effects
import audio_pipeline.layers
import audio_pipeline.preset
from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.room import Room
from audio_pipeline.preset.registry import EFFECTS, LAYERS, Registry


def _files(package: ModuleType) -> list[Path]:
    return sorted(Path(package.__path__[0]).rglob("*.py"))


def _kinds_written_in(package: ModuleType) -> Iterator[str]:
    """The defaults of `kind` in the source of the package's classes."""
    for file in _files(package):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "kind" and node.value:
                yield ast.literal_eval(node.value)


def test_every_kind_that_is_written_is_found() -> None:
    assert list(LAYERS) == sorted(_kinds_written_in(audio_pipeline.layers))
    assert list(EFFECTS) == sorted(_kinds_written_in(audio_pipeline.effects))
    assert len(LAYERS) + len(EFFECTS) == len({**LAYERS, **EFFECTS})
    assert not any(cls.__module__.startswith("tests") for cls in LAYERS.values())


def test_the_preset_knows_sounds_by_the_registry_alone() -> None:
    for file in _files(audio_pipeline.preset):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                path = node.module.split(".")[1:]
                assert path[:1] not in (["layers"], ["effects"]) or path[1:] == ["base"], file


def test_a_kind_from_elsewhere_is_added_once_and_takes_no_name_that_is_taken() -> None:
    registry = Registry("layers", "audio_pipeline.layers", Layer)

    class Rain(Layer):
        kind: str = "rain"

    class OtherRoom(Layer):
        kind: str = "room"

    class Unnamed(Layer):
        pass

    for _ in range(2):
        registry.add(Rain)
    assert registry["rain"] is Rain
    assert registry["room"] is Room
    with pytest.raises(ValueError, match="OtherRoom and Room both are the kind 'room'"):
        registry.add(OtherRoom)
    with pytest.raises(ValueError, match="Unnamed has no default for its kind"):
        registry.add(Unnamed)
    assert set(registry) == {*LAYERS, "rain"}
    early = Registry("layers", "audio_pipeline.layers", Layer)
    early.add(OtherRoom)  # before the package has been searched
    with pytest.raises(ValueError, match=r"Room and .*OtherRoom both"):
        list(early)
