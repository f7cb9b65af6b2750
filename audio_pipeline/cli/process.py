"""Set-up and end of the process: standard streams, signals, garbage collection and exit."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from audio_pipeline.dsp.arithmetic import pin
from audio_pipeline.stopping import STOPPING, Stopped, stop_in_order


def prepare() -> None:
    """Pin the arithmetic, replace closed streams, escape characters that they cannot encode, handle signals."""
    if "numpy" not in sys.modules:  # afterwards it has no effect: reports and keys then say "unpinned"
        pin()
    # pydantic's search for plug-ins reads the metadata of every installed package
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # occupies the descriptor, or a later file would get it
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    stop_in_order(*STOPPING)


def clear_in_use() -> None:
    """Remove the unfinished files of a stopped command that a signal kept it from removing."""
    if (staging := sys.modules.get("audio_pipeline.audio_io.write.staging")) is not None:
        staging.clear_in_use()


def after_interruption(stop: Stopped) -> str:
    """Remove the unfinished files of the stopped command; returns a sentence on the state of its files."""
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
    """Exclude the objects that the block creates from garbage collection.

    The modules and the preset that it loads live until the process ends, so a search in them is wasted time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def leave(status: int) -> NoReturn:
    """End the process at once, without the interpreter's clean-up, which takes 3 % of `presets`.

    All files are closed before. If a stream cannot be flushed, the interpreter ends the process as usual.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(status)
    os._exit(status)


def close_output() -> None:
    """Discard further output to stdout, after its reader has ended."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
