"""Signals that end a process in order: an exception unwinds it, so that nothing half-written stays behind."""

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
"""The signals that end a command in order; Windows knows no SIGHUP."""


class Stopped(BaseException):
    """A signal asked the process to stop; `number` is the signal, `status` what a shell calls it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.raised_at_s = time.monotonic()
        self.status = 128 + number


def stop_behind(error: BaseException) -> Stopped | None:
    """The Stopped that `error` was made of, or None: Python 3.11 wraps one that reaches `__set_name__`, which
    runs while a class is imported, in a RuntimeError."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Stopped):
        cause = cause.__cause__
    return cause


UNWINDS_S = 20.0
"""For so long further signals change nothing; what has not ended by then is interrupted once more."""

_waiting: list[list[int]] = []
_raised: list[weakref.ref[Stopped]] = []


def stop_in_order(*numbers: int) -> None:
    """From here on each of these signals raises Stopped, but for those that are ignored, as nohup leaves
    SIGHUP. While a Stopped unwinds, further signals change nothing."""
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_signals() -> None:
    """From here on only the end is left to reach."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def signals_wait() -> Iterator[None]:
    """While the block runs, a signal waits; so it does in a process that the block starts, until that
    process says `take_signals`. Where signals cannot wait (Windows), nothing."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    _waiting.append([])  # for those that reach another thread of this process
    try:
        yield
    finally:
        came = _waiting.pop()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if came:
            _stop(came[0], None)


def take_signals() -> None:
    """Take the signals that waited since this process was started in `signals_wait`."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _stop(number: int, frame: FrameType | None) -> None:
    if _waiting:
        _waiting[-1].append(number)
        return
    # one that a callback or a destructor has swallowed is gone: the next signal then raises again
    if not any(_unwinds(reference()) for reference in _raised):
        raise _noted(number)


def _unwinds(stop: Stopped | None) -> bool:
    return stop is not None and time.monotonic() - stop.raised_at_s < UNWINDS_S


def _noted(number: int) -> Stopped:
    stop = Stopped(number)
    _raised[:] = [weakref.ref(stop)]
    return stop
