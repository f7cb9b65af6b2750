"""Write one file completely or not at all: in a staging folder, synced, then renamed over the old file."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, overload

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.staging import Staging, sync_folder
from audio_pipeline.audio_io.write.write_error import DISK_FULL, cannot_write
from audio_pipeline.errors import RenderError

WritingText = Callable[[Path, Literal["w"]], AbstractContextManager[TextIO]]
"""The writer of a text file: alone (`atomic_write`), or as part of a set (`FileSet.part`)."""


@overload
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["w"], patience_s: float = 0.0
) -> AbstractContextManager[TextIO]: ...
@overload
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["wb"], patience_s: float = 0.0
) -> AbstractContextManager[BinaryIO]: ...
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["w", "wb"], patience_s: float = 0.0
) -> AbstractContextManager[Any]:
    """A file to write that is renamed to `path` at the end of the block; text is UTF-8 with `\\n` kept.

    Until then, and if the block raises, `path` is unchanged. A second writer of the same path waits
    `patience_s` for the first, then it is refused; leftovers of a killed writer are removed. The file is
    written in the folder of `staging`. The folder of `path` must exist. Raises RenderError when the file
    cannot be created, or the disk is full.
    """
    return _whole_file(Path(path), mode, patience_s)


@contextmanager
def _whole_file(path: Path, mode: Literal["w", "wb"], patience_s: float) -> Iterator[Any]:
    refuse_other_kinds(path)
    staging = Staging(path)
    staging.claim(patience_s)
    try:
        try:
            staging.remove_parts()
            file = staging.create("0.part", mode)
        except OSError as error:
            raise cannot_write(path, error) from error
        with written(path, file):
            yield file
        try:
            (staging.folder / "0.part").replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise cannot_write(path, error) from error
    finally:
        staging.clear()


@contextmanager
def written(path: Path, file: Any) -> Iterator[None]:
    """Sync and close `file`, later `path`, at the end of the block that writes it.

    Raises RenderError when the disk is full, or the file cannot be synced.
    """
    try:
        try:
            yield
        except OSError as error:
            if error.errno in DISK_FULL:
                raise cannot_write(path, error) from error
            raise
        try:
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # unwritten data after a full disk is no longer needed
            file.close()


def refuse_other_kinds(path: Path) -> None:
    """Raise RenderError for a device, a pipe or a folder, which a rename would destroy."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise RenderError(f"{printable(path)} cannot be written: it is {kind}.", hint="Name a file.")
