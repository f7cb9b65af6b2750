"""What a cache key is made of: the program, a sound's code and parameters, what the listener wears."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.memo.foreign_code import foreign_code_key
from audio_pipeline.memo.store import digest
from audio_pipeline.timeline.moments import Moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.version import __version__

FOLDERS_WITHOUT_EFFECT = ("cli", "starter")
"""The folders of the package that no render depends on. Every other one counts, also a new one."""

FOLDERS_AFTER_THE_MIX = ("jobs", "mastering", "pages", "reporting")
"""The folders that make something of a mix: no sound, stem or tile depends on them."""

_SUFFIXES = (".py", ".toml", ".json", ".js", ".css", ".npz")


@lru_cache(maxsize=1)
def program_key() -> str:
    """What the files of a render owe to the program, the version of NumPy, its kernel and its level."""
    return _key_of_code(FOLDERS_WITHOUT_EFFECT)


@lru_cache(maxsize=1)
def engine_key() -> str:
    """What the samples of a sound, a stem or a tile owe to the program and its arithmetic: stylesheets,
    pages and reports have no part in it."""
    return _key_of_code((*FOLDERS_WITHOUT_EFFECT, *FOLDERS_AFTER_THE_MIX))


def _key_of_code(without: Sequence[str]) -> str:
    sources = sources_key(Path(__file__).parent.parent, without)
    return digest(__version__, sources, np.__version__, platform.machine(), str(arithmetic()))


def sources_key(package: Path, without: Sequence[str] = FOLDERS_WITHOUT_EFFECT) -> str:
    """The hash of the program's files below the folder `package`, but for the folders `without`."""
    root = str(package)
    sources = hashlib.blake2b(digest_size=20)
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(n for n in inner if folder != root or n not in without)
        for name in sorted(names):
            if name.endswith(_SUFFIXES):
                with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - a third of the time
                    source = file.read()
                sources.update(f"{folder.removeprefix(root)}/{name} {len(source)}\n".encode())
                sources.update(source)
    return sources.hexdigest()


def sound_key(sound: object) -> list[Any]:
    """A layer or an effect as JSON: its kind's code, where that is not the program's, and its values."""
    kind: type[Any] = type(sound)
    return [f"{kind.__module__}.{kind.__qualname__}", foreign_code_key(kind), exact(sound)]


def exact(value: object) -> Any:
    """A parameter as JSON that tells any two values apart; a table becomes its fields.

    Raises TypeError for a type that no parameter has.
    """
    if isinstance(value, BaseModel):
        return {name: exact(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Moment):
        return ["moment", value.text, exact(value.choices)]
    if isinstance(value, Mapping):
        return {str(name): exact(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [exact(item) for item in value]
    if isinstance(value, float):
        return ["float", value.hex()]
    if value is None or isinstance(value, str | bool | int):
        return value
    raise TypeError(f"{type(value).__name__} cannot be part of a key")


def ears_key(scene: Scene) -> list[str]:
    """The key of the listening mode of a scene."""
    return [scene.listening, scene.head.key]
