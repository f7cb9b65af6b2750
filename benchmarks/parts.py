"""What parts of the work cost: starting up, rendering again, batches, watch, the meter, the room, noise."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from processes import Cost, ProcessError, Stopwatch, free_mib, median
from promises import (
    AGAIN,
    CLICK,
    EBUR128,
    FIRST,
    HELP,
    LANGUAGES,
    MEASURE,
    MIXES,
    ONE_CORE,
    ONE_JOB,
    PRESETS,
    READING,
    TWO_JOBS,
    WATCH,
)
from scene import ROOT
from tables import Table, print_and_keep, ratio

Command = list[str]

CACHE = "cache"

PYTHON = [sys.executable]
RENDER = [sys.executable, "-m", "audio_pipeline"]
LIBEBUR128 = ["loudgain", "-q"]
"""A front end of libebur128 that Debian has; it measures loudness, range and true peak of a file."""


def tables(folder: Path, repeats: int) -> tuple[list[str], dict[str, Cost]]:
    """Print everything; returns the lines for the page, and the medians by their names."""
    for shelf in ("presets", "stems"):
        shutil.copytree(ROOT / shelf, folder / shelf)
    tables_ = {
        "### Starting": _starting(),
        "### Rendering `final` again": _again(folder),
        "### Measuring 10 minutes of dialogue": _metering(folder),
        "### The room, one minute": _rooms(),
        "### Noise, one minute": _noises(),
        "### One more alternate of the same length": _batches(folder),
        "### One more language on one bed": _languages(folder),
        "### Six unlike mixes, no cache": _unlike(folder),
        "### Watch": {WATCH: [*PYTHON, str(ROOT / "benchmarks" / "watch.py")]},
    }
    lines, medians = [], {}
    for heading, commands in tables_.items():
        table, costs = _compared(commands, folder, repeats)
        lines += print_and_keep(heading, table)
        medians |= costs
    return lines, medians


def _compared(commands: dict[str, Command], folder: Path, repeats: int) -> tuple[Table, dict[str, Cost]]:
    """The commands in turns, the first one being what the others are compared with.

    In every turn the cache begins empty: it holds what the commands before have kept.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    absent: dict[str, str] = {}
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "",  # or every start would be measured with a compilation
        "RENDER_ENDING_CACHE": str(folder / CACHE),
    }
    for _ in range(repeats):
        shutil.rmtree(folder / CACHE, ignore_errors=True)
        for name, command in commands.items():
            if name in absent:
                continue
            if shutil.which(command[0]) is None:
                absent[name] = f"{command[0]} is not installed"
                continue
            run = Stopwatch(folder, 3 * free_mib() // 4, environment)
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
    medians = {name: median(taken) for name, taken in costs.items() if taken and name not in absent}
    first = next((cost.wall_s for cost in medians.values()), None)
    for name in commands:
        if (cost := medians.get(name)) is None:
            table.append((name, absent.get(name, "–"), "–", "–"))
            continue
        table.append((name, f"{cost.wall_s:.3f}", ratio(cost.wall_s, first), f"{cost.peak_mib:.0f}"))
    return table, medians


def _starting() -> dict[str, Command]:
    return {
        CLICK: [*PYTHON, "-c", "import click"],
        HELP: [*RENDER, "--help"],
        PRESETS: [*RENDER, "presets"],
        "`render-ending presets final`": [*RENDER, "presets", "final"],
        "`import numpy`": [*PYTHON, "-c", "import numpy"],
        "`import scipy.signal`": [*PYTHON, "-c", "import scipy.signal"],
    }


def _again(folder: Path) -> dict[str, Command]:
    """Each render but the first changes one number, and finds what the ones before it have kept."""
    render = [*RENDER, "--quiet", "--out", str(folder / "renders"), "--preset", "final"]
    changes = (
        "dropout.fade=80ms",
        "master.ceiling=-3 dBTP",
        "master.dialogue=-26 LUFS",
        "grain.level=-57 dBFS",
        "cues.breath=4.5s",
        "cues.dropout=black + 11s",
    )
    again = {name: [*render, "--set", change] for name, change in zip(AGAIN, changes, strict=True)}
    return {FIRST: render, **again, "with no cache": [*render, "--no-cache"]}


def _metering(folder: Path) -> dict[str, Command]:
    path = str(folder / "programme.wav")
    Stopwatch(folder, free_mib(), {"PYTHONPATH": str(ROOT)})([*PYTHON, "-c", _PROGRAMME, path])
    return {
        READING: [*PYTHON, "-c", _READING, path],
        "our meter, with peaks, range and curves": [*PYTHON, "-c", _OUR_METER, path],
        MEASURE: [*RENDER, "measure", path],
        EBUR128: [
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


def _batches(folder: Path) -> dict[str, Command]:
    """Each batch begins with a cache of its own that is empty."""

    def batch(*names: str) -> Command:
        own = folder / CACHE / str(len(names))
        cached = ["env", f"RENDER_ENDING_CACHE={own / 'cache'}"]
        return [*cached, *RENDER, "batch", *names, "--out", str(own / "renders")]

    names = ("final", "hard-cut", "last-breath", "film-runs-out")
    return {mixes: batch(*names[: n + 1]) for n, mixes in enumerate(MIXES)}


def _languages(folder: Path) -> dict[str, Command]:
    """One bed with one, two and three languages; the others are the first one's voices, exchanged or softer."""
    commands: dict[str, Command] = {}
    for n, mixes in enumerate(LANGUAGES):
        said = [_SPOKEN.format(name=name, a=a, b=b) for name, a, b in _VOICES[: n + 1]]
        file = folder / "presets" / f"languages-{n}.batch.toml"
        file.write_text("\n".join(['presets = ["final"]', 'reference = "en"', *said]))
        own = folder / CACHE / f"languages-{n}"
        cached = ["env", f"RENDER_ENDING_CACHE={own / 'cache'}"]
        commands[mixes] = [*cached, *RENDER, "batch", str(file), "--out", str(own / "renders")]
    for name in "ab":
        copy = folder / "stems" / f"softer_{name}.wav"
        ffmpeg = ["ffmpeg", "-nostdin", "-y", "-i", str(folder / "stems" / f"voice_{name}.flac")]
        subprocess.run([*ffmpeg, "-af", "volume=-3dB", str(copy)], check=True, capture_output=True)
    return commands


def _unlike(folder: Path) -> dict[str, Command]:
    """Six seeds: no mix finds anything of another. One job uses a little of a second core, too."""
    seeds = ("--vary", "seed=" + ",".join(map(str, range(2, 8))))
    batch = [*RENDER, "batch", "final", *seeds, "--no-cache"]

    def jobs(n: int) -> Command:
        return [*batch, "--jobs", str(n), "--out", str(folder / CACHE / f"jobs-{n}")]

    return {ONE_CORE: ["taskset", "-c", "0", *jobs(1)], ONE_JOB: jobs(1), TWO_JOBS: jobs(2)}


_VOICES = (
    ("en", "stems/voice_a.flac", "stems/voice_b.flac"),
    ("fr", "stems/softer_a.wav", "stems/softer_b.wav"),
    ("de", "stems/voice_b.flac", "stems/voice_a.flac"),
)
_SPOKEN = """
[stems.{name}]
voice_a = "{a}"
voice_b = "{b}"
"""


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
_READING = """
import sys
from audio_pipeline.audio_io.read.audio_file import blocks
for _ in blocks(sys.argv[1], 262_144):
    pass
"""
_OUR_METER = f"""
import sys
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
from meter import OURS
exec(OURS)
"""
