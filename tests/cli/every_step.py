"""A render with stems over an earlier one, struck at every step that changes the disk, one step a time.

    python -m tests.cli.every_step FOLDER KIND [stems|fewer]

KIND is SIGINT, SIGTERM, SIGKILL or EIO; "fewer" renders without stems, so that those of the earlier render
are removed. FOLDER becomes a project. Each render, and the command after it,
is a fork of this process, which has rendered once and so has everything imported. Prints one line of JSON
for each step: the step's name, the status, what was said, which set is there at once, and which our readers
and the next command find; "mixture" is neither the old one nor the new one.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

from audio_pipeline.audio_io.write import file_set
from audio_pipeline.cli import main as command_line
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.reporting.render_set import read_set
from tests.audio_io.write.steps import failing_at
from tests.command import contents, tiny_project

SHORTER = ("cues.black=700ms", "cues.silence=800ms", "cues.end=1s", "layers.voice_b.at=150ms")
RENDER = (
    "--preset",
    "tiny",
    "--name",
    "tiny",
    "--quiet",
    *itertools.chain(*(("--set", key) for key in SHORTER)),
)
OLD = (*RENDER, "--stems", "--set", "master.dialogue=-27 LUFS")
NEW = (*RENDER, "--stems", "--set", "master.dialogue=-24 LUFS")
NEXT = (*RENDER, "--from", "100ms", "--to", "200ms")
FEWER = tuple(word for word in NEW if word != "--stems")
NEVER = 1_000_000

Fault = type[BaseException] | int


@dataclass(frozen=True)
class Struck:
    """What a fault at a step led to. `at_once`, `read` and `after` are "old", "new" or "mixture"."""

    step: str
    status: int
    said: str
    at_once: str
    pending: bool
    read: str
    after: str


def run_here(film: Path, arguments: tuple[str, ...]) -> int:
    """Run the command in this process; its status."""
    os.chdir(film)
    sys.argv = ["render-ending", *arguments]
    try:
        command_line.main()
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("the command always exits")


def command(film: Path, arguments: tuple[str, ...], step: int, fault: Fault) -> tuple[int, str, str]:
    """Run the command in a fork: its status (negative: a signal), its stderr, the step that was struck."""
    said, struck_file = film / "stderr", film / "struck"
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            with failing_at(step, fault) as struck:
                status = run_here(film, arguments)
            sys.stderr.flush()
            struck_file.write_text("".join(struck))
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    name = struck_file.read_text() if struck_file.exists() else "killed"
    words = said.read_text()
    for file in (said, struck_file):
        file.unlink(missing_ok=True)
    return status, words, name


def state(renders: Path, old: dict[str, bytes], new: dict[str, bytes]) -> str:
    """Which set is there; excerpts and what is being written do not count."""
    found = {n: c for n, c in contents(renders).items() if n.startswith(("tiny.", "tiny_D"))}
    return "old" if found == old else "new" if found == new else "mixture"


def every_step(film: Path, fault: Fault, new: tuple[str, ...] = NEW) -> Iterator[Struck]:
    """What a fault at every step of the render `new` leads to, until there are no more steps."""
    tiny_project(film)
    with mock.patch.object(file_set, "_committed", []):  # this render is none of the forks' own
        assert run_here(film, NEW) == 0
    renders, kept = film / "renders", film / "kept"
    sets = []
    for arguments in (new, OLD):
        shutil.rmtree(renders, ignore_errors=True)
        if arguments is new and "--stems" not in new:
            assert command(film, OLD, NEVER, fault)[0] == 0
        status, said, _ = command(film, arguments, NEVER, fault)
        assert status == 0, said
        sets.append(contents(renders))
    new_set, old_set = sets
    renders.rename(kept)
    for step in itertools.count():
        shutil.rmtree(renders, ignore_errors=True)
        shutil.copytree(kept, renders)
        status, said, name = command(film, new, step, fault)
        if not name:
            return
        at_once = state(renders, old_set, new_set)
        pending = (renders / ".tiny.part" / "journal").exists()
        look = [lambda: read(renders, old_set, new_set), lambda: after(film, old_set, new_set)]
        first, second = look if step % 2 else look[::-1]  # half of them meet what the fault left
        ends = [first(), second()]
        ends = ends if step % 2 else ends[::-1]
        yield Struck(name, status, said, at_once, pending, *ends)


def read(renders: Path, old: dict[str, bytes], new: dict[str, bytes]) -> str:
    """Which set is there for a reader."""
    try:
        read_set(renders / "tiny.report.json")
    except AudioPipelineError as error:
        return f"refused: {error.message}"
    return state(renders, old, new)


def after(film: Path, old: dict[str, bytes], new: dict[str, bytes]) -> str:
    """Which set is there after the next command, which leaves nothing half written."""
    status, said, _ = command(film, NEXT, NEVER, OSError)
    left = [name for name in contents(film / "renders") if ".part/" in name]
    if status != 0 or left:
        return f"status {status}: {said} {left}"
    return state(film / "renders", old, new)


def main() -> None:
    folder, kind, *which = sys.argv[1:]
    fault: Fault = OSError if kind == "EIO" else getattr(signal, kind)
    for struck in every_step(Path(folder), fault, FEWER if which == ["fewer"] else NEW):
        print(json.dumps(asdict(struck)), flush=True)


if __name__ == "__main__":
    main()
