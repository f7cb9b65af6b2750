"""The files of a render: their names, and the check for files that must not be overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.errors import RenderError
from audio_pipeline.mastering.stems import STEMS
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.report_names import SUFFIX

PAGE_SUFFIX = ".report.html"


@dataclass(frozen=True)
class RenderFiles:
    """The paths of a render. `stems` is empty, and `report` and `page` are None, where they are not written."""

    master: Path
    stems: dict[str, Path]
    report: Path | None
    page: Path | None

    def all(self) -> tuple[Path, ...]:
        """Every file of the set."""
        beside = (path for path in (self.report, self.page) if path is not None)
        return (self.master, *self.stems.values(), *beside)

    @property
    def name(self) -> str:
        """The name of the mix, with which the names of all its files begin."""
        return self.master.stem

    @property
    def stems_folder(self) -> Path:
        """The folder of the stems, next to the master."""
        return self.master.with_name(f"{self.master.stem}.stems")


def possible_stems(master: Path) -> dict[str, Path]:
    """The possible paths of the stems of a master, by stem."""
    folder = master.with_name(f"{master.stem}.stems")
    return {stem: folder / f"{master.stem}_{stem}.wav" for stem in STEMS}


def files_of_render(folder: Path, name: str, *, stems: bool, report: bool, page: bool) -> RenderFiles:
    """The files of the render `name` in `folder`."""
    master = folder / f"{name}.wav"
    return RenderFiles(
        master,
        possible_stems(master) if stems else {},
        folder / f"{name}{SUFFIX}" if report else None,
        folder / f"{name}{PAGE_SUFFIX}" if page else None,
    )


def with_stem_names(files: RenderFiles, names: Mapping[str, str]) -> RenderFiles:
    """The files with the stems renamed, in the same folder, as `names` gives by stem."""
    stems = {
        stem: path.with_name(f"{names[stem]}.wav") if stem in names else path
        for stem, path in files.stems.items()
    }
    return replace(files, stems=stems)


class FileIdentities:
    """The identity of the file at each path; each is read once, for many renders of the same sources."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, int] | None] = {}

    def of(self, path: Path) -> tuple[int, int] | None:
        """The device and inode number of the file at `path`; None without a file."""
        if path not in self._known:
            self._known[path] = _identity(path)
        return self._known[path]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def refuse_to_replace(
    files: RenderFiles, sources: Iterable[Path], identities: FileIdentities | None = None
) -> None:
    """Raise RenderError when a render would overwrite one of its `sources` or a file of another program.

    `identities` caches the identities of the sources for many renders.
    """
    if files.stems and files.stems_folder.is_symlink():
        raise RenderError(
            f"{files.stems_folder} is a link; stems are not written through it", hint="Remove it."
        )
    identity_of = (identities or FileIdentities()).of
    there = {identity_of(source) for source in sources} - {None}
    for path in files.all():
        if _identity(path) in there:
            raise RenderError(
                f"{path} is a stem of this mix; it is not overwritten",
                hint="Write to another folder with --out DIR.",
            )
        refuse_to_overwrite(path)


@contextmanager
def folder_for(folder: Path) -> Iterator[None]:
    """Create a folder and its parents; when the block raises, remove the created ones unless they hold a file.

    Raises RenderError when it cannot be created.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(
            f"{folder} cannot be created: {error.strerror or error}",
            hint="Write to another folder with --out DIR.",
        ) from error
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for made in missing:
                made.rmdir()
        raise
