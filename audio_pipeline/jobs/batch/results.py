"""Writes the overview of a batch next to its renders: index.html, batch.csv, batch.json, overruns.csv."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.lock import Lock
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.errors import RenderError, ReportError
from audio_pipeline.jobs.batch.earlier_results import FILE, earlier_results, result_of
from audio_pipeline.jobs.batch.mix_task import Outcome
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.pages.changes import as_text
from audio_pipeline.pages.overruns_csv import overruns_csv
from audio_pipeline.pages.overview import MixResult, overview_csv, overview_html, overview_json
from audio_pipeline.preset.project import Project

NAMES = (FILE, "batch.csv", "index.html", "overruns.csv")

_LOCK = ".batch.lock"
_WAIT_S = 20.0
_LOOK_EVERY_S = 0.05


def refuse_foreign_overview(out: Path) -> None:
    """Raise RenderError when a file in `out` has a name of the overview and is not from this program."""
    for name in NAMES:
        path = out / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size == 0:
            continue  # an empty file, from a system crash, may be overwritten
        refuse_to_overwrite(path)


def write_overview(mixes: Sequence[Mix], outcomes: Mapping[str, Outcome], out: Path) -> list[str]:
    """Write the overview of `mixes`, in their order, followed by the mixes of earlier batches.

    Returns lines to print: notes and warnings on the stems of this batch, and a warning when the earlier
    overview was damaged, so that only this batch is in it. Raises RenderError when it cannot be written.
    """
    project = Project(mixes[0].root)
    results = [_result(mix, outcomes[mix.name], out) for mix in mixes]
    lines = _remarks_on_stems(results)
    with _locked(out):
        refuse_foreign_overview(out)
        try:
            results += earlier_results(out, project, [mix.name for mix in mixes])
        except ReportError as error:
            lines.append(f"warning: {error.message}; the overview holds the mixes of this batch only")
        too_long = overruns_csv((r.language, r.report) for r in results if r.report is not None)
        texts = (overview_json(results), overview_csv(results), overview_html(results), too_long)
        for name, text in zip(NAMES, texts, strict=True):
            with atomic_write(out / name, "w") as file:
                file.write(text)
    return lines


def _remarks_on_stems(results: Sequence[MixResult]) -> list[str]:
    """Every different note and warning on the stems of the mixes, one line each."""
    lines: dict[str, None] = {}
    for report in (result.report for result in results if result.report is not None):
        lines |= dict.fromkeys(f"note: {note}" for note in report.notes)
        warnings = (w.message for w in report.warnings if w.code.value.startswith("stem_"))
        lines |= dict.fromkeys(f"warning: {warning}" for warning in warnings)
    return list(lines)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Lock the overview of `out` against other batches, because each adds its mixes to it."""
    lock = Lock(out / _LOCK)
    until = time.monotonic() + _WAIT_S
    while not lock.acquire():
        if time.monotonic() > until:
            raise RenderError(
                f"another batch keeps writing the overview of {out}",
                hint="Run this batch again; it reuses finished mixes.",
            )
        time.sleep(_LOOK_EVERY_S)
    try:
        yield
    finally:
        lock.release(remove=True)


def _result(mix: Mix, outcome: Outcome, out: Path) -> MixResult:
    overrides = {key: as_text(value) for key, value in mix.overrides.items()}
    failure = (outcome.error or "it failed") if outcome.status == "failed" else None
    return result_of(out, mix.name, mix.base, mix.language, overrides, failure)
