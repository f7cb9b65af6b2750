"""Renders one mix of a batch, in this process, in another process or on another host."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.audio_io.write.staging import ClaimedError
from audio_pipeline.errors import AudioPipelineError, ReportError
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.order_key import order_key
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.jobs.render_files import PAGE_SUFFIX
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.project import Project
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.failed_clauses import DeliveryResult, delivery_result
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_names import SUFFIX
from audio_pipeline.reporting.warnings import overruns_among
from audio_pipeline.shortage import shortage

Status = Literal["rendered", "unchanged", "failed"]
_SHARES = {
    "stems": (0.0, 5.0),
    "mix": (5.0, 50.0),
    "master": (55.0, 20.0),
    "report": (75.0, 10.0),
    "page": (85.0, 15.0),
}
"""Start and length of each stage, in percent of a mix."""

OnProgress = Callable[[Mix, float], None]
"""Called with a mix and the share of it that is done (0..1)."""


@dataclass(frozen=True)
class Outcome:
    """The result of a mix.

    `error` is a sentence; `delivery` is None without a report; `overruns` are the warnings, as JSON, about
    lines that do not fit the picture.
    """

    name: str
    status: Status
    seconds: float = 0.0
    error: str | None = None
    hint: str | None = None
    overruns: tuple[dict[str, Any], ...] = ()
    delivery: DeliveryResult | None = None

    @property
    def passes(self) -> bool:
        """Whether the mix has a report and its delivery passes."""
        return self.delivery is not None and self.delivery.passes


class ClaimedOutcome(Outcome):
    """The result of a mix that another process is rendering; the batch tries it again later."""


@dataclass(frozen=True)
class Task:
    """A mix to render, with its number of threads and its cache."""

    mix: Mix
    cache: Cache | None
    threads: int = 1


def render_one(task: Task, progress: Callable[[float], None] = lambda share: None) -> Outcome:
    """Render one mix. An error of this mix is not raised but returned in the outcome."""
    mix, started = task.mix, time.perf_counter()
    if mix.preset is None or mix.failure is not None:
        return Outcome(mix.name, "failed", 0.0, mix.failure, mix.hint)
    project = Project(mix.root)

    def on_progress(stage: str, share: float) -> None:
        begins, lasts = _SHARES.get(stage, (100.0, 0.0))
        progress((begins + lasts * share) / 100.0)

    try:
        order = Order(
            project,
            mix.preset,
            mix.out,
            workers=task.threads,
            cache=task.cache,
            reference=mix.reference,
        )
        key = _order_key(mix)
        if _is_kept(mix, task.cache, key):  # another batch has rendered it since the plan
            return unchanged(mix)
        report = render(order, on_progress).report
        if task.cache is not None:
            task.cache.put(key, note={"files": _files(mix)})
    except ClaimedError as error:
        return ClaimedOutcome(mix.name, "failed", 0.0, error.message, error.hint)
    except AudioPipelineError as error:
        return Outcome(mix.name, "failed", time.perf_counter() - started, error.message, error.hint)
    except (OSError, ArithmeticError, ValueError, MemoryError, TypeError, LookupError) as error:
        if (scarce := shortage(error)) is not None:
            return Outcome(
                mix.name, "failed", time.perf_counter() - started, scarce.message, scarce.hint
            )
        cause = f"internal error: {type(error).__name__}: {error}"[:300]
        return Outcome(mix.name, "failed", time.perf_counter() - started, cause)
    return _made(mix, "rendered", report, time.perf_counter() - started)


def unchanged(mix: Mix) -> Outcome:
    """The outcome of an unchanged mix, with the delivery and the overruns of its report."""
    report = None
    with suppress(ReportError):  # the overview shows the error of the report
        report = read_report(mix.out / f"{mix.name}{SUFFIX}")
    return _made(mix, "unchanged", report, 0.0)


def _made(mix: Mix, status: Status, report: LoudnessReport | None, seconds: float) -> Outcome:
    if report is None:
        return Outcome(mix.name, status, seconds)
    overruns = tuple(warning.model_dump(mode="json") for warning in overruns_among(report.warnings))
    return Outcome(mix.name, status, seconds, overruns=overruns, delivery=delivery_result(report))


def is_unchanged(mix: Mix, cache: Cache | None) -> bool:
    """Whether the mix was rendered before with equal inputs, and its files are unchanged."""
    if cache is None or mix.preset is None or mix.failure is not None:
        return False
    try:
        return _is_kept(mix, cache, _order_key(mix))
    except (AudioPipelineError, OSError):
        return False


def _is_kept(mix: Mix, cache: Cache | None, key: str) -> bool:
    """Whether the mix was rendered under this key, and its files are unchanged."""
    if cache is None:
        return False
    try:
        kept = cache.get(key)
        if kept is None or set(kept.note["files"]) != set(_outputs(mix)):
            return False
        sizes = {name: (mix.out / name).stat().st_size for name in kept.note["files"]}
        if any(sizes[name] != size for name, (size, _) in kept.note["files"].items()):
            return False
        return bool(_files(mix) == kept.note["files"])
    except (AudioPipelineError, OSError, KeyError, TypeError, ValueError):
        return False


def in_turn(tasks: Iterable[Task], on_progress: OnProgress, threads: int) -> Iterator[Outcome]:
    """Render every task in this process, one after the other."""
    for task in tasks:
        on_progress(task.mix, 0.0)
        yield render_one(replace(task, threads=threads), partial(on_progress, task.mix))


def _outputs(mix: Mix) -> tuple[str, ...]:
    return f"{mix.name}.wav", f"{mix.name}{SUFFIX}", f"{mix.name}{PAGE_SUFFIX}"


def _files(mix: Mix) -> dict[str, Any]:
    """Size and hash of each file of the mix."""
    return {
        name: [(mix.out / name).stat().st_size, sha256_hex(mix.out / name)] for name in _outputs(mix)
    }


def _order_key(mix: Mix) -> str:
    """The hash of all inputs of the mix. Raises StemError for a missing file."""
    assert mix.preset is not None
    return order_key(Project(mix.root), mix.preset, mix.name, mix.out, mix.reference)
