"""A set of files that are replaced together: before the commit point all are old, after it all are new.

    with FileSet(Path("renders"), "final") as files:
        with files.part(Path("renders/final.wav"), "wb") as file:
            ...
        with files.part(Path("renders/final.report.json"), "w") as file:
            ...

The parts are written to the staging folder (see `staging`) and synced. At the end of the block a synced journal
(see `journal`) is the commit point; then the parts are renamed. A process killed before the commit point leaves
the old set; a process killed after it leaves a set that the next command finishes (see `recovery`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, TextIO, overload

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.atomic_write import refuse_other_kinds, written
from audio_pipeline.audio_io.write.journal import Journal, Move, Removal, belongs
from audio_pipeline.audio_io.write.recovery import (
    JOURNAL,
    LostPartsError,
    UnfinishedSetError,
    refuse_targets,
    roll_forward,
    settle,
)
from audio_pipeline.audio_io.write.staging import Staging, staging_folder, sync_folder
from audio_pipeline.audio_io.write.write_error import cannot_write
from audio_pipeline.errors import RenderError

_committed: list[Path] = []
"""The journals written by this process, in order."""


class FileSet:
    """The files of the mix `name` in `folder`: `name.*`, and WAV files in `name.stems/`.

    The set is claimed at the start: a second writer is refused. An interrupted earlier set is finished first.
    Raises RenderError when the set cannot be written; existing files are then unchanged.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        shown = folder / f"{name}.wav"
        self._staging = Staging(shown, staging_folder(folder / name))
        self._parts: dict[Path, tuple[str, bool]] = {}
        self._hashes: dict[Path, str] = {}
        self._removed: list[Removal] = []

    def __enter__(self) -> FileSet:
        self._staging.claim()
        try:
            try:
                settle(self._staging)
            except LostPartsError:  # the new set replaces its remaining files
                self._staging.remove_parts()
        except BaseException:
            self._staging.leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None or not self._parts:
            self._staging.clear()
            return
        self._commit()
        self._staging.clear()

    @overload
    def part(self, path: Path, mode: Literal["w"]) -> AbstractContextManager[TextIO]: ...
    @overload
    def part(self, path: Path, mode: Literal["wb"]) -> AbstractContextManager[BinaryIO]: ...
    def part(self, path: Path, mode: Literal["w", "wb"]) -> AbstractContextManager[Any]:
        """A file to write that is renamed to `path` with the set; text is UTF-8 with `\\n` kept.

        It is synced and closed at the end of its own block. Raises RenderError as `atomic_write` does, and
        ValueError for a path that does not belong to this mix.
        """
        return self._part(path, mode)

    def sha256_hex(self, path: Path) -> str:
        """The SHA-256 of the part for `path`. Raises ValueError while the part is being written."""
        if path not in self._hashes:
            name, finished = self._parts[path]
            if not finished:
                raise ValueError(f"{path} is still being written")
            with (self._staging.folder / name).open("rb") as file:
                self._hashes[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[path]

    def remove(self, path: Path, sha256: str) -> None:
        """Remove `path`, a file of the earlier set, at the commit if its SHA-256 is still `sha256`.

        Raises ValueError for a path that does not belong to this mix.
        """
        self._removed.append(Removal(self._relative(path), sha256))

    @contextmanager
    def _part(self, path: Path, mode: Literal["w", "wb"]) -> Iterator[Any]:
        self._relative(path)
        if path in self._parts:
            raise ValueError(f"{path} is written twice")
        refuse_other_kinds(path)
        name = f"{len(self._parts)}.part"
        self._parts[path] = (name, False)
        try:
            file = self._staging.create(name, mode)
        except OSError as error:
            raise cannot_write(path, error) from error
        with written(path, file):
            yield file
        self._parts[path] = (name, True)

    def _relative(self, path: Path) -> str:
        relative = path.relative_to(self._folder).as_posix()
        if not belongs(self._name, relative):
            raise ValueError(f"{relative} is not a file of the mix {self._name}")
        return relative

    def _commit(self) -> None:
        journal = self._journal()
        try:
            self._publish(journal)
            roll_forward(self._staging, journal)
        except (RenderError, OSError) as error:
            if not self._is_published():
                self._staging.clear()
                raise
            self._staging.leave()
            if isinstance(error, UnfinishedSetError):
                raise
            raise UnfinishedSetError(
                f"{error} The render is complete and waits in {printable(self._staging.folder)}.",
                hint=f"The next command that reads or writes {printable(self._folder)} puts it in place.",
            ) from error
        except BaseException:  # a signal
            if not self._is_published():
                self._staging.clear()
                raise
            try:
                with suppress(RenderError):
                    roll_forward(self._staging, journal)
            finally:
                self._staging.clear_interrupted()
            raise

    def _journal(self) -> Journal:
        moves = []
        for path, (part, _) in self._parts.items():
            size = (self._staging.folder / part).stat().st_size
            moves.append(Move(part, self._relative(path), size, self.sha256_hex(path)))
        return Journal(self._name, tuple(moves), tuple(self._removed))

    def _publish(self, journal: Journal) -> None:
        """Write the journal, the commit point. Raises RenderError without publishing."""
        refuse_targets(self._staging, journal)
        folder, at = self._staging.folder, self._staging.path
        try:
            sync_folder(folder)
            sync_folder(self._folder)
            with self._staging.create(f"{JOURNAL}.new", "wb") as file:
                file.write(journal.encoded())
                file.flush()
                os.fsync(file.fileno())
            (folder / f"{JOURNAL}.new").replace(folder / JOURNAL)
            _committed.append(folder / JOURNAL)
            try:
                sync_folder(folder)
            except OSError:
                # the journal may not survive a power cut; no file is renamed yet
                _committed.remove(folder / JOURNAL)
                (folder / JOURNAL).unlink()
                raise
        except OSError as error:
            raise cannot_write(at, error) from error

    def _is_published(self) -> bool:
        journal = self._staging.folder / JOURNAL
        if os.path.lexists(journal) and journal not in _committed:
            _committed.append(journal)  # the signal came before it was recorded
        return os.path.lexists(journal)


def after_interruption() -> str:
    """The message of an interrupted command about the state of its files."""
    if not _committed:
        return "interrupted; existing files are unchanged"
    if any(os.path.lexists(journal) for journal in _committed):
        return "interrupted; the render is complete, and the next command puts its files in place"
    return "interrupted; the render is complete"
