"""What each phase of a command takes: processor time of all threads, wall time of the thread that commands.

    python benchmarks/phases.py [--rounds N]

Each round is a process of its own, whose functions are timed from outside; the least of the rounds counts.
A phase is charged with what it does itself, not with what it asks other phases for.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from scene import ROOT
from tables import Table, print_and_keep

HEADING = "### Phases of a minute, ms of processor time"
_START, _OTHER = "start-up", "threads (encoding, waiting)"

_PHASES: dict[str, tuple[str, ...]] = {
    "preset": ("preset.model:build_preset", "preset.document:load_document"),
    "stems and sounds": ("jobs.render:open_session",),
    "tiles: cache": ("memo.store:Cache.get_open", "memo.store:Cache.put"),
    "tiles: sums": ("mixing.console:Console.strip", "mixing.console:Console.bus"),
    "premaster: peaks": ("mastering.first_pass:peak_figures",),
    "premaster: loudness": (
        "metering.part_energies:FirstPartMeter.feed",
        "metering.part_energies:MixMeter.feed",
    ),
    "gains": ("jobs.render:finished_mix",),
    "master": ("mastering.master:_Quantiser.part", "audio_io.write.wave:WaveWriter.write"),
    "measuring: loudness, peaks": ("reporting.measuring:Meter.feed_finite",),
    "measuring: faults": ("reporting.measuring:FaultFinder.feed",),
    "measuring: mono fold": ("reporting.measuring:FoldCheck.feed",),
    "report": (
        "jobs.render_report:report_of_draft",
        "jobs.render_report:to_json",
        "jobs.render_report:facts_of",
    ),
    "page: pictures": ("pages.page:PageAnalyzer.feed", "pages.page:PageAnalyzer.media"),
    "page: listening copy": ("pages.listening_copy:Copy.feed",),
    "page: text": ("jobs.render_page:write_page",),
    "hashes": ("jobs.render_report:_hashes",),
    "files": ("audio_io.write.file_set:FileSet.__enter__", "audio_io.write.file_set:FileSet.__exit__"),
}
"""The functions of each phase, as "module:name" below the package."""

_COMMANDS = {
    "first render": ("--preset", "final", "-q", "--no-cache"),
    "dropout changed": ("--preset", "final", "-q", "--set", "dropout.fade=333ms"),
    "measure 10 min": ("measure", "programme.wav"),
    "presets": ("presets",),
}


class _Clock:
    """Charges the processor time of every thread to the phase that it is in."""

    def __init__(self) -> None:
        self.charged: defaultdict[str, float] = defaultdict(float)
        self._own = threading.local()
        self._lock = threading.Lock()

    def timed(self, phase: str | Callable[..., str], function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            self._turn(phase if isinstance(phase, str) else phase(*arguments))
            try:
                return function(*arguments, **options)
            finally:
                self._turn(None)

        return timed

    def _turn(self, phase: str | None) -> None:
        """Enter a phase, or leave the one that was entered last."""
        now, own = time.thread_time(), self._own
        stack = own.__dict__.setdefault("stack", [])
        since = own.__dict__.setdefault("since", now)
        if stack:
            with self._lock:
                self.charged[stack[-1]] += now - since
        own.since = now
        stack.append(phase) if phase is not None else stack.pop()


def _inside(arguments: list[str]) -> None:
    """Run one command in this process, timed; the figures go to stderr, as JSON."""
    from audio_pipeline.cli import main  # noqa: PLC0415 - its process alone pays for it
    from audio_pipeline.cli.process import prepare  # noqa: PLC0415 - as above

    prepare()
    clock = _Clock()
    if arguments[0] != "presets":
        from audio_pipeline.dsp.memory import keep_freed_memory  # noqa: PLC0415 - as above

        keep_freed_memory()
        import_module("audio_pipeline.cli.render")
        for phase, names in _PHASES.items():
            for name in names:
                _wrap(clock, phase, name)
        _wrap(
            clock, lambda console, name, index: f"tiles: {name}", "mixing.console:Console._source_made"
        )
        _wrap(clock, _effect, "mixing.console:Console._group_made")
    start = time.process_time()
    sys.argv = ["render-ending", *arguments]
    status = main._attempt()
    if status:
        raise SystemExit(status)
    whole = time.process_time()
    named = dict(clock.charged)
    if named:
        named[_START] = start
        named[_OTHER] = whole - sum(named.values())
    print(json.dumps(named | {"all": whole}), file=sys.stderr)


def _effect(console: object, group: Any, passed: int, index: int) -> str:
    return "tiles: sums" if passed == 0 else f"tiles: {group.effects[passed - 1]}"


def _wrap(clock: _Clock, phase: str | Callable[..., str], name: str) -> None:
    module, _, path = name.partition(":")
    owner: Any = import_module(f"audio_pipeline.{module}")
    *above, last = path.split(".")
    for part in above:
        owner = getattr(owner, part)
    setattr(owner, last, clock.timed(phase, getattr(owner, last)))


def table(folder: Path, rounds: int) -> list[str]:
    """Measure and print; returns the lines for the page."""
    for shelf in ("presets", "stems"):
        shutil.copytree(ROOT / shelf, folder / shelf, dirs_exist_ok=True)
    if not (folder / "programme.wav").exists():
        write = "import sys; from meter import dialogue, write; write(sys.argv[1], dialogue, 10)"
        _python(folder, "-c", write, "programme.wav")
    _python(folder, "-m", "audio_pipeline", "--preset", "final", "-q")
    least: dict[str, dict[str, float]] = {what: {} for what in _COMMANDS}
    for _ in range(rounds):
        for what, words in _COMMANDS.items():
            said = _python(folder, str(ROOT / "benchmarks" / "phases.py"), "--inside", *words)
            for phase, seconds in json.loads(said.strip().splitlines()[-1]).items():
                least[what][phase] = min(seconds, least[what].get(phase, seconds))
    known = list(dict.fromkeys(phase for took in least.values() for phase in took))
    known.sort(key=lambda phase: (phase == "all", -max(took.get(phase, 0.0) for took in least.values())))
    rows: Table = [("", *_COMMANDS)]
    for phase in known:
        cells = [f"{1000 * took[phase]:.0f}" if phase in took else "" for took in least.values()]
        if any(float(cell or 0) >= 2 for cell in cells):
            rows.append((phase, *cells))
    return print_and_keep(HEADING, rows)


def _python(folder: Path, *words: str) -> str:
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "benchmarks")))
    own = {
        "PYTHONPATH": paths,
        "PYTHONDONTWRITEBYTECODE": "",
        "RENDER_ENDING_CACHE": str(folder / "kept"),
    }
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env={**os.environ, **own}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-800:])
    return done.stderr


def main() -> None:
    if sys.argv[1:2] == ["--inside"]:
        _inside(sys.argv[2:])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        table(Path(folder), parser.parse_args().rounds)


if __name__ == "__main__":
    main()
