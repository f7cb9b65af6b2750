"""Several processes at work on the mixes of one batch.

A pool of the standard library does not say which task a dead process had, and fails all that wait.
Here a dead process costs its own mix only, and another takes its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from audio_pipeline.dsp.memory import keep_freed_memory
from audio_pipeline.jobs.batch.mix_task import OnProgress, Outcome, Task, render_one
from audio_pipeline.stopping import Stopped, ignore_signals, signals_wait, stop_in_order, take_signals

_TELL_EVERY = 0.02
"""The least progress, as a share of a mix, that a process tells of."""
_PATIENCE_S = 20.0
"""How long a process may take to unwind before it is killed; it takes a tile's time."""


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: Task | None = None


class WorkerPool:
    """Up to `jobs` processes, started when they are needed, ended when the block ends, however."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._workers: list[_Worker] = []
        # every process imports for itself: a fork server would leave a folder in TMPDIR when it is killed
        self._context: Any = multiprocessing.get_context("spawn")

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
        """The outcome of every task, as it comes.

        Of mixes that have most in common the first goes ahead, with the threads of those that wait
        for it: what it makes, they find in the cache.
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
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        if os.name == "posix":  # or its own start would let the signals through that wait
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
        """What a worker has to say: its outcome, when it is done or dead."""
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


class _Queue:
    """Which task is next: no two at once of a family whose first has not been made yet."""

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


def _serve(pipe: Connection) -> None:
    """A worker's life: tasks come, outcomes go; it ends with its parent, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends its workers
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
        ignore_signals()  # the parent has closed the pipe, and may still end the process on its way out
    except Stopped as stop:  # what was being written is removed by now
        sys.stderr.flush()
        signal.signal(stop.number, signal.SIG_DFL)
        os.kill(os.getpid(), stop.number)


class _Teller:
    """Sends progress, but not every little step."""

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
