"""Reads at an offset without changing the file's position, on every system."""

from __future__ import annotations

import os
import threading

_moving = threading.Lock()
"""Held on systems without `pread` (Windows) while a file's position is moved and restored."""


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """Up to `count` bytes from `offset`; thread-safe. Raises OSError."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    with _moving:
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, count)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)


def read_into_at(descriptor: int, target: memoryview, offset: int) -> int:
    """Fill `target` with the bytes from `offset`; returns the number of bytes read. Raises OSError."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [target], offset)
    whole, done = target.cast("B"), 0
    while done < len(whole) and (data := read_at(descriptor, len(whole) - done, offset + done)):
        whole[done : done + len(data)] = data
        done += len(data)
    return done
