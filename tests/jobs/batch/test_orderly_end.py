"""Batches end in order: signals to the whole process group, and two batches on one folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.file_set import FileSet
from audio_pipeline.audio_io.write.staging import ClaimedError, clear_in_use
from audio_pipeline.jobs.batch import worker_pool
from audio_pipeline.jobs.batch.mix_task import ClaimedOutcome, Task, render_one
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.project import Project
from audio_pipeline.stopping import Stopped, signals_wait, stop_in_order, take_signals
from tests.command import environment

FADES = "dropout.fade=80ms,250ms,400ms,500ms"
GROUP = hasattr(os, "killpg")
STARTING, AT_WORK = 0.0, 0.3
ONCE, AGAIN = 1, 3

STRUCK = """
if __name__ == "__main__":
    import os, signal, sys
    from audio_pipeline.cli import batch_progress

    share, number, times = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    struck = []

    def on_progress(self, mix, now):
        if now >= share and not struck:
            struck.append(mix)
            for _ in range(times):
                os.killpg(0, number)

    batch_progress.Lines.on_progress = on_progress
    del sys.argv[1:4]
    from audio_pipeline.cli.main import run
    run()
"""
"""The command, which sends its process group a signal when a mix has come to a share."""


def _started(project: Project, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Python, in a process group of its own, with a cache and a TMPDIR of its own."""
    for name in ("tmp", "cache"):
        (folder / name).mkdir(exist_ok=True)
    places = {"TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=GROUP,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **places},
    )


def _strays(project: Project, folder: Path) -> list[str]:
    parts = [*project.renders.glob("*.part"), *project.renders.glob(".*.part")]
    kept = (folder / "cache").rglob("*.part")
    temporary = (p for p in (folder / "tmp").iterdir() if p.suffix != ".lock")
    return sorted(p.name for p in [*parts, *kept, *temporary])


@pytest.mark.skipif(not GROUP, reason="this system has no process groups")
@pytest.mark.parametrize(
    ("name", "share", "times"),
    [  # every pair of a signal, a share and a number of times
        ("SIGINT", STARTING, ONCE),
        ("SIGINT", AT_WORK, AGAIN),
        ("SIGTERM", STARTING, AGAIN),
        ("SIGTERM", AT_WORK, ONCE),
        ("SIGHUP", STARTING, ONCE),
        ("SIGHUP", AT_WORK, AGAIN),
    ],
)
def test_a_signal_to_the_group_ends_a_batch_with_one_message_and_leaves_nothing(
    tiny: Project, tmp_path: Path, name: str, share: float, times: int
) -> None:
    number = getattr(signal, name)
    script = tmp_path / "struck.py"  # as a file, which workers import, too
    script.write_text(STRUCK)
    batch = ("batch", "tiny", "--vary", FADES, "--jobs", "2")
    process = _started(tiny, tmp_path, str(script), str(share), str(int(number)), str(times), *batch)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number, said
    assert said == "interrupted; mixes that were rendered are complete, the others are unchanged\n"
    assert _strays(tiny, tmp_path) == []


@pytest.mark.skipif(not GROUP, reason="this system has no process groups")
def test_a_batch_with_two_jobs_leaves_nothing_in_the_temporary_folder_however_it_ends(
    tiny: Project, tmp_path: Path
) -> None:
    script = tmp_path / "struck.py"
    script.write_text(STRUCK)
    batch = ("batch", "tiny", "--vary", FADES, "--jobs", "2")
    killed = _started(tiny, tmp_path, str(script), "0.3", str(int(signal.SIGKILL)), "1", *batch)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert not [p for p in (tmp_path / "tmp").iterdir() if p.suffix != ".lock"]
    again = _started(tiny, tmp_path, "-m", "audio_pipeline", *batch)
    assert again.communicate(timeout=60)[1] == ""
    assert again.returncode == 0
    assert _strays(tiny, tmp_path) == []


def _mixes(project: Project) -> list[Mix]:
    axes = parse_vary([FADES])
    matrices = [m.varying(axes) for m in matrices_of(project, ("tiny",), False)]
    return plan(project, matrices, project.renders)


def test_a_mix_that_another_process_renders_comes_last(tiny: Project) -> None:
    mixes = _mixes(tiny)
    tiny.renders.mkdir(exist_ok=True)
    outcomes = run(mixes, tiny.renders, BatchOptions())
    with FileSet(tiny.renders, mixes[0].name):
        assert [next(outcomes).name for _ in range(3)] == [mix.name for mix in mixes[1:]]
    last = list(outcomes)
    assert [(o.name, o.status) for o in last] == [(mixes[0].name, "rendered")]


