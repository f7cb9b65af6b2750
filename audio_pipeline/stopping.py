"""Signals that end a process by an exception, so that unfinished files are removed."""

from __future__ import annotations

import signal
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that end a command by `Stopped`; Windows has no SIGHUP."""


class Stopped(BaseException):
    """A signal asked the process to stop; `number` is the signal, `status` the exit status of a shell."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.raised_at_s = time.monotonic()
        self.status = 128 + number


def stop_behind(error: BaseException) -> Stopped | None:
    """The Stopped that caused `error`, or None.

    Python 3.11 raises RuntimeError from an exception in `__set_name__`, which runs while a class is created.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Stopped):
        cause = cause.__cause__
    return cause


UNWINDS_S = 20.0
"""Seconds after a Stopped during which further signals are ignored; a later signal raises Stopped again."""

_waiting: list[list[int]] = []
_raised: list[weakref.ref[Stopped]] = []


def stop_in_order(*numbers: int) -> None:
    """Let each of these signals raise Stopped from now on.

    Ignored signals stay ignored, e.g. SIGHUP under nohup. While a Stopped unwinds, further signals have no
    effect.
    """
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_signals() -> None:
    """Ignore all signals of `STOPPING` from now on, for a process that is about to end."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Block signals while the block runs, and deliver them after it.

    Signals are also blocked in a process that the block starts, until it calls `take_signals`. No effect on
    Windows, where signals cannot be blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    _waiting.append([])  # for signals that another thread of this process receives
    try:
        yield
    finally:
        came = _waiting.pop()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if came:
            _stop(came[0], None)


def take_signals() -> None:
    """Unblock the signals that were blocked when this process was started in `signals_wait`."""
    _waiting.clear()  # a fork has the parent's list
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _stop(number: int, frame: FrameType | None) -> None:
    if _waiting:
        _waiting[-1].append(number)
        return
    # a Stopped that a callback or a destructor swallowed no longer exists: the next signal raises again
    if not any(_unwinds(reference()) for reference in _raised):
        raise _noted(number)


def _unwinds(stop: Stopped | None) -> bool:
    return stop is not None and time.monotonic() - stop.raised_at_s < UNWINDS_S


def _noted(number: int) -> Stopped:
    stop = Stopped(number)
    _raised[:] = [weakref.ref(stop)]
    return stop
