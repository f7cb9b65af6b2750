"""Suppression of library messages on the terminal: mpg123, in libsndfile, writes to the process's stderr."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_changing = threading.Lock()
_inside: list[threading.Thread] = []
_kept: list[int] = []
"""A descriptor of the original stderr, while it is redirected."""


@contextmanager
def silenced() -> Iterator[None]:
    """Discard all output to file descriptor 2 during the block, from any thread; keep the block short.

    Several threads may use it at once; the last one to leave restores stderr.
    """
    with _changing:
        if not _inside:
            _redirect()
        _inside.append(threading.current_thread())
    try:
        yield
    finally:
        with _changing:
            _inside.pop()
            if not _inside:
                _restore()


def _redirect() -> None:
    try:
        _kept.append(os.dup(_STDERR))
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, _STDERR)
        os.close(nothing)
    except OSError:  # stderr is closed: nothing can be written
        _restore()


def _restore() -> None:
    while _kept:
        before = _kept.pop()
        os.dup2(before, _STDERR)
        os.close(before)
