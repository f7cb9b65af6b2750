"""A lack of memory, threads or file handles is one sentence, and `watch` goes on."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from audio_pipeline.cli.main import cli
from audio_pipeline.jobs import watch as watching
from audio_pipeline.shortage import shortage
from audio_pipeline.stopping import Stopped
from tests.command import COMMAND, environment


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


SHORT = [
    (MemoryError(), "out of memory"),
    (OSError(errno.ENOMEM, "x"), "out of memory"),
    (OSError(errno.EMFILE, "x"), "too many files are open"),
    (OSError(errno.ENFILE, "x"), "too many files are open"),
    (OSError(errno.EAGAIN, "x"), "cannot start more threads"),
    (RuntimeError("can't start new thread"), "cannot start more threads"),
    (ImportError("libopenblas.so: failed to map segment from shared object"), "out of memory"),
    (_caused(ImportError("see below"), ImportError("x: cannot allocate memory")), "out of memory"),
    (_caused(ValueError("x"), MemoryError()), "out of memory"),
]


@pytest.mark.parametrize(("error", "words"), SHORT)
def test_a_shortage_is_told_by_what_led_to_it(error: Exception, words: str) -> None:
    found = shortage(error)
    assert found is not None
    assert words in found.message
    assert found.hint


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.ENOENT, "x"), RuntimeError("x")])
def test_other_errors_are_no_shortage(error: Exception) -> None:
    assert shortage(error) is None
    error.__cause__ = error
    assert shortage(error) is None


@pytest.mark.skipif(os.name != "posix", reason="ulimit is a shell's")
@pytest.mark.parametrize("kilobytes", [220_000, 300_000, 380_000])
def test_with_little_memory_no_fault_of_the_program_is_reported(tiny: Path, kilobytes: int) -> None:
    line = f'ulimit -v {kilobytes}; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *COMMAND, "--preset", "tiny", "--no-cache"],
        cwd=tiny,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode != 0:
        assert "emory" in done.stderr or "threads" in done.stderr


def test_watch_goes_on_when_file_handles_or_memory_run_out(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [
        OSError(errno.EMFILE, "Too many open files"),
        MemoryError(),
        OSError(errno.EIO, "I/O error"),
    ]

    def failing(*_: object) -> str:
        if errors:
            raise errors.pop(0)
        return "<p>done</p>"

    def changes(self: object, *_: object) -> Iterator[None]:
        yield from [None] * 4
        raise Stopped(2)

    monkeypatch.chdir(tiny)
    monkeypatch.setattr(watching, "rendered_page", failing)
    monkeypatch.setattr(watching.Watched, "changes", changes)
    done = CliRunner().invoke(cli, ["watch", "tiny", "--port", "0"])
    assert done.exit_code == 0, done.output
    told = [line for line in done.output.splitlines() if line.startswith(("error", "rendered"))]
    assert told[:3] == [
        "error: too many files are open",
        "error: out of memory",
        "error: cannot render: I/O error",
    ]
    assert told[3].startswith("rendered in")
