"""A new project: the presets and demo stems that ship with the program, copied out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.project import STARTER

CHECKOUT = Path(__file__).parent.parent.parent

LIST = Path(__file__).parent / "starter.txt"
"""The names of the starter files, one a line; the build of the package reads it, too."""

_RENDERS = "# Renders\n\nWhat `render-ending` makes is written here.\n"


def starter_files() -> dict[str, Path]:
    """What a new project begins with: path in the project → the file that it is copied from.

    An installed package carries them; a checkout has them at its root, where presets and stems of whoever
    works there may stand beside them: those are not copied.
    """
    root = STARTER if STARTER.is_dir() else CHECKOUT
    names = LIST.read_text(encoding="utf-8").splitlines()
    return {name: root / name for name in names if name}


def start_project(folder: Path) -> list[str]:
    """Copy the starter files into `folder` and give it `renders/`; returns what was written.

    Raises PresetError, before anything is written, when a file is there already or the folder
    cannot be made.
    """
    files, readme = starter_files(), "renders/README.md"
    taken = [name for name in (*files, readme) if os.path.lexists(folder / name)]
    if taken:
        raise PresetError(
            f"{folder} already has {taken[0]}; nothing was written",
            hint="Choose another folder: an existing project is never overwritten.",
        )
    try:
        for name, source in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (folder / "renders").mkdir(exist_ok=True)
        (folder / readme).write_text(_RENDERS, encoding="utf-8")
    except OSError as error:
        raise PresetError(f"{folder} cannot be made a project: {error.strerror or error}") from error
    return list(files)
