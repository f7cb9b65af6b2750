"""Creates a new project: copies the presets and demo stems that ship with the program."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.errors import PresetError
from audio_pipeline.preset.project import STARTER

CHECKOUT = Path(__file__).parent.parent.parent

LIST = Path(__file__).parent / "starter.txt"
"""The names of the starter files, one per line; the build of the package also reads it."""

_RENDERS = "# Renders\n\nWhat `render-ending` makes is written here.\n"


def starter_files() -> dict[str, Path]:
    """The files of a new project: path in the project → source file.

    An installed package contains them; in a checkout they are at the root. Other presets and stems in
    those folders are not copied.
    """
    root = STARTER if STARTER.is_dir() else CHECKOUT
    names = LIST.read_text(encoding="utf-8").splitlines()
    return {name: root / name for name in names if name}


def start_project(folder: Path) -> list[str]:
    """Copy the starter files into `folder` and create `renders/`; returns the written files.

    An incomplete project, e.g. after a killed process, is completed: its existing files are complete.
    On any other early end, the written files are removed. Raises PresetError, before anything is
    written, when another file exists there or the folder cannot be created.
    """
    files, readme = starter_files(), "renders/README.md"
    there = [name for name in files if os.path.lexists(folder / name)]
    begun = not os.path.lexists(folder / readme)  # the readme is written last
    taken = [name for name in there if not (begun and _is_copy(folder / name, files[name]))]
    if taken or not begun:
        raise PresetError(
            f"{folder} already has {taken[0] if taken else readme}; nothing was written",
            hint="Choose another folder: an existing project is never overwritten.",
        )
    written: list[Path] = []
    try:
        for name in (*files, readme):
            content = files[name].read_bytes() if name in files else _RENDERS.encode()
            if name not in there:
                _write(folder / name, content, written)
    except OSError as error:
        _remove(folder, written)
        raise PresetError(
            f"{folder} cannot be created: {error.strerror or error}", hint="Choose another folder."
        ) from error
    except BaseException:
        _remove(folder, written)
        raise
    return list(files)


def _is_copy(path: Path, source: Path) -> bool:
    """Whether `path` is a file with the bytes of `source`."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == source.read_bytes()
    except OSError:
        return False


def _write(path: Path, content: bytes, written: list[Path]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "wb") as file:
        written.append(path)
        file.write(content)


def _remove(folder: Path, written: list[Path]) -> None:
    """Remove the written files, and their folders if they are empty."""
    with suppress(OSError):
        for path in written:
            path.unlink(missing_ok=True)
    for emptied in (folder / "presets", folder / "stems", folder / "renders", folder):
        with suppress(OSError):
            emptied.rmdir()
