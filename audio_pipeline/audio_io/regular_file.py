"""Opening of regular files only: pipes, devices and sockets are refused by type, without opening them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.positioned_read import read_at
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_READ_AGAIN = "Check the disk and the permissions, then try again."

# Windows has no blocking pipes of this type, but translates line ends without O_BINARY
_WITHOUT_WAITING = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


@dataclass(frozen=True)
class RegularFile:
    """An open regular file: display name, path, descriptor, size in bytes, time of last change in ns."""

    name: str
    path: str
    descriptor: int
    size: int
    changed_ns: int

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`, without moving the descriptor's position.

        Raises StemError when the system cannot read them.
        """
        try:
            return read_at(self.descriptor, count, offset) if 0 <= offset < self.size else b""
        except OSError as error:
            raise StemError(
                f"{self.name} cannot be read: {error.strerror}.", hint=_READ_AGAIN
            ) from error

    def refuse_change(self) -> None:
        """Raise StemError when the file has changed since it was opened.

        A removed or replaced file is not an error: the open descriptor still reads all of its bytes.
        """
        now = os.fstat(self.descriptor)
        if (now.st_size, now.st_mtime_ns) != (self.size, self.changed_ns):
            raise StemError(
                f"{self.name} changed while it was read.",
                hint="Wait until it is written, then try again.",
            )

    def sha256_hex(self) -> str:
        """The SHA-256 of the file's bytes, as hex."""
        import hashlib  # and OpenSSL: 2 % of `presets`, which hashes nothing

        digest, offset = hashlib.sha256(), 0
        while block := self.bytes_at(offset, 1 << 18):  # this size fits into the processor's cache
            digest.update(block)
            offset += len(block)
        return digest.hexdigest()


@contextmanager
def regular_file(path: str | os.PathLike[str], wanted: str = "an audio file") -> Iterator[RegularFile]:
    """Open `path` for reading; `wanted` is the kind of file for an error message.

    Raises StemError if it is not a readable, non-empty regular file.
    """
    text, name = os.fspath(path), printable(path)
    descriptor = _open(text, name, wanted)
    try:
        status = os.fstat(descriptor)
        if status.st_size == 0:
            raise StemError(f"{name} is empty.", hint="Copy or export it again.")
        yield RegularFile(name, text, descriptor, status.st_size, status.st_mtime_ns)
    finally:
        os.close(descriptor)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """`path`, open for reading. Raises OSError if it is not a regular file; never waits for a pipe."""

    def without_waiting(name: str, flags: int) -> int:
        return os.open(name, flags | _WITHOUT_WAITING)

    file = open(path, "rb", opener=without_waiting)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a file")
    return file


def sha256_hex(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of the file's bytes, as hex. Raises StemError when the file cannot be read."""
    with regular_file(path) as file:
        return file.sha256_hex()


def _open(text: str, name: str, wanted: str) -> int:
    if not text:
        raise StemError(f"The file name is empty; name {wanted}.", hint="Name a file.")
    try:
        _refuse_other_kinds(name, Path(text).stat().st_mode, wanted)
        # without blocking, because a pipe may have replaced the file since `stat`
        descriptor = os.open(text, os.O_RDONLY | _WITHOUT_WAITING)
    except OSError as error:
        raise _unreachable(text, name, error) from error
    except ValueError as error:
        raise StemError(
            f"{name} is not a valid file name: it holds a null character.", hint="Rename the file."
        ) from error
    try:
        _refuse_other_kinds(name, os.fstat(descriptor).st_mode, wanted)
    except StemError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_other_kinds(name: str, mode: int, wanted: str) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(mode):
            raise StemError(f"{name} is {kind}, not {wanted}.", hint="Name a file.")


def _unreachable(text: str, name: str, error: OSError) -> StemError:
    match error.errno:
        case errno.ENOENT if Path(text).is_symlink():
            target = printable(Path(text).readlink())
            return StemError(
                f"{name} is a link to {target}, which does not exist.", hint="Correct the link."
            )
        case errno.ENOENT | errno.ENOTDIR:
            return StemError(f"{name} does not exist.", hint=_nearest(Path(text)))
        case errno.ELOOP:
            return StemError(f"{name} is a link to itself.", hint="Correct the link.")
        case errno.EACCES | errno.EPERM:
            return StemError(
                f"{name} cannot be read: permission denied.",
                hint="Change its permissions, e.g. with chmod u+r.",
            )
        case errno.ENAMETOOLONG:
            return StemError(f"{name} cannot be read: its name is too long.", hint="Check the name.")
        case _:
            return StemError(f"{name} cannot be read: {error.strerror}.", hint=_READ_AGAIN)


def _nearest(path: Path) -> str:
    try:
        there = sorted(entry.name for entry in os.scandir(path.parent))
    except OSError:
        return f"The folder does not exist: {printable(path.parent)}."
    import difflib  # for a file that is missing

    near = difflib.get_close_matches(path.name, there, n=1)
    return f"Did you mean {printable(near[0])}?" if near else "Check the name and the folder."
