"""Whole processes, timed: nothing that a user waits for is left out."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class ProcessError(Exception):
    """A process that did not end well; its last words are the message."""


@dataclass(frozen=True)
class Cost:
    """What work took: seconds by the clock, seconds of processors, and the most memory held, MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float

    def __add__(self, other: Cost) -> Cost:
        """One after the other."""
        return Cost(
            self.wall_s + other.wall_s, self.cpu_s + other.cpu_s, max(self.peak_mib, other.peak_mib)
        )


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure by itself."""
    return Cost(*(statistics.median(column) for column in zip(*map(_figures, costs), strict=True)))


def _figures(cost: Cost) -> tuple[float, float, float]:
    return cost.wall_s, cost.cpu_s, cost.peak_mib


class Stopwatch:
    """Runs one process after the other and adds up what they cost.

    This process must stay small: Linux counts a child's memory from its parent's size when it was
    born. So nothing here imports NumPy. `most_mib` bounds the address space of every process, so that
    one greedy peer takes nobody else's memory.
    """

    def __init__(
        self, folder: Path, most_mib: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self.cost = Cost(0.0, 0.0, 0.0)
        self._folder = folder
        self._most = most_mib << 20
        self._environment = {**os.environ, **(environment or {})}

    def __call__(self, command: Sequence[str | Path]) -> str:
        """What the process wrote to both its outputs. Raises ProcessError when it ends with an error."""
        with tempfile.TemporaryFile(mode="w+", errors="replace") as words:
            begin = time.perf_counter()
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                cwd=self._folder,
                env=self._environment,
            )
            resource.prlimit(process.pid, resource.RLIMIT_AS, (self._most, self._most))
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            words.seek(0)
            said = words.read()
        if process.returncode:
            raise ProcessError(f"{command[0]}: {said.strip()[-800:] or f'status {process.returncode}'}")
        self.cost += Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return said


def free_mib() -> int:
    """How much memory can be had now, MiB."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    raise OSError("this system does not say how much memory is free")
