"""What parts of the work cost: starting up, rendering again, the meter, the room, noise."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from processes import Cost, ProcessError, Stopwatch, free_mib, median
from scene import ROOT
from tables import Table, print_and_keep, ratio

Command = list[str]

PYTHON = [sys.executable]
RENDER = [sys.executable, "-m", "audio_pipeline"]
LIBEBUR128 = ["loudgain", "-q"]
"""A front end of libebur128 that Debian has; it measures loudness, range and true peak of a file."""


def tables(folder: Path, repeats: int) -> list[str]:
    """Print everything; returns the lines for the page."""
    for shelf in ("presets", "stems"):
        shutil.copytree(ROOT / shelf, folder / shelf)
    return [
        *_compared("### Starting", _starting(), folder, repeats),
        *_compared("### Rendering `final` again", _again(folder), folder, repeats),
        *_compared("### Measuring 10 minutes of dialogue", _metering(folder), folder, repeats),
        *_compared("### The room, one minute", _rooms(), folder, repeats),
        *_compared("### Noise, one minute", _noises(), folder, repeats),
        *_batch(folder),
    ]


def _compared(heading: str, commands: dict[str, Command], folder: Path, repeats: int) -> list[str]:
    """The commands in turns, the first one being what the others are compared with."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    absent: dict[str, str] = {}
    for _ in range(repeats):
        for name, command in commands.items():
            if name in absent:
                continue
            if shutil.which(command[0]) is None:
                absent[name] = f"{command[0]} is not installed"
                continue
            run = Stopwatch(folder, 3 * free_mib() // 4, {"PYTHONPATH": str(ROOT)})
            try:
                said = run(command)
            except ProcessError as failure:
                absent[name] = f"failed: {failure}".replace("\n", " ")
                continue
            # what measures itself, without its start, says so
            own = re.search(r"^took ([\d.e-]+) s$", said, re.M)
            costs[name].append(
                Cost(float(own[1]), run.cost.cpu_s, run.cost.peak_mib) if own else run.cost
            )
    table: Table = [("", "wall s", "÷ the first", "peak MiB")]
    first = next((median(costs[name]).wall_s for name in commands if costs[name]), None)
    for name in commands:
        if name in absent or not costs[name]:
            table.append((name, absent.get(name, "–"), "–", "–"))
            continue
        cost = median(costs[name])
        table.append((name, f"{cost.wall_s:.3f}", ratio(cost.wall_s, first), f"{cost.peak_mib:.0f}"))
    return print_and_keep(heading, table)


def _starting() -> dict[str, Command]:
    return {
        '`python -c "import click"`': [*PYTHON, "-c", "import click"],
        "`render-ending --help`": [*RENDER, "--help"],
        "`render-ending presets`": [*RENDER, "presets"],
        "`render-ending presets final`": [*RENDER, "presets", "final"],
        "`import numpy`": [*PYTHON, "-c", "import numpy"],
        "`import scipy.signal`": [*PYTHON, "-c", "import scipy.signal"],
    }


def _again(folder: Path) -> dict[str, Command]:
    """The cache, where there is one, is filled before; each render but the first changes one number."""
    render = [*RENDER, "--quiet", "--out", str(folder / "renders"), "--preset", "final"]
    cached = "--no-cache" in _help()
    fresh = [*render, "--no-cache"] if cached else render
    note = "" if cached else " (no cache yet)"
    if cached:
        Stopwatch(folder, free_mib(), {"PYTHONPATH": str(ROOT)})(render)
    return {
        "a first render": fresh,
        f"only the dropout changed{note}": [*render, "--set", "dropout.fade=80ms"],
        f"only the ceiling changed{note}": [*render, "--set", "master.ceiling=-3 dBTP"],
        f"only the grain changed{note}": [*render, "--set", "grain.level=-57 dBFS"],
    }


def _help() -> str:
    return Stopwatch(ROOT, free_mib(), {"PYTHONPATH": str(ROOT)})([*RENDER, "--help"])


def _metering(folder: Path) -> dict[str, Command]:
    path = str(folder / "programme.wav")
    Stopwatch(folder, free_mib(), {"PYTHONPATH": str(ROOT)})([*PYTHON, "-c", _PROGRAMME, path])
    return {
        "our meter, with peaks, range and curves": [*PYTHON, "-c", _OUR_METER, path],
        "`ffmpeg -af ebur128=peak=true`": [
            *("ffmpeg", "-nostdin", "-i", path, "-af", "ebur128=peak=true:framelog=verbose"),
            *("-f", "null", "-"),
        ],
        "libebur128 (by `loudgain`)": [*LIBEBUR128, path],
    }


def _rooms() -> dict[str, Command]:
    return {
        "a room of 47 668 taps, ours (mirrored, four ways)": [*PYTHON, "-c", _OUR_ROOM],
        "the same by `scipy.signal.oaconvolve`": [*PYTHON, "-c", _SCIPY_ROOM],
    }


def _noises() -> dict[str, Command]:
    return {
        "two channels of noise, ours (keyed by time)": [*PYTHON, "-c", _OUR_NOISE],
        "the same by `default_rng().random`": [*PYTHON, "-c", _NUMPY_NOISE],
    }


def _batch(folder: Path) -> list[str]:
    """What one more alternate costs: a batch of three less a batch of one, halved."""
    if "batch" not in _help():
        return print_and_keep("### One more alternate", [("", "wall s"), ("no `batch` yet", "–")])
    names = ("final", "hard-cut", "long-wait")
    costs = {}
    for count in (1, len(names)):
        run = Stopwatch(folder, free_mib(), {"PYTHONPATH": str(ROOT)})
        try:
            run([*RENDER, "batch", *names[:count], "--out", str(folder / f"batch-{count}")])
        except ProcessError as failure:
            said = str(failure).replace("\n", " ")
            return print_and_keep("### One more alternate", [("", "wall s"), (f"failed: {said}", "–")])
        costs[count] = run.cost.wall_s
    more = (costs[len(names)] - costs[1]) / (len(names) - 1)
    rows: Table = [("", "wall s"), ("one mix", f"{costs[1]:.2f}"), ("one more", f"{more:.2f}")]
    return print_and_keep("### One more alternate", rows)


_TIMED = """
import time
def shortest(work):
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    print(f"took {min(taken):.5f} s")
"""
_ROOM = f"""
import os
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
{_TIMED}
n, taps = 60 * 48_000, 47_668
rng = np.random.default_rng(1)
x, response = rng.standard_normal((n, 2)), rng.standard_normal((taps, 2))
"""
_OUR_ROOM = f"""{_ROOM}
from audio_pipeline.dsp.mirrored_convolution import MirroredConvolver
from audio_pipeline.effects.space import TILE
room = MirroredConvolver([response], block=TILE // 2)
wide = np.concatenate([np.zeros((taps - 1, 2)), x])
def tiles():
    for start in range(0, n, TILE):
        room([wide[start : start + TILE + taps - 1]])
shortest(tiles)
"""
_SCIPY_ROOM = f"""{_ROOM}
from scipy.signal import oaconvolve
def four_ways():
    own, other = (oaconvolve(x, response[:, [side, side]], axes=0)[:n] for side in (0, 1))
    return own + other[:, ::-1]
shortest(four_ways)
"""
_OUR_NOISE = f"""{_TIMED}
from audio_pipeline.dsp import noise
shortest(lambda: [noise.uniform(1, name, 0, 60 * 48_000) for name in ("left", "right")])
"""
_NUMPY_NOISE = f"""{_TIMED}
import numpy as np
shortest(lambda: np.random.default_rng(1).random((60 * 48_000, 2)))
"""
_PROGRAMME = f"""
import sys
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
from meter import dialogue, write
write(sys.argv[1], dialogue, 10)
"""
_OUR_METER = f"""
import sys
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
from meter import OURS
exec(OURS)
"""
