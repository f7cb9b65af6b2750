"""The use case: a plan becomes renders, and each mix has its outcome."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from audio_pipeline.audio_io.write.recovery import is_claimed, recover
from audio_pipeline.errors import RenderError, ReportError
from audio_pipeline.jobs.batch.cluster import WAIT_S, OnNotice, on_cluster
from audio_pipeline.jobs.batch.mix_task import (
    ClaimedOutcome,
    OnProgress,
    Outcome,
    Task,
    in_turn,
    is_unchanged,
    render_one,
    unchanged,
)
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.batch.worker_pool import WorkerPool
from audio_pipeline.jobs.reference import ReferenceMix
from audio_pipeline.memo.store import Cache
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_names import SUFFIX

_LOOK_EVERY_S = 0.1
_RECORDED_S = 1.0
"""How long another batch may take to note a mix whose files it has just put in place."""


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is rendered: one job stays in this process, a scheduler has its own workers, for which
    it waits `wait_s`; `on_notice` is told what it waits for.

    With `require_pass`, a mix whose delivery does not pass has failed for `fail_fast`, too.
    """

    jobs: int = 1
    cache: Cache | None = None
    scheduler: str | None = None
    fail_fast: bool = False
    wait_s: float = WAIT_S
    on_notice: OnNotice = lambda text: None
    require_pass: bool = False

    def stops_after(self, outcome: Outcome) -> bool:
        """Whether nothing more is rendered after this outcome."""
        failed = outcome.status == "failed" or (self.require_pass and not outcome.passes)
        return self.fail_fast and failed


Outcomes = Generator[Outcome, None, None]


def run(
    mixes: Sequence[Mix], out: Path, how: BatchOptions, on_progress: OnProgress = lambda mix, share: None
) -> Outcomes:
    """Render the mixes that are missing or changed; the outcome of every mix as it comes, in no order.

    A mix that fails does not stop the others, unless `fail_fast`. One that another process is rendering
    comes last: what the other made of it is kept. However it ends, files are whole or as they were.
    Raises RenderError when nothing can be rendered at all.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(
            f"{out} cannot be created: {error.strerror or error}",
            hint="Write to another folder with --out DIR.",
        ) from error
    recover(out)
    waiting = [mix for mix in mixes if mix.full_mix is not None]
    first = [mix for mix in mixes if mix.full_mix is None]
    for some in (first, waiting):
        with closing(_round(map(with_its_gain, some), out, how, on_progress)) as outcomes:
            for outcome in outcomes:
                yield outcome
                if how.fail_fast and outcome.status == "failed":
                    return


def _round(mixes: Iterable[Mix], out: Path, how: BatchOptions, on_progress: OnProgress) -> Outcomes:
    """The outcomes of mixes that do not wait for each other."""
    tasks = []
    for mix in mixes:
        if mix.failure is not None:
            yield (outcome := render_one(Task(mix, None)))
            if how.stops_after(outcome):
                return
        elif is_unchanged(mix, how.cache):
            yield (outcome := unchanged(mix))
            if how.stops_after(outcome):
                return
        else:
            tasks.append(Task(mix, how.cache))
    if not tasks:
        return
    try:
        with closing(_with_claimed_last(tasks, how, on_progress)) as outcomes:
            for outcome in outcomes:
                yield outcome
                if how.stops_after(outcome):
                    return
    finally:
        recover(out)
        if how.cache is not None:
            how.cache.tidy()


def _with_claimed_last(tasks: Sequence[Task], how: BatchOptions, on_progress: OnProgress) -> Outcomes:
    """The outcome of every task; those that another process is rendering are waited for."""
    while tasks:
        claimed: set[str] = set()
        with closing(_outcomes(tasks, how, on_progress)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, ClaimedOutcome):
                    claimed.add(outcome.name)
                else:
                    yield outcome
        tasks = [task for task in tasks if task.mix.name in claimed]
        for task in tasks:
            _wait_for_other(task)


def _wait_for_other(task: Task) -> None:
    """Wait until no other process writes the mix, and has noted what it made of it, if it did."""
    mix = task.mix
    while is_claimed(mix.out, mix.name):
        time.sleep(_LOOK_EVERY_S)
    deadline = time.monotonic() + _RECORDED_S
    while task.cache is not None and time.monotonic() < deadline and mix.master.exists():
        if is_unchanged(mix, task.cache) or is_claimed(mix.out, mix.name):
            return
        time.sleep(_LOOK_EVERY_S)


def with_its_gain(mix: Mix) -> Mix:
    """The mix with the gain of its full mix, once that is rendered."""
    if mix.full_mix is None or not isinstance(mix.reference, ReferenceMix):
        return mix
    try:
        report = read_report(mix.out / f"{mix.full_mix}{SUFFIX}")
    except ReportError as error:
        cause = f"{mix.name} takes its gain from {mix.full_mix}, which failed"
        return replace(mix, failure=cause, hint=error.message)
    return replace(mix, reference=replace(mix.reference, programme_db=report.gains.programme_db))


def _outcomes(tasks: Sequence[Task], how: BatchOptions, on_progress: OnProgress) -> Outcomes:
    if how.scheduler is not None:
        yield from on_cluster(how.scheduler, tasks, on_progress, how.wait_s, how.on_notice)
    elif min(how.jobs, len(tasks)) == 1:
        yield from in_turn(tasks, on_progress, how.jobs)
    else:
        with WorkerPool(how.jobs) as crew:
            yield from crew.work(tasks, on_progress)
