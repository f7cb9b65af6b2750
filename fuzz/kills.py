"""Signals to the process group of every command, at random moments, by hand.

    python fuzz/kills.py 240          # kills, spread over all commands; a second number seeds them
    python fuzz/kills.py 40 1 batch   # of one command

SIGINT, SIGTERM and SIGHUP must end a command in order: one message, no traceback, no part of a file left in
the project, in the cache or in TMPDIR. After a SIGKILL the next command, which is the same one, must leave
nothing. Prints how each command took its signals.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.command import COMMAND, environment, run, tiny_project  # noqa: E402

FADES = ("--vary", "grain.level=-66 dBFS,-63 dBFS,-60 dBFS,-57 dBFS")
COMMANDS: dict[str, tuple[str, ...]] = {
    "render": ("--preset", "tiny", "--stems", "--copy", "mp3", "--plot", "renders/tiny.png"),
    "batch": ("batch", "tiny", *FADES, "--jobs", "2"),
    "batch, one job": ("batch", "tiny", *FADES, "--jobs", "1", "--no-cache"),
    "check": ("check", "renders/tiny.wav", "--delivery", "aes-td1008-music"),
    "compare": ("compare", "renders/tiny.wav", "renders/loud.wav", "--plot", "renders/compare.png"),
    "review": ("review", "renders/tiny.wav", "renders/loud.wav"),
    "init": ("init", "film"),
    "measure": ("measure", "renders/tiny.wav", "renders/loud.wav", "--csv"),
    "inspect": ("inspect", "grain", "--preset", "tiny", "--plot", "renders/inspect.png"),
    "presets": ("presets", "tiny"),
    "cache": ("cache", "--clear"),
    "watch": ("watch", "tiny", "--port", "0"),
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
HANGS_S = 300.0
STARTS_S = 0.15
WATCHED_S = 3.0
"""How long `watch`, which does not end, is left at work at most."""


@dataclass(frozen=True)
class Bench:
    """A project, and the environment of the commands in it: a cache and a TMPDIR of their own."""

    film: Path
    env: dict[str, str]

    def strays(self) -> list[str]:
        """What no ended command may leave: parts, and anything in TMPDIR but the lock of librosa."""
        parts = [str(p.relative_to(self.film)) for p in self.film.rglob("*.part*")]
        temporary = [p.name for p in Path(self.env["TMPDIR"]).iterdir() if p.suffix != ".lock"]
        kept = [p.name for p in Path(self.env["XDG_CACHE_HOME"]).rglob("*.part")]
        return sorted({*parts, *temporary, *kept})


def bench(folder: Path) -> Bench:
    """A project with two renders in it."""
    for name in ("tmp", "cache"):
        (folder / name).mkdir()
    env = environment(TMPDIR=str(folder / "tmp"), XDG_CACHE_HOME=str(folder / "cache"))
    film = tiny_project(folder / "film")
    for name, target in (("tiny", "-27"), ("loud", "-24")):
        words = ("--preset", "tiny", "--name", name, "--set", f"master.dialogue={target} LUFS")
        done = run(film, *words, env=env)
        assert done.returncode == 0, done.stderr
    return Bench(film, env)


def started(place: Bench, command: str) -> subprocess.Popen[str]:
    """The command in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *COMMANDS[command]],
        cwd=place.film,
        env=place.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def cleared(place: Bench, command: str) -> None:
    """Away with what the command makes, so that it works again."""
    if command.startswith("batch"):
        for path in (place.film / "renders").glob("tiny_*"):
            path.unlink()
    if command == "init":
        shutil.rmtree(place.film / "film", ignore_errors=True)


def killed(place: Bench, command: str, number: signal.Signals, after_s: float) -> str:
    """What became of the command that got the signal; raises AssertionError for a broken promise."""
    cleared(place, command)
    process = started(place, command)
    time.sleep(after_s)
    os.killpg(process.pid, number)
    said = process.communicate(timeout=HANGS_S)[1]
    told = f"{command}, {number.name} after {after_s:.2f} s, status {process.returncode}: {said!r}"
    assert "Traceback" not in said, told
    assert "Exception ignored" not in said, told
    assert "internal error" not in said, told
    ended = process.returncode == (0 if command == "watch" and number == signal.SIGINT else 128 + number)
    if number != signal.SIGKILL:
        if command != "watch":  # which ends in order with Ctrl-C
            assert said.count("interrupted") == ended, told
        assert not (left := place.strays()), f"{told}: {left}"
    before_it_began = process.returncode == -number and number != signal.SIGKILL
    return "before it began" if before_it_began else "ended" if ended else f"{process.returncode}"


def finished(place: Bench, command: str) -> None:
    """The next command: the same again, to its end; nothing is left of the killed one."""
    if command == "watch":
        process = started(place, command)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(WATCHED_S / 2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANGS_S)
    else:
        line = [*COMMAND, *COMMANDS[command]]
        done = subprocess.run(
            line,
            cwd=place.film,
            env=place.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=HANGS_S,
        )
        assert done.returncode in (0, 1), (command, done.stderr)
        finished_already = command == "init" and "already has" in done.stderr
        assert "error" not in done.stderr or finished_already, (command, done.stderr)
    assert not (left := place.strays()), (command, left)


def told(outcomes: dict[str, Counter[str]]) -> None:
    """Print how the commands took their signals."""
    for command, ends in outcomes.items():
        print(f"{command}: {sum(ends.values())} kills, 0 strays; {dict(sorted(ends.items()))}")


def main() -> None:
    count = int(sys.argv[1])
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    chosen = sys.argv[3:] or list(COMMANDS)
    outcomes: dict[str, Counter[str]] = {command: Counter() for command in chosen}
    took_s: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        place = bench(Path(name))
        atexit.register(told, outcomes)  # also when a promise is broken
        for n in range(count):
            command, number = chosen[n % len(chosen)], SIGNALS[n // len(chosen) % len(SIGNALS)]
            if command not in took_s:
                began = time.monotonic()
                cleared(place, command)
                finished(place, command)
                took_s[command] = WATCHED_S if command == "watch" else time.monotonic() - began
            # before its first line, a traceback of the interpreter's own start cannot be helped
            moment = max(STARTS_S, rng.uniform(0.05, 0.95) * took_s[command])
            end = killed(place, command, number, moment)
            outcomes[command][f"{number.name} {end}"] += 1
            finished(place, command)


if __name__ == "__main__":
    main()
