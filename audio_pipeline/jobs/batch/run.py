"""The use case: render the mixes of a plan and return the outcome of each."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
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
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_names import SUFFIX

_LOOK_EVERY_S = 0.1
_RECORDED_S = 1.0
"""Seconds for another batch to record a mix in the cache after it has written its files."""


@dataclass(frozen=True)
class BatchOptions:
    """Options of a batch render.

    One job runs in this process. A `scheduler` has its own workers, for which the batch waits `wait_s`;
    `on_notice` is called with the reason of the wait. With `require_pass`, `fail_fast` also stops after a mix
    whose delivery does not pass.
    """

    jobs: int = 1
    cache: Cache | None = None
    scheduler: str | None = None
    fail_fast: bool = False
    wait_s: float = WAIT_S
    on_notice: OnNotice = lambda text: None
    require_pass: bool = False

    def stops_after(self, outcome: Outcome) -> bool:
        """Whether the batch stops after this outcome."""
        failed = outcome.status == "failed" or (self.require_pass and not outcome.passes)
        return self.fail_fast and failed


Outcomes = Generator[Outcome, None, None]


def run(
    mixes: Sequence[Mix], out: Path, how: BatchOptions, on_progress: OnProgress = lambda mix, share: None
) -> Outcomes:
    """Render the missing or changed mixes; yield the outcome of every mix when it ends, in no fixed order.

    A mix that fails does not stop the others, unless `fail_fast`. A mix that another process is rendering comes
    last, and the other's render is used. Files are complete or unchanged in any case. Raises RenderError when
    no mix can be rendered.
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
                if how.stops_after(outcome):
                    return


def _round(mixes: Iterable[Mix], out: Path, how: BatchOptions, on_progress: OnProgress) -> Outcomes:
    """Yield the outcomes of mixes that do not depend on each other."""
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
    """Yield the outcome of every task; wait for mixes that another process is rendering."""
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
    """Wait until no other process writes the mix, and until a finished render is recorded in the cache."""
    mix = task.mix
    while is_claimed(mix.out, mix.name):
        time.sleep(_LOOK_EVERY_S)
    deadline = time.monotonic() + _RECORDED_S
    while task.cache is not None and time.monotonic() < deadline and mix.master.exists():
        if is_unchanged(mix, task.cache) or is_claimed(mix.out, mix.name):
            return
        time.sleep(_LOOK_EVERY_S)


def with_its_gain(mix: Mix) -> Mix:
    """The mix with the programme gain of its full mix, which must be rendered; otherwise a failure."""
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
