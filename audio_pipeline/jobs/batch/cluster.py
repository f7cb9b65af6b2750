"""Renders the mixes of a batch on a Dask cluster, by `render_one` on other hosts. Needs the extra [cluster].

All hosts must see the project and the folder of renders at the same path. Before each mix, a worker checks
whether it would render the same bytes (see `worker_check`); if not, it refuses the mix, which another worker
renders.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from queue import Empty, SimpleQueue
from typing import Any

from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.batch.mix_task import OnProgress, Outcome, Task
from audio_pipeline.jobs.batch.worker_check import Inquiry, Refusal, render_if_same, sealed
from audio_pipeline.records import dataclass

WAIT_S = 120.0
"""Seconds that a batch waits for a worker or its scheduler, by default."""

_CONNECT_S = 20.0
_ANSWER_S = 4.0
"""Timeout of the scheduler's answer with the list of its workers."""
_LOOK_EVERY_S = 1.0

OnNotice = Callable[[str], None]
"""Called with a sentence about what a batch waits for."""


def on_cluster(
    address: str,
    tasks: Sequence[Task],
    on_progress: OnProgress,
    wait_s: float = WAIT_S,
    on_notice: OnNotice = lambda text: None,
) -> Iterator[Outcome]:
    """Yield the outcome of every task when it ends. Tasks that wait when the caller stops are cancelled.

    Without a worker or the scheduler, `on_notice` is called and the batch waits `wait_s`. Raises RenderError
    when none connects by then, no cluster runs at `address`, or Dask is not installed.
    """
    try:
        import distributed
    except ImportError as error:
        raise RenderError(
            "--scheduler needs Dask, which is not installed",
            hint="Install it with: pip install 'render-ending[cluster]'",
        ) from error
    with _without_dasks_log():
        batch = _ClusterBatch(distributed, address, wait_s, on_notice)
        try:
            yield from batch.outcomes(tasks, on_progress)
        finally:
            batch.close()


