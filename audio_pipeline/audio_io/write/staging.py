"""The staging folder, in which files are written until they are complete: hidden, marked, locked.

For `renders/final.wav` it is `renders/.final.wav.part/`, with these entries:

    mark        a sentence that only this program writes: the folder's contents are ours
    lock        held by the process that writes here; a folder whose lock is free is a leftover
    N.part      a file that is being written, N = 0, 1, …
    journal     for a set of files: see `journal`
    tree        a folder that is being filled: see `whole_folder`

A folder of this name without the mark, or with a link, a second name of another file or any other entry, is not
ours: it is refused and not changed. Only empty files and folders need no mark, because a process may be killed
before it writes the mark.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.lock import OPEN_FLAGS, Lock
from audio_pipeline.audio_io.write.write_error import cannot_write
from audio_pipeline.errors import RenderError

SUFFIX = ".part"
TREE = "tree"
MARK = b"render-ending writes files here until they are whole. It removes this folder by itself.\n"


class ClaimedError(RenderError):
    """Another process is writing the same files."""


_NAMES = re.compile(r"mark|lock(\.held.*)?|journal(\.new)?|\d+\.part")
_LONGEST_NAME = 255
_JUNCTION = 0xA0000003
"""Windows' IO_REPARSE_TAG_MOUNT_POINT."""
_TRIES = 100
_INSTANT_S = 0.01


def staging_folder(path: Path) -> Path:
    """The staging folder of `path`."""
    name = f".{path.name}{SUFFIX}"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}{SUFFIX}"
    return path.with_name(name)


