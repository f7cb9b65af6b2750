"""Locks on unfinished files of the cache, which show whether their process is still running.

The lock ends with its process. Without support for such locks, no file counts as abandoned.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from audio_pipeline.audio_io.regular_file import open_regular

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed
    fcntl = None  # type: ignore[assignment]


def hold(file: BinaryIO) -> None:
    """Mark the open `file` as being written by this process, until it is closed."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_abandoned(path: Path) -> bool:
    """Whether no process holds the file at `path`. Raises OSError when it cannot be opened."""
    if fcntl is None:
        return False
    with open_regular(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
