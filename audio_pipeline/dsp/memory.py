"""Keeps freed memory for the next array."""

from __future__ import annotations

import ctypes
import mmap
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Names of glibc's `mallopt(3)`."""
_MADV_HUGEPAGE = 14

_KEPT = 1 << 30
"""Bytes that stay with the process; also the largest array that comes out of them."""
_HUGE = 256 << 20
"""Bytes that come as pages of two megabytes: what a render of a minute takes."""


def keep_freed_memory() -> None:
    """Ask the C library not to hand every freed array back to the system; elsewhere than glibc nothing.

    By default every block over about 100 kB is mapped at each allocation and zeroed page by page
    at its first use: that took a fifth of a render. One arena serves all threads, so that what
    one of them frees another one finds. Linux is asked for large pages, of which far fewer are filled;
    none is touched before it is used.
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
