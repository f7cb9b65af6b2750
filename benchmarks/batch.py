"""What a batch costs: sixteen dropouts against sixteen single renders, one core against two.

python benchmarks/batch.py [--mixes 16]

Whole processes, in a project of their own; CPU time is that of all their children.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER (Linux): the server that a batch forks its processes from outlives the command by
a moment, and its CPU time counts only when somebody waits for it."""

FADES = [f"{50 + 50 * n}ms" for n in range(64)]


def timed(project: Path, *arguments: str) -> tuple[float, float]:
    """(wall, CPU) in seconds of one command in `project`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "audio_pipeline", *arguments],
        cwd=project,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RENDER_ENDING_CACHE": str(project / "cache")},
    )
    wall = time.perf_counter() - started
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def forget(project: Path) -> None:
    """Remove what is kept and what was rendered."""
    for name in ("cache", "renders"):
        shutil.rmtree(project / name, ignore_errors=True)


def row(what: str, measured: tuple[float, float], against: tuple[float, float] | None) -> None:
    ratios = (
        ""
        if against is None
        else "".join(f"{m / a:9.2f}" for m, a in zip(measured, against, strict=True))
    )
    print(f"{what:<52}{measured[0]:8.1f}{measured[1]:8.1f}{ratios}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mixes", type=int, default=16)
    count = parser.parse_args().mixes
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name in ("presets", "stems"):
            shutil.copytree(ROOT / name, project / name)
        print(f"{'':<52}{'wall s':>8}{'CPU s':>8}{'wall':>9}{'CPU':>9}")
        singles = [
            timed(project, "--preset", "final", "--set", f"dropout.fade={fade}", "--no-cache", "-q")
            for fade in FADES[:count]
        ]
        single = (sum(s[0] for s in singles), sum(s[1] for s in singles))
        row(f"{count} single renders, no cache", single, None)
        forget(project)
        vary = ("--vary", f"dropout.fade={','.join(FADES[:count])}")
        row(f"one batch of {count} dropouts", timed(project, "batch", "final", *vary), single)
        row("the same again, nothing changed", timed(project, "batch", "final", *vary), single)

        print()
        first = timed(project, "--preset", "final", "--no-cache", "-q")
        forget(project)
        row("a first render, no cache", first, None)
        row("a first render, filling the cache", timed(project, "--preset", "final", "-q"), first)
        for change in ("dropout.fade=333ms", "master.dialogue=-24 LUFS", "grain.level=-63 dBFS"):
            row(f"then with {change}", timed(project, "--preset", "final", "-q", "--set", change), first)

        print()
        seeds = ("--vary", "seed=" + ",".join(map(str, range(2, 8))), "--no-cache")
        one = timed(project, "batch", "final", *seeds, "--jobs", "1")
        forget(project)
        row("6 unlike mixes, no cache, --jobs 1", one, None)
        row(
            "6 unlike mixes, no cache, --jobs 2",
            timed(project, "batch", "final", *seeds, "--jobs", "2"),
            one,
        )


if __name__ == "__main__":
    main()
