"""The parts of a cache key: the program, a sound's code and parameters, the listening mode."""

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
"""The folders of the package that no render depends on; all others are part of the key."""

FOLDERS_AFTER_THE_MIX = ("jobs", "mastering", "pages", "reporting")
"""The folders that process a finished mix: no sound, stem or tile depends on them."""

_SUFFIXES = (".py", ".toml", ".json", ".js", ".css", ".npz")


@lru_cache(maxsize=1)
def program_key() -> str:
    """The key of everything that a render's files depend on: the program, NumPy's version, kernel and level."""
    return _key_of_code(FOLDERS_WITHOUT_EFFECT)


@lru_cache(maxsize=1)
def engine_key() -> str:
    """The key of the code and arithmetic that the samples of a sound, a stem or a tile depend on.

    Stylesheets, pages and reports are not part of it.
    """
    return _key_of_code((*FOLDERS_WITHOUT_EFFECT, *FOLDERS_AFTER_THE_MIX))


def _key_of_code(without: Sequence[str]) -> str:
    sources = sources_key(Path(__file__).parent.parent, without)
    return digest(__version__, sources, np.__version__, platform.machine(), str(arithmetic()))


def sources_key(package: Path, without: Sequence[str] = FOLDERS_WITHOUT_EFFECT) -> str:
    """The hash of the program's files in the folder `package`, except the folders `without`."""
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
    """A layer or an effect as JSON: its kind, the key of foreign code, and its values."""
    kind: type[Any] = type(sound)
    return [f"{kind.__module__}.{kind.__qualname__}", foreign_code_key(kind), exact(sound)]


def exact(value: object) -> Any:
    """A parameter as JSON that is different for any two values; a table becomes its fields.

    Raises TypeError for an unsupported type.
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
