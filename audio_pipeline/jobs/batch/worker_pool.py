"""Worker processes for the mixes of a batch.

The standard library's pool does not report which task a dead process had, and fails all waiting tasks.
Here only the mix of a dead process fails, and a new process replaces it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

from audio_pipeline.audio_io.write.staging import clear_in_use
from audio_pipeline.dsp.memory import keep_freed_memory
from audio_pipeline.jobs.batch.mix_task import OnProgress, Outcome, Task, render_one
from audio_pipeline.records import dataclass
from audio_pipeline.stopping import Stopped, ignore_signals, signals_wait, stop_in_order, take_signals

_TELL_EVERY = 0.02
"""The smallest step of progress that a worker sends, as a share of a mix."""
_PATIENCE_S = 20.0
"""Seconds for a process to unwind before it is killed; it normally takes as long as one tile."""


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: Task | None = None


class WorkerPool:
    """Up to `jobs` processes, started when needed, and ended in any case when the block ends."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._workers: list[_Worker] = []

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_PATIENCE_S)
            worker.process.kill()
        while self._workers:
            self._bury(self._workers[0])

    def work(self, tasks: Sequence[Task], on_progress: OnProgress) -> Iterator[Outcome]:
        """Yield the outcome of every task when it ends.

        The first mix of a family is rendered before the others, with their threads; the others then read their
        shared sounds from the cache.
        """
        queue = _Queue(list(tasks), self._jobs)
        while True:
            while (task := queue.take()) is not None:
                on_progress(task.mix, 0.0)
                self._give(task)
            busy = {w.pipe: w for w in self._workers if w.task is not None}
            if not busy:
                return
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                if (outcome := self._hear(worker, on_progress)) is not None:
                    assert worker.task is not None
                    queue.done(worker.task)
                    worker.task = None
                    yield outcome

    def _give(self, task: Task) -> None:
        worker = next((w for w in self._workers if w.task is None), None) or self._hire()
        worker.task = task
        worker.pipe.send(task)

    def _hire(self) -> _Worker:
        way = _way_to_start()
        start: Any = multiprocessing.get_context(way)
        ours, theirs = start.Pipe()
        inherited = [ours, *(worker.pipe for worker in self._workers)] if way == "fork" else []
        process = start.Process(target=_serve, args=(theirs, inherited), daemon=True)
        if way == "spawn" and os.name == "posix":
            # its start unblocks signals, so it must run before they are blocked
            resource_tracker.ensure_running()
        with signals_wait():
            process.start()
            theirs.close()
            worker = _Worker(process, ours)
            self._workers.append(worker)
        return worker

    def _bury(self, worker: _Worker) -> int | None:
        worker.pipe.close()
        worker.process.join()
        status: int | None = worker.process.exitcode
        worker.process.close()
        self._workers.remove(worker)
        return status

    def _hear(self, worker: _Worker, on_progress: OnProgress) -> Outcome | None:
        """Receive from a worker: its outcome when it is done or dead, otherwise None."""
        assert worker.task is not None
        mix = worker.task.mix
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            status = self._bury(worker)
            cause = f"by signal {-status}" if status is not None and status < 0 else f"with {status}"
            return Outcome(
                mix.name,
                "failed",
                error=f"the process that rendered it ended {cause}",
                hint="When memory runs out, the system ends processes: try fewer --jobs.",
            )
        if isinstance(said, Outcome):
            return said
        on_progress(mix, said)
        return None


def _way_to_start() -> Literal["fork", "spawn"]:
    """How to start a worker: a fork has imported everything, which saves 0.25 s of CPU a worker.

    A fork is safe with one thread only, and not on macOS. A fork server that is killed would leave a folder in
    TMPDIR.
    """
    forks = sys.platform == "linux" and threading.active_count() == 1
    return "fork" if forks else "spawn"


class _Queue:
    """The waiting tasks; a second mix of a family starts only after the first has ended."""

    def __init__(self, tasks: list[Task], jobs: int) -> None:
        self._waiting = tasks
        self._running: list[Task] = []
        self._known: set[str] = set()
        self._jobs = jobs

    def take(self) -> Task | None:
        ready = self._ready()
        if not ready or len(self._running) >= self._jobs:
            return None
        task = ready[0]
        self._waiting.remove(task)
        self._running.append(task)
        shared_by = len(self._running) + len(self._ready())
        return replace(task, threads=max(1, self._jobs // shared_by))

    def done(self, task: Task) -> None:
        self._running = [other for other in self._running if other.mix.name != task.mix.name]
        self._known.add(task.mix.family)

    def _ready(self) -> list[Task]:
        leading = {t.mix.family for t in self._running if t.cache is not None} - self._known
        ready = []
        for task in self._waiting:
            if task.mix.family not in leading:
                ready.append(task)
                if task.cache is not None and task.mix.family not in self._known:
                    leading.add(task.mix.family)
        return ready


def _serve(pipe: Connection, inherited: Sequence[Connection]) -> None:
    """Receive tasks and send outcomes until the pipe closes; the process ends with its parent in any case.

    `inherited` are the parent's ends of pipes, which would otherwise stay open in a fork.
    """
    for end in inherited:
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives it, too, and ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        stop_in_order(
            *(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
        )
        take_signals()
        keep_freed_memory()
        threading.Thread(target=_end_with_parent, daemon=True).start()
        with suppress(EOFError, OSError):
            while True:
                task = pipe.recv()
                pipe.send(render_one(task, _Teller(pipe)))
        ignore_signals()  # the parent has closed the pipe, and may terminate this process while it exits
    except Stopped as stop:
        ignore_signals()
        clear_in_use()  # a folder that the signal kept its block from removing
        sys.stderr.flush()
        signal.signal(stop.number, signal.SIG_DFL)
        os.kill(os.getpid(), stop.number)


class _Teller:
    """Sends progress to the parent in steps of at least `_TELL_EVERY`."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._told = 0.0

    def __call__(self, share: float) -> None:
        if share >= self._told + _TELL_EVERY:
            self._told = share
            self._pipe.send(share)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
