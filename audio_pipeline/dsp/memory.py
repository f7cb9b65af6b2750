"""Keeps freed memory for the next array."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Names of glibc's `mallopt(3)`."""

_LARGEST = 32 << 20
"""Bytes up to which memory stays with the process: four times a tile of stereo, and all that glibc allows."""

_KEPT = 1 << 30


def keep_freed_memory() -> None:
    """Ask the C library not to hand every freed array back to the system; elsewhere than glibc nothing.

    By default whatever is larger than some 100 kB is mapped anew and filled with zeros page by page
    whenever it is allocated: that took a fifth of a render. One arena serves all threads, so that what
    one of them frees another one finds.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in (
            (_M_ARENA_MAX, 1),
            (_M_MMAP_THRESHOLD, _LARGEST),
            (_M_TRIM_THRESHOLD, _KEPT),
        ):
            mallopt(option, value)
