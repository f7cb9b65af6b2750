"""No word of a library on the terminal: mpg123, inside libsndfile, complains to the process's stderr."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_changing = threading.Lock()
_inside: list[threading.Thread] = []
_kept: list[int] = []
"""A descriptor of what stderr was before, while it is redirected."""


@contextmanager
def silenced() -> Iterator[None]:
    """What is written to file descriptor 2 meanwhile is lost, whoever writes it: keep it short.

    Threads may be inside at once; the last one that leaves gives stderr back.
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
