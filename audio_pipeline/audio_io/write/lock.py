"""A lock on a separate file, released at the latest when its process ends."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

# Windows has no O_NOFOLLOW and no O_NONBLOCK, but translates line ends without O_BINARY
OPEN_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
"""Flags for opening every file: do not follow links, do not wait for pipes, do not translate bytes."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
_TRIES = 100


class Lock:
    """An exclusive lock on the file `path`, which is created for it; the end of the process releases it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._soft: Any = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None or self._soft is not None

    def acquire(self) -> bool:
        """Try to take the lock; returns False while another process, or another Lock, holds it.

        Raises OSError when the file cannot be opened, or is a link, a pipe or a second name of another file.
        """
        lock_descriptor = _filelock().lock_descriptor
        for _ in range(_TRIES):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | OPEN_FLAGS, 0o666)
            try:
                refuse_other_kinds(os.fstat(descriptor))
                try:
                    taken = bool(lock_descriptor(descriptor, blocking=False))
                except OSError as error:
                    if error.errno not in _NO_LOCKS:
                        raise
                    taken = self._acquire_softly()
                # the previous holder may have removed this file in the meantime
                if taken and not _is_still(self.path, descriptor):
                    self._release_softly()
                    continue
                if taken:
                    self._descriptor, descriptor = descriptor, -1
                return taken
            finally:
                if descriptor >= 0:
                    os.close(descriptor)
        return False

    def release(self, *, remove: bool) -> None:
        """Release the lock; with `remove`, remove its file, too."""
        if remove and os.name != "nt":  # before another process can lock this file
            with suppress(OSError):
                self.path.unlink()
        self._release_softly()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if remove and os.name == "nt":  # Windows cannot remove an open file
            with suppress(OSError):
                self.path.unlink()

    def _acquire_softly(self) -> bool:
        """Take a file-based lock, for systems and disks without locks; returns False if it is held."""
        library = _filelock()
        self._soft = library.SoftFileLock(f"{self.path}.held", timeout=0)
        try:
            self._soft.acquire()
        except library.Timeout:
            self._soft = None
            return False
        return True

    def _release_softly(self) -> None:
        if self._soft is not None:
            self._soft.release()
            self._soft = None


def _filelock() -> ModuleType:
    """The module filelock, imported only by commands that take a lock."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on systems without locks; see `_acquire_softly`
        import filelock

    return filelock


def refuse_other_kinds(status: os.stat_result) -> None:
    """Raise OSError unless the file is a regular file with one name."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise OSError(errno.EEXIST, "another file has this name")


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
