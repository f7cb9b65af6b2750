"""Faults at the n-th step that changes the disk: what `FileSet` is tested with."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

from audio_pipeline.audio_io.write.file_set import FileSet

STEPS = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir")
"""The functions of `os` that are counted."""

MARKED = b'"schema": "LoudnessReport.2" '
"""What makes a file one that this program may replace."""


@contextmanager
def failing_at(step: int, fault: type[BaseException] | int) -> Iterator[list[str]]:
    """Within the block something happens at step number `step` (from 0); the list then holds its name.

    OSError is raised in its place (EIO), another exception behind it, and a signal (its number) is sent to
    this process before it.
    """
    count, struck = 0, []

    def counted(name: str):  # type: ignore[no-untyped-def]
        # whether the disk has it makes no difference to a process; waiting for it takes most of the time
        real = getattr(os, name) if name != "fsync" else (lambda descriptor: None)

        def asked(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == step + 1:
                struck.append(name)
                if isinstance(fault, int):
                    os.kill(os.getpid(), fault)
                elif issubclass(fault, OSError):
                    raise OSError(errno.EIO, "Input/output error")
                else:
                    with suppress(OSError):
                        real(*arguments, **options)
                    raise fault(name)
            return real(*arguments, **options)

        return asked

    with mock.patch.multiple(os, **{name: counted(name) for name in STEPS}):
        yield struck


def write_set(folder: Path, contents: Mapping[str, str], drop: str | None = None) -> None:
    """Write the set `mix`; `drop` is the content of an FX stem that it has no more."""
    names = {"wav": "mix.wav", "json": "mix.report.json"}
    with FileSet(folder, "mix") as files:
        for name, content in contents.items():
            path = folder / names.get(name, f"mix.stems/mix_{name}.wav")
            with files.part(path, "wb") as file:
                file.write(MARKED + content.encode())
        if drop is not None:
            sha256 = hashlib.sha256(MARKED + drop.encode()).hexdigest()
            files.remove(folder / "mix.stems" / "mix_FX.wav", sha256)


def every_file(folder: Path) -> dict[str, bytes]:
    """Every file under `folder`, hidden ones and all, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
