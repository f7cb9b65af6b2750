"""The error for a file that cannot be written."""

from __future__ import annotations

import errno
from pathlib import Path

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.errors import RenderError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cannot_write(path: Path, error: OSError | ValueError) -> RenderError:
    """The RenderError for `path`: its name, the cause, and what to do."""
    name = printable(path)
    match error.errno if isinstance(error, OSError) else None:
        case errno.ENOSPC | errno.EDQUOT:
            return RenderError(
                f"{name} could not be written: the disk is full.",
                hint="Free disk space, then render again.",
            )
        case errno.EFBIG:
            return RenderError(
                f"{name} could not be written: it is too large for this disk.",
                hint="Write to another disk with --out DIR.",
            )
        case errno.ENOENT | errno.ENOTDIR:
            return RenderError(
                f"{name} cannot be written: its folder is missing.",
                hint=f"Create the folder {printable(path.parent)}.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return RenderError(
                f"{name} cannot be written: its folder is read-only or the file is in use.",
                hint="Change its permissions, or write to another folder with --out DIR.",
            )
        case errno.ELOOP:
            return RenderError(f"{name} cannot be written: a link has this name.", hint="Remove it.")
        case errno.ENAMETOOLONG:
            return RenderError(
                f"{name} cannot be written: its name is too long.", hint="Use a shorter --name."
            )
        case _:
            cause = error.strerror if isinstance(error, OSError) else "its name holds a null character"
            return RenderError(
                f"{name} cannot be written: {cause}.", hint="Write to another folder with --out DIR."
            )
