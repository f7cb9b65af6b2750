"""What a matrix of deliveries costs: languages × three deliveries against plain renders and writing.

python benchmarks/deliveries.py [--languages 10] [--turns 3] [--memory 1 5 10]

The languages are made from the demo stems, each moved by a few hundredths of a second and shortened. A turn
is, in changing order: `batch` of the languages; `deliver` of the same for three deliveries of one picture
rate; and the bytes of its folders written and synced once more. Whole processes, each with an empty cache;
CPU time is that of all their children.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from processes import Cost, Stopwatch
from tables import Table, print_and_keep, ratio

ROOT = Path(__file__).parent.parent
DELIVERIES = ("netflix-nearfield", "ebu-r128", "amazon")
_WRITE = """
import os, pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
for path in sorted(source.rglob("*")):
    copy = target / path.relative_to(source)
    if path.is_dir():
        copy.mkdir(parents=True, exist_ok=True)
        continue
    copy.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as read, copy.open("xb") as written:
        while piece := read.read(1 << 20):
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())
"""
_STEMS = """
import pathlib, sys, numpy, soundfile
source, target, count = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
for name in ("voice_a", "voice_b"):
    sound, rate = soundfile.read(source / f"{name}.flac")
    for number in range(count):
        moved = numpy.concatenate([numpy.zeros(480 * number), sound[: len(sound) - 960 * number]])
        soundfile.write(target / f"l{number}_{name}.flac", moved, rate, "PCM_24")
"""


def make_project(folder: Path, languages: int) -> None:
    """A project with the presets that ship and a batch file of that many languages."""
    shutil.copytree(ROOT / "presets", folder / "presets")
    (folder / "stems").mkdir()
    run = Stopwatch(folder, 4096)
    run([sys.executable, "-c", _STEMS, ROOT / "stems", folder / "stems", str(languages)])
    named = "".join(
        f'[stems.l{n}]\nvoice_a = "stems/l{n}_voice_a.flac"\nvoice_b = "stems/l{n}_voice_b.flac"\n'
        for n in range(languages)
    )
    wanted = ", ".join(f'"{name}"' for name in DELIVERIES)
    (folder / "presets" / "many.batch.toml").write_text(
        f'presets = ["final"]\nreference = "l0"\n{named}[deliver]\ndeliveries = [{wanted}]\n'
    )


def cost_of(folder: Path, *arguments: str | Path) -> Cost:
    """What one command costs, into an empty cache."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    shutil.rmtree(folder / "renders", ignore_errors=True)
    run = Stopwatch(
        folder,
        16384,
        {"PYTHONPATH": str(ROOT), "RENDER_ENDING_CACHE": str(folder / "cache")},
    )
    run([sys.executable, "-m", "audio_pipeline", *arguments])
    return run.cost


def write_again(folder: Path) -> Cost:
    """What it costs to write and sync the bytes of all delivered folders."""
    shutil.rmtree(folder / "copy", ignore_errors=True)
    run = Stopwatch(folder, 16384)
    run([sys.executable, "-c", _WRITE, folder / "delivered", folder / "copy"])
    return run.cost


def turn(folder: Path, *, first: bool) -> tuple[Cost, Cost, Cost]:
    """The costs of the renders, of writing, and of the deliveries."""
    shutil.rmtree(folder / "delivered", ignore_errors=True)
    if first:
        rendered = cost_of(folder, "batch", "many", "-q")
        delivered = cost_of(folder, "deliver", "many", "-q")
        return rendered, write_again(folder), delivered
    delivered = cost_of(folder, "deliver", "many", "-q")
    written = write_again(folder)
    return cost_of(folder, "batch", "many", "-q"), written, delivered


def compare(languages: int, turns: int) -> Table:
    """Medians and ratios of interleaved turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, languages)
        costs = [turn(folder, first=bool(n % 2)) for n in range(turns)]
        size = sum(path.stat().st_size for path in (folder / "delivered").rglob("*") if path.is_file())
    rows: Table = [("", "wall s", "CPU s", "peak MiB")]
    names = (
        f"{languages} renders (batch)",
        f"the same {size / 1e6:.0f} MB written",
        f"{languages} × {len(DELIVERIES)} deliveries",
    )
    for what, column in zip(names, zip(*costs, strict=True), strict=True):
        figures = [
            statistics.median(getattr(c, f) for c in column) for f in ("wall_s", "cpu_s", "peak_mib")
        ]
        rows.append((what, *(f"{figure:.1f}" for figure in figures)))
    for figure in ("wall_s", "cpu_s"):
        ratios = [
            getattr(made, figure) / (getattr(rendered, figure) + getattr(written, figure))
            for rendered, written, made in costs
        ]
        rows.append(
            (
                f"deliveries ÷ (renders + writing), {figure[:-2]}",
                ratio(statistics.median(ratios), 1.0),
                "",
                "",
            )
        )
    return rows


def memory(counts: list[int]) -> Table:
    """The peak of one process for that many languages."""
    rows: Table = [("languages", "peak MiB of a process")]
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_project(folder, count)
            rows.append((str(count), f"{cost_of(folder, 'deliver', 'many', '-q').peak_mib:.0f}"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--languages", type=int, default=10)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", default=[1, 5, 10])
    asked = parser.parse_args()
    began = time.strftime("%H:%M")
    print_and_keep(f"Load {os.getloadavg()[0]:.1f} at {began}", compare(asked.languages, asked.turns))
    if asked.memory:
        print_and_keep("Memory", memory(asked.memory))


if __name__ == "__main__":
    main()