@contextmanager
def _without_dasks_log() -> Iterator[None]:
    """Silence Dask's log, which prints tracebacks for a lost scheduler; `on_notice` reports it instead."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@dataclass
class _Waiting:
    """A task that has not ended, its future, and the workers that refused it, with their reasons."""

    task: Task
    future: Any = None
    on: frozenset[str] | None = None
    """The workers that may render it; None for all."""
    refused: dict[str, Refusal] = field(default_factory=dict)
    since_s: float | None = None
    """The time from which no connected worker may render it; None while one may."""


class _ClusterBatch:
    """A connection to a scheduler, and the tasks submitted to it."""

    def __init__(self, dask: Any, address: str, wait_s: float, on_notice: OnNotice) -> None:
        self._dask = dask
        self._address = address
        self._wait_s = wait_s
        self._on_notice = on_notice
        self._done: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._left: dict[str, _Waiting] = {}
        self._told: set[str] = set()
        self._client = self._connected(_CONNECT_S)
        if self._client is None:
            raise RenderError(
                f"no Dask scheduler runs at {address}",
                hint="Start one with: dask scheduler; then workers with: dask worker tcp://HOST:8786",
            )

    def outcomes(self, tasks: Sequence[Task], on_progress: OnProgress) -> Iterator[Outcome]:
        """See `on_cluster`."""
        self._count = len(tasks)
        self._left = {task.mix.name: _Waiting(task) for task in tasks}
        inquiry = Inquiry()
        self._asked = {task.mix.name: inquiry.asked(task.mix) for task in tasks}
        looked_s = float("-inf")
        while self._left:
            if time.monotonic() - looked_s >= _LOOK_EVERY_S:
                yield from self._look_after(self._workers())
                looked_s = time.monotonic()
            with suppress(Empty):
                name, future = self._done.get(timeout=_LOOK_EVERY_S)
                waiting = self._left.get(name)
                if waiting is None or waiting.future is not future:
                    continue  # a future of a lost scheduler
                if (outcome := self._outcome(waiting)) is not None:
                    del self._left[name]
                    on_progress(waiting.task.mix, 1.0)
                    yield outcome

    def close(self) -> None:
        """Cancel waiting tasks and disconnect."""
        if self._client is not None:
            with suppress(OSError, self._dask.CancelledError):
                self._client.cancel([w.future for w in self._left.values() if w.future is not None])
            with suppress(OSError, TimeoutError):
                self._client.close(timeout=2)

    def _outcome(self, waiting: _Waiting) -> Outcome | None:
        """The outcome of a task that has ended; None when it must be submitted again."""
        future, name = waiting.future, waiting.task.mix.name
        waiting.future = None
        if future.status not in ("finished", "error"):  # lost or cancelled
            return None
        error = future.exception()
        if error is not None:
            cause = " ".join(str(error).split())[:200]
            return Outcome(name, "failed", error=f"the cluster task failed: {cause}")
        answer: Outcome | Refusal = future.result()
        if isinstance(answer, Refusal):
            waiting.refused[answer.worker] = answer
            self._tell(f"the Dask worker {answer.worker} {answer.reason}")
            return None
        return answer

    def _look_after(self, workers: frozenset[str]) -> Iterator[Outcome]:
        """Submit each task to the workers that may render it; yield a failure for each that timed out."""
        now_s = time.monotonic()
        for name, waiting in list(self._left.items()):
            may = workers - waiting.refused.keys()
            if may:
                waiting.since_s = None
                if waiting.future is None or (waiting.on is not None and not waiting.on & workers):
                    self._give(waiting, may)
                continue
            if waiting.since_s is None:
                waiting.since_s = now_s
            if now_s - waiting.since_s >= self._wait_s:
                if not waiting.refused:
                    raise self._no_workers()
                del self._left[name]
                last = list(waiting.refused.values())[-1]
                cause = f"the Dask worker {last.worker} {last.reason}"
                yield Outcome(name, "failed", error=cause, hint=last.hint)
        if workers:
            self._told.discard(self._without_workers())
        elif self._left:
            self._tell(self._without_workers())

    def _give(self, waiting: _Waiting, may: frozenset[str]) -> None:
        waiting.on = may if waiting.refused else None
        only = {} if waiting.on is None else {"workers": sorted(waiting.on)}
        name = waiting.task.mix.name
        assert self._client is not None
        if waiting.future is not None:  # all workers that it was submitted to have disconnected
            self._client.cancel([waiting.future])
        future = self._client.submit(
            render_if_same, sealed(waiting.task), self._asked[name], pure=False, **only
        )
        waiting.future = future
        future.add_done_callback(lambda done: self._done.put((name, done)))

    def _workers(self) -> frozenset[str]:
        """The addresses of the connected workers; reconnects to a lost scheduler.

        Raises RenderError when the scheduler does not come back within `wait_s`.
        """
        lost_s: float | None = None
        while True:
            if self._client is not None:
                with suppress(OSError, TimeoutError, RuntimeError, ValueError):
                    scheduler = self._client.scheduler
                    if self._client.status == "running" and scheduler is not None:
                        found = self._client.sync(scheduler.ncores, callback_timeout=_ANSWER_S)
                        return frozenset(found)
            if lost_s is None:
                lost_s = time.monotonic()
                self._tell(f"the Dask scheduler at {self._address} is lost; waiting {self._waits}")
                self._forget()
            left_s = self._wait_s - (time.monotonic() - lost_s)
            if left_s <= 0.0:
                raise RenderError(
                    f"the Dask scheduler at {self._address} is lost, and did not come back in"
                    f" {self._wait_s:g} s; {self._state}",
                    hint="Start the scheduler and its workers again, then repeat the command.",
                )
            began_s = time.monotonic()
            self._client = self._connected(min(_ANSWER_S, left_s))
            if self._client is None:
                time.sleep(max(0.0, min(_LOOK_EVERY_S, left_s) - (time.monotonic() - began_s)))

    def _connected(self, timeout_s: float) -> Any:
        """A client of the scheduler, or None."""
        try:
            return self._dask.Client(self._address, timeout=timeout_s, set_as_default=False)
        except (OSError, ValueError, TypeError, TimeoutError):
            return None

    def _forget(self) -> None:
        """Drop the futures of a lost scheduler, so that their tasks are submitted again."""
        client, self._client = self._client, None
        for waiting in self._left.values():
            waiting.future = waiting.since_s = None
        if client is not None:
            with suppress(OSError, TimeoutError, RuntimeError):
                client.close(timeout=1)

    def _tell(self, text: str) -> None:
        """Report a notice once."""
        if text not in self._told:
            self._told.add(text)
            self._on_notice(text)

    def _without_workers(self) -> str:
        return f"the Dask scheduler at {self._address} has no workers; waiting {self._waits}"

    def _no_workers(self) -> RenderError:
        return RenderError(
            f"the Dask scheduler at {self._address} has no workers, and none came in {self._wait_s:g} s;"
            f" {self._state}",
            hint=f"Start some with: dask worker {self._address}",
        )

    @property
    def _waits(self) -> str:
        return f"{self._wait_s:g} s (--wait)"

    @property
    def _state(self) -> str:
        return f"{self._count - len(self._left)} of {self._count} mixes are done and complete"