def test_what_another_batch_made_meanwhile_is_kept(tiny: Project, tmp_path: Path) -> None:
    mixes, cache = _mixes(tiny)[:2], Cache(tmp_path / "c")
    first, second = (run(mixes, tiny.renders, BatchOptions(cache=cache)) for _ in range(2))
    assert next(first).status == "rendered"
    assert next(second).status == "unchanged"
    ours = {path: path.stat().st_mtime_ns for path in tiny.renders.glob(f"{mixes[0].name}*")}
    assert [o.status for o in second] == ["rendered"]
    assert [o.status for o in first] == ["unchanged"]
    assert {path: path.stat().st_mtime_ns for path in ours} == ours


def test_two_batches_at_once_share_the_work_and_both_succeed(tiny: Project, tmp_path: Path) -> None:
    line = ("-m", "audio_pipeline", "batch", "tiny", "--vary", FADES, "--jobs", "1", "--json")
    both = [_started(tiny, tmp_path, *line) for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert [errors for _, errors in ends] == ["", ""]
    assert _strays(tiny, tmp_path) == []
    assert len(list(tiny.renders.glob("*.wav"))) == 4


def test_a_claimed_mix_is_told_from_a_failed_one(tiny: Project) -> None:
    mix = _mixes(tiny)[0]
    tiny.renders.mkdir(exist_ok=True)
    with FileSet(tiny.renders, mix.name):
        outcome = render_one(Task(mix, None))
    assert isinstance(outcome, ClaimedOutcome)
    assert "is being written by another process" in str(outcome.error)


def test_a_second_writer_of_an_overview_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    with atomic_write(path, "w"), pytest.raises(ClaimedError), atomic_write(path, "w"):
        pass
    with atomic_write(path, "w") as first:
        first.write("first")
        waiting = atomic_write(path, "w", 1e-3)
        with pytest.raises(ClaimedError):
            waiting.__enter__()
    with atomic_write(path, "w", 30.0) as second:
        second.write("second")
    assert path.read_text() == "second"


_WORKER_WITH_A_CLAIM = """
import multiprocessing, os, pathlib, signal, sys
from audio_pipeline.audio_io.write.staging import Staging
from audio_pipeline.jobs.batch import worker_pool

def render(task, on_progress):
    Staging(pathlib.Path(sys.argv[1])).claim()  # and nobody clears it
    os.kill(os.getpid(), signal.SIGTERM)

worker_pool.render_one = render
worker_pool._end_with_parent = lambda: None
ours, theirs = multiprocessing.Pipe()
ours.send("a task")
worker_pool._serve(theirs, [])
"""


def test_a_worker_clears_a_folder_that_its_signal_kept_from_being_cleared(tmp_path: Path) -> None:
    """A signal may come between a claim and the block that ends it."""
    done = subprocess.run(
        [sys.executable, "-c", _WORKER_WITH_A_CLAIM, str(tmp_path / "mix.wav")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    assert list(tmp_path.iterdir()) == []


def test_a_process_with_several_threads_starts_its_workers_anew() -> None:
    """A fork would have the locks that the other threads hold, and nobody to release them."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert worker_pool._way_to_start() == "spawn"
    finally:
        done.set()
        thread.join()


_SINGLE = """
import pathlib, sys, threading
from audio_pipeline.jobs.batch import worker_pool
from audio_pipeline.jobs.batch.worker_pool import WorkerPool

started = []
way = worker_pool._way_to_start
worker_pool._way_to_start = lambda: started.append(way()) or started[-1]
from audio_pipeline.cli import main
sys.argv = ["render-ending", *sys.argv[1:]]
status = main._attempt()
print(*started, "threads", threading.active_count(), file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems start every worker anew")
def test_the_workers_of_a_command_are_forks(tiny: Project, tmp_path: Path) -> None:
    batch = ("batch", "tiny", "--vary", FADES, "--jobs", "2")
    process = _started(tiny, tmp_path, "-c", _SINGLE, *batch)
    assert process.communicate(timeout=60)[1] == "fork fork threads 1\n"
    assert process.returncode == 0
    assert len(list(tiny.renders.glob("*.wav"))) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_takes_signals_and_clears_nothing_of_its_parent(tmp_path: Path) -> None:
    with FileSet(tmp_path, "mix") as files, signals_wait():
        child = os.fork()
        if child == 0:
            try:
                stop_in_order(signal.SIGTERM)
                take_signals()
                os.kill(os.getpid(), signal.SIGTERM)
                os._exit(1)  # it did not take the signal
            except Stopped:
                clear_in_use()
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with files.part(tmp_path / "mix.wav", "wb") as file:
            file.write(b"whole")
    assert (tmp_path / "mix.wav").read_bytes() == b"whole"
