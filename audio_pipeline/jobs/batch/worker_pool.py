"""Worker processes for the mixes of a batch.

The standard library's pool does not report which task a dead process had, and fails all waiting tasks.
Here only the mix of a dead process fails, and a new process replaces it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from audio_pipeline.dsp.memory import keep_freed_memory
from audio_pipeline.stopping import Stopped, ignore_signals, signals_wait, stop_in_order, take_signals

if TYPE_CHECKING:
    from audio_pipeline.jobs.batch.mix_task import OnProgress, Outcome, Task

_TELL_EVERY = 0.02
"""The smallest step of progress that a worker sends, as a share of a mix."""
_PATIENCE_S = 20.0
"""Seconds for a process to unwind before it is killed; it normally takes as long as one tile."""


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: Task | None = None
    is_new: bool = True


class WorkerPool:
    """Up to `jobs` processes, started when needed, and ended in any case when the block ends.

    `early` of them start at once and import the modules of a render while the batch is planned, which takes
    about as long. One more alternate then costs 0.4 of one mix instead of 0.6.
    """

    def __init__(self, jobs: int, early: int = 0) -> None:
        self._jobs = jobs
        self._workers: list[_Worker] = []
        # spawn: a fork server that is killed would leave a folder in TMPDIR
        self._context: Any = multiprocessing.get_context("spawn")
        self._early = early

    def __enter__(self) -> WorkerPool:
        for _ in range(min(self._early, self._jobs)):
            self._hire()
        return self

    def __exit__(self, *error: object) -> None:
        self._end(list(self._workers))

    def _end(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            worker.pipe.close()
            # a worker without a task yet has nothing to unwind
            (worker.process.kill if worker.is_new else worker.process.terminate)()
        for worker in workers:
            worker.process.join(_PATIENCE_S)
            worker.process.kill()
            self._bury(worker)

    def work(self, tasks: Sequence[Task], on_progress: OnProgress) -> Iterator[Outcome]:
        """Yield the outcome of every task when it ends.

        The first mix of a family is rendered before the others, with their threads; the others then read their
        shared sounds from the cache.
        """
        queue = _Queue(list(tasks), self._jobs)
        while len(self._workers) < min(self._jobs, queue.most_at_once()):
            self._hire()
        try:
            yield from self._outcomes(queue, on_progress)
        finally:  # unfinished renders are not needed
            self._end([worker for worker in self._workers if worker.task is not None])

    def _outcomes(self, queue: _Queue, on_progress: OnProgress) -> Iterator[Outcome]:
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
        idle = (w for w in self._workers if w.task is None and w.process.is_alive())
        worker = next(idle, None) or self._hire()
        worker.task, worker.is_new = task, False
        with suppress(OSError):  # the worker has just ended; reading its pipe reports it
            worker.pipe.send(task)

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        if os.name == "posix":  # its start unblocks signals, so it must run before they are blocked
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
            from audio_pipeline.jobs.batch.mix_task import Outcome

            status = self._bury(worker)
            cause = f"by signal {-status}" if status is not None and status < 0 else f"with {status}"
            return Outcome(
                mix.name,
                "failed",
                error=f"the process that rendered it ended {cause}",
                hint="When memory runs out, the system ends processes: try fewer --jobs.",
            )
        if isinstance(said, float):
            on_progress(mix, said)
            return None
        outcome: Outcome = said
        return outcome


class _Queue:
    """The waiting tasks; a second mix of a family starts only after the first has ended."""

    def __init__(self, tasks: list[Task], jobs: int) -> None:
        self._waiting = tasks
        self._running: list[Task] = []
        self._known: set[str] = set()
        self._jobs = jobs

    def most_at_once(self) -> int:
        """The most tasks in parallel: first those that go ahead, then all that waited for them."""
        ahead = len(self._ready())
        return max(ahead, len(self._waiting) - ahead)

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
    """Receive tasks and send outcomes until the pipe closes; the process ends with its parent in any case."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives it, too, and ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        stop_in_order(
            *(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
        )
        render_one = (
            _renderer()
        )  # while signals wait: one that interrupts an import can be wrapped in another error
        take_signals()
        keep_freed_memory()
        threading.Thread(target=_end_with_parent, daemon=True).start()
        with suppress(EOFError, OSError):
            while True:
                task = pipe.recv()
                pipe.send(render_one(task, _Teller(pipe)))
        ignore_signals()  # the parent has closed the pipe, and may terminate this process while it exits
    except Stopped as stop:  # unfinished files are already removed
        sys.stderr.flush()
        signal.signal(stop.number, signal.SIG_DFL)
        os.kill(os.getpid(), stop.number)


def _renderer() -> Callable[[Task, Callable[[float], None]], Outcome]:
    """The function that renders a mix, with all modules of a render imported."""
    gc.disable()  # modules stay in memory
    for needed in ("jobs.render_page", "preset.model"):
        import_module(f"audio_pipeline.{needed}")
    from audio_pipeline.jobs.batch.mix_task import render_one
    from audio_pipeline.preset.registry import EFFECTS, LAYERS

    _ = "voice" in LAYERS, "space" in EFFECTS  # imports all built-in kinds
    gc.freeze()
    gc.enable()
    return render_one


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
