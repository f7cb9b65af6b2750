"""The folders of a project: presets, stems and renders. Paths in presets must be inside the project."""

from __future__ import annotations

import os
from pathlib import Path

from audio_pipeline.errors import PresetError, RenderError, StemError
from audio_pipeline.records import dataclass
from audio_pipeline.suggestions import did_you_mean

STARTER = Path(__file__).parent.parent / "starter"
"""The presets and demo stems of an installed package."""

_LONGEST_PATH = 4096


@dataclass(frozen=True)
class Project:
    """The folder that holds `presets/`; paths in presets are relative to it."""

    root: Path

    @property
    def presets(self) -> Path:
        """The folder of presets."""
        return self.root / "presets"

    @property
    def deliveries(self) -> Path:
        """The folder of the project's own deliveries; it may not exist."""
        return self.root / "deliveries"

    @property
    def renders(self) -> Path:
        """The default folder of renders.

        Raises RenderError when it is a link that leads out of the project.
        """
        folder = self.root / "renders"
        if not self._holds(folder):
            raise RenderError(
                "renders/ is a link that leads out of the project",
                hint="Name the folder yourself: --out renders",
            )
        return folder

    def _holds(self, path: Path) -> bool:
        # a link to itself is inside the project, and cannot be opened
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.root))

    def preset_names(self) -> list[str]:
        """The names of the presets, `final` first. Raises PresetError for an unreadable folder."""
        try:
            files = [path for path in self.presets.iterdir() if path.suffix == ".toml"]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise PresetError(
                f"{self.presets} cannot be read: {error.strerror or error}",
                hint="Check its permissions.",
            ) from error
        names = (path.stem for path in files if "." not in path.stem)
        return sorted(names, key=lambda name: (name != "final", name))

    def has_preset(self, name: str) -> bool:
        """Whether `preset_names` contains the name."""
        try:
            return "." not in name and f"{name}.toml" in os.listdir(self.presets)  # noqa: PTH208 - a tenth of the time
        except FileNotFoundError:
            return False
        except OSError as error:
            raise PresetError(
                f"{self.presets} cannot be read: {error.strerror or error}",
                hint="Check its permissions.",
            ) from error

    def preset_file(self, name: str) -> Path:
        """The file of the preset `name`. Raises PresetError, with the nearest name, for an unknown preset."""
        if not self.has_preset(name):
            names = self.preset_names()
            meant = did_you_mean(name, names, "{} ")
            raise PresetError(
                f"unknown preset {name!r} in {self.presets.name}/",
                hint=f"{meant}There are: {', '.join(names) or 'none'}.",
            )
        file = self.presets / f"{name}.toml"
        if not self._holds(file):
            raise PresetError(
                f"presets/{name}.toml is a link that leads out of the project",
                hint="Copy the preset into the project, or name its file: --preset FILE.toml",
            )
        return file

    def shown(self, path: Path) -> str:
        """`path` as shown in messages: relative to the project if it is inside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)

    def inside(self, path: str, key: str) -> Path:
        """The file at a path in a preset; it must be inside the project.

        Raises StemError for an absolute path, and for `..` or a link that leads out.
        """
        if "\0" in path or not path.strip() or len(path) > _LONGEST_PATH:
            raise StemError(
                f"{key} is not the path of a file: {path[:200]!r}", hint="Name a file in the project."
            )
        target = self.root / path
        if Path(path).is_absolute() or not self._holds(target):
            raise StemError(
                f"{key} names {path!r}, which is outside the project",
                hint="Copy the file into the project, or name it on the command line (--voice-a FILE).",
            )
        return target


def current_project() -> Project:
    """The project that contains the current folder. Raises PresetError if it is not in a project."""
    try:
        return find_project(Path.cwd())
    except FileNotFoundError as error:
        raise PresetError(
            "the current folder was deleted", hint="Change to an existing folder with cd."
        ) from error


def deliveries_here() -> Path | None:
    """The folder of deliveries of the project that contains the current folder; None outside projects."""
    try:
        return current_project().deliveries
    except PresetError:
        return None


def find_project(start: Path) -> Project:
    """The project that contains `start`: the nearest folder upward with `presets/`.

    Raises PresetError, with `init` as the hint, if no folder does.
    """
    for folder in (start, *start.parents):
        if (folder / "presets").is_dir():
            return Project(folder)
    raise PresetError(
        "no project found: neither this folder nor one above it holds presets/",
        hint="Make one with: render-ending init film && cd film",
    )
