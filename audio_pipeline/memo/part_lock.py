"""Whether the process that writes a part of the cache still lives: it holds a lock on the part itself.

The lock ends with its process. Where the system or the disk has no such locks, nobody is known to have gone.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from audio_pipeline.audio_io.regular_file import open_regular

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed anyway
    fcntl = None  # type: ignore[assignment]


def hold(file: BinaryIO) -> None:
    """Mark the open `file` as being written by this process, until it is closed."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_abandoned(path: Path) -> bool:
    """Whether nobody holds the file at `path`. Raises OSError when it cannot be opened."""
    if fcntl is None:
        return False
    with open_regular(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
