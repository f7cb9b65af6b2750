"""Write a folder completely or not at all: in a staging folder next to it, synced, then renamed once.

    with whole_folder(Path("deliveries/film_v1")) as folder:
        (folder / "mix.wav").write_bytes(…)

A process killed before the rename leaves no folder with that name; the next command that writes there removes
its hidden staging folder (see `staging`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, overload

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.atomic_write import written
from audio_pipeline.audio_io.write.staging import TREE, Staging, sync_folder
from audio_pipeline.audio_io.write.write_error import cannot_write
from audio_pipeline.errors import RenderError


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill that is renamed to `path` at the end of the block; removed if the block raises.

    Raises RenderError when `path` exists, another process writes it, or it cannot be created.
    """
    _refuse_existing(path)
    staging = Staging(path)
    staging.claim()
    try:
        tree = staging.folder / TREE
        try:
            staging.remove_parts()
            tree.mkdir()
        except OSError as error:
            raise cannot_write(path, error) from error
        yield tree
        try:
            _sync(tree)
            _refuse_existing(path)
            tree.rename(path)
            sync_folder(path.parent)
        except OSError as error:
            raise cannot_write(path, error) from error
    finally:
        staging.clear()


@overload
@contextmanager
def new_file(path: Path, mode: Literal["w"]) -> Iterator[TextIO]: ...
@overload
@contextmanager
def new_file(path: Path, mode: Literal["wb"]) -> Iterator[BinaryIO]: ...
@contextmanager
def new_file(path: Path, mode: Literal["w", "wb"]) -> Iterator[Any]:
    """A file to write in a folder that is being filled, synced at the end of the block.

    Text is UTF-8 with `\\n` kept. Raises RenderError when the file exists or cannot be written.
    """
    text = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open(f"x{mode[1:]}+" if mode == "wb" else "x", **text)  # type: ignore[call-overload]
    except OSError as error:
        raise cannot_write(path, error) from error
    with written(path, file):
        yield file


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise RenderError(
            f"{printable(path)} already exists; a delivery is never overwritten.",
            hint="Move it away, or write to another folder with --out DIR.",
        )


def _sync(tree: Path) -> None:
    """Sync the folder and its contents to disk."""
    for folder, _, names in os.walk(tree):
        for name in names:
            descriptor = os.open(Path(folder) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(folder))
