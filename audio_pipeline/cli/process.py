"""What surrounds the process: streams that may be closed or know no Unicode, and signals."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import NoReturn

from audio_pipeline.dsp.arithmetic import pin
from audio_pipeline.stopping import STOPPING, Stopped, stop_in_order


def prepare() -> None:
    """Make closed streams lead nowhere, unknown characters an escape, and signals an exception."""
    if "numpy" not in sys.modules:  # it would have no effect: reports and keys then say "unpinned"
        pin()
    _without_plugins_of_pydantic()
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: a file of ours must not take it
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    stop_in_order(*STOPPING)


def _without_plugins_of_pydantic() -> None:
    """To look for them, pydantic reads the metadata of every installed package; even where it is told not
    to, it imports what reads them, with e-mail and ZIP: 6 % of `presets`."""
    if os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__") == "__all__":
        loader = ModuleType("pydantic.plugin._loader")
        vars(loader)["get_plugins"] = tuple  # an unknown name to another version: it imports its own
        sys.modules.setdefault(loader.__name__, loader)


def clear_in_use() -> None:
    """Remove what a stopped command was writing, if a signal kept it from doing so."""
    if (staging := sys.modules.get("audio_pipeline.audio_io.write.staging")) is not None:
        staging.clear_in_use()


def after_interruption(stop: Stopped) -> str:
    """Remove what the stopped command was writing, if a signal kept it from doing so; returns what can truly
    be said of the files."""
    clear_in_use()
    if notes := getattr(stop, "__notes__", ()):
        return "\n".join(notes)
    file_set = sys.modules.get("audio_pipeline.audio_io.write.file_set")
    return (
        "interrupted; existing files are unchanged"
        if file_set is None
        else file_set.after_interruption()
    )


@contextmanager
def loading() -> Iterator[None]:
    """While the block imports modules and builds a preset, all of which stays, nobody looks for garbage
    in it; nor afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def leave(status: int) -> NoReturn:
    """End the process at once: all files are closed by now, and to take every module and object of the
    interpreter apart would take 3 % of `presets`, and less of what takes longer.

    A stream that takes no more is left to the interpreter's own end.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(status)
    os._exit(status)


def close_output() -> None:
    """Nobody takes what we print, or no more of it: what is still waiting goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