class Staging:
    """The staging folder of `path`; claim it before use, and clear it afterwards."""

    def __init__(self, path: Path, folder: Path | None = None) -> None:
        self.path = path
        self.folder = staging_folder(path) if folder is None else folder
        self._lock = Lock(self.folder / "lock")

    def claim(self, patience_s: float = 0.0) -> None:
        """Lock the folder, creating it if needed; wait for another process for `patience_s` at most.

        Leftovers of a killed process stay for now. Raises ClaimedError when another process writes here,
        RenderError when the folder is not ours.
        """
        deadline = time.monotonic() + patience_s
        while not self.try_claim():
            if time.monotonic() < deadline:
                time.sleep(_INSTANT_S)
                continue
            raise ClaimedError(
                f"{printable(self.path)} is being written by another process.",
                hint="Wait until it is done, or write to another folder.",
            )

    def try_claim(self) -> bool:
        """`claim` without waiting; returns False when another process writes here."""
        _in_use.add(self)
        taken = False
        try:
            taken = self._try_claim()
        except Exception:
            _in_use.discard(self)
            raise
        if not taken:
            _in_use.discard(self)
        return taken

    def _try_claim(self) -> bool:
        for _ in range(_TRIES):
            try:
                self._make()
                self._refuse_foreign()
                if not self._lock.acquire():
                    if is_marked(self.folder):
                        return False
                    time.sleep(_INSTANT_S)  # the holder has just started or is about to finish
                    continue
            except FileNotFoundError:  # the previous process has just removed it
                continue
            except (OSError, ValueError) as error:
                raise cannot_write(self.path, error) from error
            try:
                self._refuse_foreign()
                self._write_mark()
            except BaseException as error:
                self._lock.release(remove=False)
                if isinstance(error, OSError):
                    raise cannot_write(self.path, error) from error
                raise
            return True
        return False

    def create(self, name: str, mode: Literal["w", "wb"]) -> Any:
        """A new file in the folder, open for writing; text is UTF-8 with `\\n` kept. Raises OSError."""

        def exclusively(path: str, flags: int) -> int:
            return os.open(path, flags | os.O_EXCL | OPEN_FLAGS, 0o666)

        text = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
        return open(self.folder / name, mode, opener=exclusively, **text)  # type: ignore[call-overload]

    def remove_parts(self) -> None:
        """Remove the parts and keep the claim. Raises OSError."""
        for entry in list(self.folder.iterdir()):
            if entry.name == TREE and is_real_folder(entry.lstat()):
                shutil.rmtree(entry)
            elif _NAMES.fullmatch(entry.name) and entry.name not in ("mark", "lock", "lock.held"):
                entry.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder with our files, and release the claim. Never raises OSError."""
        try:
            with suppress(OSError):
                self.remove_parts()
                (self.folder / "mark").unlink(missing_ok=True)
                self._lock.release(remove=True)
                self.folder.rmdir()
        except BaseException:  # a signal; `clear_in_use` removes the rest later
            self._lock.release(remove=False)
            raise
        self.leave()

    def clear_interrupted(self) -> None:
        """`clear` after a signal that may have come at any moment since the claim began.

        A folder with a complete set stays for the next command.
        """
        with suppress(OSError, RenderError):
            if os.path.lexists(self.folder / "journal"):
                self.leave()
            elif os.path.lexists(self.folder) and (self._lock.is_held or self._try_claim()):
                self.clear()

    def leave(self) -> None:
        """Release the claim and keep all files for the next command."""
        self._lock.release(remove=False)
        _in_use.discard(self)

    def _make(self) -> None:
        try:
            self.folder.mkdir()
        except FileExistsError:
            return
        except FileNotFoundError as error:
            raise cannot_write(self.path, error) from error

    def _refuse_foreign(self) -> None:
        """Raise RenderError unless the folder and all its entries are ours."""
        status = self.folder.lstat()
        if not is_real_folder(status):
            raise self._in_the_way(self.folder)
        marked = needs_mark = False
        for entry in list(self.folder.iterdir()):
            try:
                status = entry.lstat()
            except FileNotFoundError:
                continue
            if entry.name == TREE and is_real_folder(status):
                needs_mark = True
                continue
            kept = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            if not kept or not _NAMES.fullmatch(entry.name):
                raise self._in_the_way(entry)
            if entry.name == "mark" and status.st_size:
                if not _is_mark(entry):
                    raise self._in_the_way(entry)
                marked = True
            elif status.st_size and not entry.name.startswith("lock.held"):
                needs_mark = True
        if needs_mark and not marked:
            raise self._in_the_way(self.folder)

    def _write_mark(self) -> None:
        mark = self.folder / "mark"
        if not mark.exists() or not mark.stat().st_size:
            mark.unlink(missing_ok=True)
            with self.create("mark", "wb") as file:
                file.write(MARK)

    def _in_the_way(self, found: Path) -> RenderError:
        return RenderError(
            f"{printable(self.path)} cannot be written: {printable(found)} already exists"
            " and was not written by this program.",
            hint="Move it away, or write to another folder with --out DIR.",
        )


_in_use: set[Staging] = set()
"""The staging folders of this process that are claimed or being claimed."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_use.clear)  # they are the parent's


def clear_in_use() -> None:
    """Clear the staging folders still in use, after a signal ended the command and all blocks have exited."""
    for staging in list(_in_use):
        staging.clear_interrupted()


def is_real_folder(status: os.stat_result) -> bool:
    """Whether an `lstat` result is of a folder, not of a link or a Windows junction."""
    tag: Any = getattr(status, "st_reparse_tag", None)  # on Windows only
    return stat.S_ISDIR(status.st_mode) and tag != _JUNCTION


def is_marked(folder: Path) -> bool:
    """Whether `folder` is a real folder that carries the mark."""
    try:
        return stat.S_ISDIR(folder.lstat().st_mode) and _is_mark(folder / "mark")
    except (OSError, ValueError):
        return False


def is_left_over(folder: Path) -> bool:
    """Whether `folder` carries the mark, or its process was killed just before writing it."""
    if is_marked(folder):
        return True
    try:
        found = {entry.name: entry.lstat() for entry in folder.iterdir()}
    except OSError:
        return False
    empty = all(stat.S_ISREG(s.st_mode) and not s.st_size for s in found.values())
    return empty and bool(found) and found.keys() <= {"lock", "mark"}


def sync_folder(folder: Path) -> None:
    """Sync the folder's entries to disk; does nothing on systems that cannot open folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_mark(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | OPEN_FLAGS)
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and os.read(descriptor, 200) == MARK
    finally:
        os.close(descriptor)
