"""What the ending costs, here and with other tools: the same mix, in turns, as whole processes.

    python benchmarks/run.py [--lengths 60,600,3600] [--repeats N] [--only NAME,…] [--no-parts] [--write]

The tables go to stdout; `--write` puts them into docs/costs.md, between its markers.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import parts
import phases
import promises
from processes import Cost, ProcessError, Stopwatch, free_mib, median
from scene import ROOT, load
from tables import Table, print_and_keep, ratio

PEERS = ("ours", "ours_alike", "ffmpeg", "csound", "sox", "plain_python")
REPEATS = {60: 5, 600: 2}
"""How often a mix of that length is made, if nothing else is asked for; longer ones once."""

PAGE = ROOT / "docs" / "costs.md"
MARKERS = ("<!-- measured -->", "<!-- end of measured -->")


@dataclass
class Entry:
    """One tool in one table: what it cost each time, and what is wrong with what it made."""

    peer: ModuleType
    costs: list[Cost] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    why_not: str | None = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check, print."""
    asked = _arguments(arguments)
    peers = [importlib.import_module(f"peers.{name}") for name in PEERS if name in asked.only]
    lines = [f"{machine()}", ""]
    mixes: dict[int, dict[str, Cost]] = {}
    of_parts: dict[str, Cost] = {}
    for length_s in asked.lengths:
        repeats = asked.repeats or REPEATS.get(length_s, 1)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            entries = _mixes(length_s, repeats, peers, Path(folder))
        turns = f"{repeats} {'turn' if repeats == 1 else 'turns, medians'}"
        lines += print_and_keep(f"### {length_s} s of film ({turns})", _rows(entries))
        mixes[length_s] = {e.peer.NAME: median(e.costs) for e in entries if e.costs and not e.wrong}
    if asked.parts:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            part_lines, of_parts = parts.tables(Path(folder), asked.repeats or 5)
        lines += part_lines
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            lines += phases.table(Path(folder), asked.repeats or 5)
    complete = frozenset(peer.NAME for peer in peers if peer.COMPLETE)
    lines += print_and_keep("### Promised and reached", promises.table(mixes, complete, of_parts))
    if asked.write:
        write_page(lines)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)

    def lengths(text: str) -> list[int]:
        return [int(word) for word in text.split(",")]

    parser.add_argument(
        "--lengths", type=lengths, default=[60, 600, 3600], help="seconds, whole minutes"
    )
    parser.add_argument("--repeats", type=int, help="how often everything is made")
    parser.add_argument("--only", type=lambda text: text.split(","), default=PEERS, help=" ".join(PEERS))
    parser.add_argument("--no-parts", dest="parts", action="store_false", help="the mixes alone")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.only) - set(PEERS):
        parser.error(f"there is no peer {', '.join(sorted(unknown))}; there are: {', '.join(PEERS)}")
    return asked


def _mixes(length_s: int, repeats: int, peers: list[ModuleType], folder: Path) -> list[Entry]:
    """Every peer's mix of that length, in turns."""
    _python(folder, "scene.py", str(length_s), str(folder))
    entries = [Entry(peer) for peer in peers]
    for turn in range(repeats):
        for entry in entries:
            if entry.why_not is None:
                _make(entry, folder, last=turn == repeats - 1)
            print(f"{length_s} s, {turn + 1}/{repeats}: {entry.peer.NAME}", file=sys.stderr)
    return entries


def _make(entry: Entry, folder: Path, *, last: bool) -> None:
    """One mix by one tool; the last one is looked at, too, and none is kept."""
    peer = entry.peer
    if missing := [program for program in peer.NEEDS if shutil.which(program) is None]:
        entry.why_not = f"{', '.join(missing)} is not installed"
        return
    run = Stopwatch(folder, 3 * free_mib() // 4, ENVIRONMENT)
    out = folder / f"{peer.__name__.split('.')[-1]}.wav"
    try:
        peer.render(load(folder), folder, run)
    except ProcessError as failure:
        greedy = re.search(r"MemoryError|Unable to allocate|Cannot allocate", str(failure))
        entry.why_not = "more memory than there is" if greedy else f"failed: {failure}"
        return
    entry.costs.append(run.cost)
    if last:
        said = _python(folder, "equality.py", str(folder), str(out))
        entry.wrong = json.loads(said)[str(out)]
    out.unlink()


ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}


def _python(folder: Path, script: str, *words: str) -> str:
    """A script of this folder, as a process of its own, so that this one stays small."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *words]
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def _rows(entries: list[Entry]) -> Table:
    ours = next((median(e.costs) for e in entries if e.costs and not e.peer.LACKS), None)
    heads = ("wall s", "CPU s", "peak MiB", "wall ÷ ours", "CPU ÷ ours", "memory ÷ ours")
    table: Table = [("", *heads, "does not have")]
    for entry in entries:
        if not entry.costs or entry.why_not is not None:
            table.append((entry.peer.NAME, *("–" for _ in heads), entry.why_not or ""))
            continue
        cost = median(entry.costs)
        lacks = [*entry.peer.LACKS, *(f"**not equal: {word}**" for word in entry.wrong)]
        table.append(
            (
                entry.peer.NAME,
                f"{cost.wall_s:.2f}",
                f"{cost.cpu_s:.2f}",
                f"{cost.peak_mib:.0f}",
                ratio(cost.wall_s, ours.wall_s if ours else None),
                ratio(cost.cpu_s, ours.cpu_s if ours else None),
                ratio(cost.peak_mib, ours.peak_mib if ours else None),
                ", ".join(lacks),
            )
        )
    return table


def machine() -> str:
    """What it ran on, in a paragraph that names nobody's machine."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version}" for name, version in _packages().items()]
    for command in (["ffmpeg", "-version"], ["csound", "--version"], ["sox", "--version"]):
        if shutil.which(command[0]) is not None:
            said = subprocess.run(command, capture_output=True, text=True, check=False)
            found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
            versions.append(f"{command[0]} {found[0] if found else '?'}")
    return (
        f"Measured on {os.cpu_count()} cores ({_processor()}), {memory_gib:.0f} GiB, "
        f"{platform.system()}; {', '.join(versions)}. Load when it began: {os.getloadavg()[0]:.1f}."
    )


def _packages() -> dict[str, str]:
    found = {}
    for name in ("numpy", "scipy", "soundfile", "pyloudnorm"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return found[1].strip() if found else platform.machine()


def write_page(lines: list[str]) -> None:
    """Replace the page's figures by what was measured."""
    before, rest = PAGE.read_text().split(MARKERS[0])
    after = rest.split(MARKERS[1])[1]
    measured = "\n".join(lines).strip()
    PAGE.write_text(f"{before}{MARKERS[0]}\n\n{measured}\n\n{MARKERS[1]}{after}")


if __name__ == "__main__":
    main()
