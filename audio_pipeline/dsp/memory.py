"""Reuse of freed memory for the next array."""

from __future__ import annotations

import ctypes
import mmap
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Parameters of glibc's `mallopt(3)`."""
_MADV_HUGEPAGE = 14

_KEPT = 1 << 30
"""Bytes that stay allocated to the process; also the largest array that can reuse them."""
_HUGE = 256 << 20
"""Bytes allocated as pages of 2 MB: the memory of a one-minute render."""


def keep_freed_memory() -> None:
    """Configure glibc to keep freed arrays for reuse; does nothing with other C libraries.

    By default every block over about 100 kB is mapped at each allocation and zeroed page by page at its
    first use, which took a fifth of a render. One arena serves all threads, so that a thread can reuse memory
    freed by another. Large pages are requested from Linux, because far fewer of them must be zeroed; no page
    is touched before its use.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        return
    for option, value in (
        (_M_ARENA_MAX, 1),
        (_M_MMAP_THRESHOLD, _KEPT),
        (_M_TRIM_THRESHOLD, _KEPT),
    ):
        libc.mallopt(option, value)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    if (block := libc.malloc(_HUGE)) is not None:
        page = block + -block % mmap.PAGESIZE
        libc.madvise(page, _HUGE - mmap.PAGESIZE, _MADV_HUGEPAGE)
        libc.free(block)
