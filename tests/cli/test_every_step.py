"""A render is a set: a fault at any step that changes the disk leaves the old one or the new one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import REPOSITORY, environment

UNCHANGED = "interrupted; existing files are unchanged\n"
COMPLETE = "interrupted; the render is complete\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize(
    ("kind", "stems"),
    [("EIO", "stems"), ("SIGINT", "stems"), ("SIGTERM", "fewer"), ("SIGKILL", "stems")],
)
def test_no_fault_at_any_step_shows_a_mixture_to_a_reader_or_the_next_command(
    tmp_path: Path, kind: str, stems: str
) -> None:
    line = [sys.executable, "-m", "tests.cli.every_step", str(tmp_path / "film"), kind, stems]
    done = subprocess.run(
        line,
        cwd=REPOSITORY,
        env=environment(OPENBLAS_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    faults = [json.loads(row) for row in done.stdout.splitlines()]
    assert len(faults) > 15
    assert {fault["read"] for fault in faults} == {"old", "new"}
    assert all(fault["after"] == fault["read"] for fault in faults)
    for fault in faults:
        says_the_truth(fault, kind)
    # old up to the commit point, new from there on, whatever else fails
    if kind != "EIO":
        ends = [fault["read"] for fault in faults]
        assert ends == sorted(ends, reverse=True)


def says_the_truth(fault: dict[str, object], kind: str) -> None:
    """AssertionError for a status or a message that is not true of what is there at once."""
    if kind == "EIO":
        assert (fault["status"] == 0) == (fault["said"] == "")
        assert fault["status"] in (0, 1)
        assert ("waits in" in str(fault["said"])) == fault["pending"]
        whole = "new" if fault["status"] == 0 else "old"
        assert fault["pending"] or fault["at_once"] == whole
    elif kind == "SIGKILL":
        assert fault["status"] == -signal.SIGKILL
    else:
        assert fault["status"] == 128 + getattr(signal, kind)
        assert fault["said"] == {"old": UNCHANGED, "new": COMPLETE}[str(fault["at_once"])]
        assert not fault["pending"]
