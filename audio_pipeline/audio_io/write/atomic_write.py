"""Write a file whole or not at all: `.part` beside it, synced, then renamed over the old one."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, overload

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.errors import RenderError

_LONGEST_NAME = 255
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TRIES = 100


@overload
def atomic_write(path: str | os.PathLike[str], mode: Literal["w"]) -> AbstractContextManager[TextIO]: ...
@overload
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["wb"]
) -> AbstractContextManager[BinaryIO]: ...
def atomic_write(path: str | os.PathLike[str], mode: Literal["w", "wb"]) -> AbstractContextManager[Any]:
    """A file to write that becomes `path` when the block ends well; text is UTF-8 with `\\n` kept.

    Until then `path` is as it was; when the block raises, it stays so. The file is locked while it
    is written: a second writer of the same path is refused, what a killed one left is taken over.
    The folder must be there. Raises RenderError when the file cannot be made, or the disk is full.
    """
    return _whole_file(Path(path), mode)


@contextmanager
def _whole_file(path: Path, mode: Literal["w", "wb"]) -> Iterator[Any]:
    _refuse_other_kinds(path)
    part = part_of(path)
    descriptor = _claim(path, part)
    text = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    file: Any = os.fdopen(descriptor, mode, **text)  # type: ignore[call-overload]
    try:
        try:
            yield file
        except OSError as error:
            if error.errno in _FULL:
                raise _cannot(path, error) from error
            raise
        _keep(path, part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        with suppress(OSError):  # what a full disk did not take is not wanted any more
            file.close()


def _keep(path: Path, part: Path, file: Any) -> None:
    try:
        file.flush()
        os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot(path, error) from error


def part_of(path: Path) -> Path:
    """Where `path` is written before it is whole."""
    name = f"{path.name}.part"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.part"
    return path.with_name(name)


def _claim(path: Path, part: Path) -> int:
    """An empty, locked `.part`. Who holds the lock of the file of that name may write it."""
    for _ in range(_TRIES):
        try:
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError as error:
            raise _cannot(path, error) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RenderError(
                    f"{printable(path)} cannot be written: {printable(part.name)} is in the way.",
                    hint="Remove it.",
                )
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # whoever held the lock before may have renamed or removed this very file meanwhile
            if _is_still(part, descriptor):
                os.ftruncate(descriptor, 0)
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise RenderError(
                f"{printable(path)} is being written by another process.",
                hint="Wait until it is done, or write to another folder.",
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise RenderError(f"{printable(path)} is being written again and again by other processes.")


def _is_still(part: Path, descriptor: int) -> bool:
    try:
        there = part.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def _refuse_other_kinds(path: Path) -> None:
    """Renaming over a device or a pipe would destroy it."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        raise _cannot(path, error) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise RenderError(f"{printable(path)} cannot be written: it is {kind}.", hint="Name a file.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot(path: Path, error: OSError | ValueError) -> RenderError:
    name = printable(path)
    match error.errno if isinstance(error, OSError) else None:
        case errno.ENOSPC | errno.EDQUOT:
            return RenderError(
                f"{name} could not be written: the disk is full.", hint="Make room, then render again."
            )
        case errno.EFBIG:
            return RenderError(f"{name} could not be written: it is too large for this disk.")
        case errno.ENOENT | errno.ENOTDIR:
            return RenderError(
                f"{name} cannot be written: its folder is not there.",
                hint=f"Make the folder {printable(path.parent)}.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return RenderError(
                f"{name} cannot be written: its folder may not be written to.",
                hint="Choose another folder, or give yourself permission.",
            )
        case errno.ELOOP:
            return RenderError(f"{name} cannot be written: a link is in its way.", hint="Remove it.")
        case errno.ENAMETOOLONG:
            return RenderError(f"{name} cannot be written: its name is too long.")
        case _:
            cause = error.strerror if isinstance(error, OSError) else "its name holds a null character"
            return RenderError(f"{name} cannot be written: {cause}.")
