"""Faults at random moments of a render, by hand: signals, files and disks that fill, two renders at once,
stems that change while they are read.

    python fuzz/faults.py 200          # at random moments
    python fuzz/faults.py steps        # SIGINT, SIGTERM, SIGKILL and EIO at every step that changes the disk
    python fuzz/faults.py strace       # SIGKILL and EIO at every fsync and rename, by strace

After each fault the set of files (master, stems, report, page) must be the earlier one or the new one, for
our readers and after the next command; never a mixture. Prints how many faults of each kind there were and
how they ended.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from audio_pipeline.audio_io.write.recovery import finish_pending  # noqa: E402
from tests.cli.every_step import FEWER, NEW, Struck, every_step, read  # noqa: E402
from tests.command import COMMAND, contents, environment, run, tiny_project  # noqa: E402

ORDER = (*COMMAND, "--preset", "tiny", "--stems", "--set", "master.dialogue=-24 LUFS", "--out")

MISSED = "no fault: the render had ended, or had room enough"

SPILL_BYTES = 2_304_000
"""The largest file of the render: three seconds of two channels in float64; with --stems there are four."""


def a_render_s(folder: Path, out: Path) -> float:
    """How long a render takes here and now, from start to end."""
    began = time.monotonic()
    start(folder, out).communicate(timeout=60)
    return time.monotonic() - began


def start(folder: Path, out: Path, **options: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [*ORDER, str(out)]
    env = environment()
    return subprocess.Popen(command, cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True, **options)


def in_words(process: subprocess.Popen[str], errors: str) -> None:
    assert "Traceback" not in errors, errors
    assert "internal error" not in errors, errors
    if process.returncode == 1:
        assert errors.startswith(("error: ", "warning: ")), errors


def signalled(folder: Path, out: Path, rng: random.Random, took_s: float) -> str:
    number = rng.choice([signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP])
    process = start(folder, out)
    time.sleep(rng.uniform(0.2, 0.95) * took_s)
    process.send_signal(number)
    errors = process.communicate(timeout=60)[1]
    if process.returncode == 0:
        return MISSED
    if number != signal.SIGKILL and process.returncode == 128 + number:
        in_words(process, errors)
    return f"{number.name}: {process.returncode}"


def limited(folder: Path, out: Path, rng: random.Random, took_s: float) -> str:
    limit = rng.randrange(0, SPILL_BYTES)
    process = start(
        folder, out, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    in_words(process, process.communicate(timeout=60)[1])
    return f"file size limited: {process.returncode}" if process.returncode else MISSED


def filled(folder: Path, out: Path, rng: random.Random, took_s: float) -> str:
    filler = out / "filler"
    space = os.statvfs(out)
    wanted = space.f_bavail * space.f_frsize - rng.randrange(0, 4 * SPILL_BYTES)
    filler.write_bytes(bytes(max(0, wanted)))
    process = start(folder, out)
    in_words(process, process.communicate(timeout=60)[1])
    filler.unlink()
    return f"disk full: {process.returncode}" if process.returncode else MISSED


def two_at_once(folder: Path, out: Path, rng: random.Random, took_s: float) -> str:
    first = start(folder, out)
    time.sleep(rng.uniform(0.0, 0.4) * took_s)
    second = start(folder, out)
    for process in (first, second):
        in_words(process, process.communicate(timeout=60)[1])
    statuses = sorted((first.returncode, second.returncode))
    return f"two at once: {statuses}" if any(statuses) else MISSED


def stem_changed(folder: Path, out: Path, rng: random.Random, took_s: float) -> str:
    stem = folder / "stems" / rng.choice(["voice_a.flac", "voice_b.flac"])
    good, process = stem.read_bytes(), start(folder, out)
    while process.poll() is None:
        match rng.randrange(3):
            case 0:
                stem.write_bytes(good[: rng.randrange(1, len(good))])
            case 1:
                stem.unlink(missing_ok=True)
            case 2:
                stem.write_bytes(good)
        time.sleep(rng.uniform(0.0, 0.01))
    stem.write_bytes(good)
    in_words(process, process.communicate()[1])
    return f"stem changed: {process.returncode}" if process.returncode else MISSED


def at_every_step() -> None:
    """Print how the sets ended after a fault at every step, for each kind."""
    faults = {n: getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGKILL")} | {"EIO": OSError}
    for kind, fault in faults.items():
        for what, new in (("stems", NEW), ("no stems any more", FEWER)):
            with tempfile.TemporaryDirectory() as name:
                found = list(every_step(Path(name) / "film", fault, new))
            _tell(f"{kind}, {what}", found)


def _tell(title: str, found: list[Struck]) -> None:
    ends = Counter(struck.read for struck in found)
    assert set(ends) <= {"old", "new"}, ends
    assert all(struck.after == struck.read for struck in found)
    torn = sum(struck.at_once == "mixture" for struck in found)
    print(
        f"{title}: {len(found)} steps, {dict(ends)} for readers and the next command; {torn} left to finish"
    )


def by_strace() -> None:
    """SIGKILL and EIO at every fsync and rename that strace counts in the command itself."""
    with tempfile.TemporaryDirectory() as name:
        folder = tiny_project(Path(name) / "film")
        out, kept = folder / "renders", folder / "kept"
        sets = []
        for target in ("-24", "-27"):
            loudness = f"master.dialogue={target} LUFS"
            assert run(folder, "--preset", "tiny", "--stems", "--set", loudness).returncode == 0
            sets.append(contents(out))
        out.rename(kept)
        for fault in ("error=EIO", "signal=SIGKILL"):
            for call in ("fsync", "rename"):
                ends: Counter[str] = Counter()
                for when in range(1, 100):
                    shutil.rmtree(out, ignore_errors=True)
                    shutil.copytree(kept, out)
                    inject = ["strace", "-f", "-qq", "-o", folder / "trace", "-e", f"trace={call}"]
                    inject += ["-e", f"inject={call}:{fault}:when={when}"]
                    process = subprocess.run(
                        [*inject, *ORDER, str(out), "--no-cache"],
                        cwd=folder, env=environment(), capture_output=True, text=True, check=False,
                    )  # fmt: skip
                    injected = "INJECTED" in (folder / "trace").read_text()
                    if process.returncode == 0 and not injected:
                        break
                    ends[read(out, sets[1], sets[0])] += 1
                assert set(ends) <= {"old", "new"}, ends
                print(f"strace, {fault} at every {call}: {dict(ends)}")


def main() -> None:
    if sys.argv[1] in ("steps", "strace"):
        at_every_step() if sys.argv[1] == "steps" else by_strace()
        return
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = tiny_project(Path(name) / "film")
        disk = Path(name) / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk], check=True)
        try:
            good = []
            for target in ("-27", "-24"):  # the earlier render, and what the order may have made of it
                loudness = f"master.dialogue={target} LUFS"
                run(folder, "--preset", "tiny", "--stems", "--set", loudness, "--out", disk)
                good.append(contents(disk))
            left: set[str] = set()
            for n in range(int(sys.argv[1])):
                if n % 20 == 0:
                    took_s = a_render_s(folder, disk)
                fault = rng.choice([signalled, signalled, limited, filled, two_at_once, stem_changed])
                outcomes[fault(folder, disk, rng, took_s)] += 1
                finish_pending(disk)
                now = contents(disk)
                parts = {file for file in now if ".part/" in file}
                assert {f: c for f, c in now.items() if f not in parts} in good, sorted(now)
                # what a kill left: nobody has claimed it
                assert fault is signalled or parts <= left, parts
                left = parts
            same = "master.dialogue=-27 LUFS"
            again = run(folder, "--preset", "tiny", "--stems", "--set", same, "--out", disk)
            assert again.returncode == 0
            assert contents(disk) == good[0]
        finally:
            subprocess.run(["umount", disk], check=True)
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5} {outcome}")


if __name__ == "__main__":
    main()
