"""A signal unwinds the process once; one that was swallowed on the way does not make it deaf."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest

from audio_pipeline import stopping
from audio_pipeline.stopping import Stopped, signals_wait, stop_behind, stop_in_order, take_signals

NUMBER = getattr(signal, "SIGHUP", signal.SIGTERM)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = signal.getsignal(NUMBER)
    stopping._raised.clear()
    yield
    signal.signal(NUMBER, before)


def _strike() -> None:
    os.kill(os.getpid(), NUMBER)


def test_a_second_signal_does_not_disturb_what_the_first_unwinds() -> None:
    stop_in_order(NUMBER)
    cleared = []

    def struck_twice() -> None:
        try:
            _strike()
        finally:
            _strike()
            cleared.append(True)

    with pytest.raises(Stopped) as stop:
        struck_twice()
    assert cleared
    assert stop.value.status == 128 + NUMBER


def test_what_does_not_unwind_is_interrupted_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_in_order(NUMBER)
    with pytest.raises(Stopped) as first:
        _strike()
    _strike()
    monkeypatch.setattr(stopping, "UNWINDS_S", 0.0)
    with pytest.raises(Stopped) as second:
        _strike()
    assert second.value is not first.value


def test_after_a_signal_that_was_swallowed_the_next_one_stops() -> None:
    gc.disable()
    try:
        stop_in_order(NUMBER)
        for _ in range(2):
            try:
                _strike()
            except Stopped:
                pass
            else:
                pytest.fail("no signal came")
    finally:
        gc.enable()


def test_a_signal_that_is_ignored_from_the_start_stays_ignored() -> None:
    signal.signal(NUMBER, signal.SIG_IGN)
    stop_in_order(NUMBER)
    _strike()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot wait here")
def test_a_signal_waits_until_the_block_has_ended() -> None:
    stop_in_order(NUMBER)
    done = []

    def struck() -> None:
        with signals_wait():
            _strike()
            done.append(True)

    with pytest.raises(Stopped):
        struck()
    assert done
    take_signals()


def test_a_signal_that_python_has_wrapped_is_found_behind_its_error() -> None:
    """As one that comes while a class is imported, whose `__set_name__` Python 3.11 runs."""
    stop_in_order(NUMBER)

    class Named:
        def __set_name__(self, owner: type, name: str) -> None:
            _strike()

    with pytest.raises((Stopped, RuntimeError)) as caught:
        type("Owner", (), {"named": Named()})
    found = stop_behind(caught.value)
    assert found is not None
    assert found.number == NUMBER
    assert stop_behind(RuntimeError("of its own")) is None
