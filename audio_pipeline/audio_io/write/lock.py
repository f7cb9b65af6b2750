"""A lock on a separate file; it ends with its process."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

# Windows knows neither links to refuse here nor pipes to wait for, but would translate line ends
OPEN_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
"""Of every file that is opened here: no link is followed, no pipe waited for, no byte changed."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
_TRIES = 100


class Lock:
    """An exclusive lock on the file `path`, which is made for it. It ends when its process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._soft: Any = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None or self._soft is not None

    def acquire(self) -> bool:
        """Whether the lock is held now; False while another process, or another Lock, holds it.

        Raises OSError when the file cannot be opened, or is not a file of its own: a link, a pipe, a
        second name of another file.
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
                # who held the lock before may have removed this very file meanwhile
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
        """Give the lock back; `remove` its file, too."""
        if remove and os.name != "nt":  # before somebody else may hold a lock on this file
            with suppress(OSError):
                self.path.unlink()
        self._release_softly()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if remove and os.name == "nt":  # which removes no file that is open, here or elsewhere
            with suppress(OSError):
                self.path.unlink()

    def _acquire_softly(self) -> bool:
        """Where the system or the disk has no locks, a file that says which process is alive."""
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
    """The library, which only commands that lock something import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the system has no locks; see `_acquire_softly`
        import filelock

    return filelock


def refuse_other_kinds(status: os.stat_result) -> None:
    """Raise OSError for what is not a regular file with one name."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise OSError(errno.EEXIST, "another file has this name")


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
