"""What a batch came to, written beside its renders: index.html, batch.csv, batch.json, overruns.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.errors import ReportError
from audio_pipeline.jobs.batch.mix_task import Outcome
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.render_files import PAGE_SUFFIX
from audio_pipeline.pages.changes import in_words
from audio_pipeline.pages.overruns_csv import overruns_csv
from audio_pipeline.pages.overview import MixResult, overview_csv, overview_html, overview_json
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_names import SUFFIX

OTHER_BATCH_S = 30.0
"""How long another batch on the same folder may take to write one of these files."""


def write_overview(mixes: Sequence[Mix], outcomes: Mapping[str, Outcome], out: Path) -> None:
    """Write the overview of `mixes`, in their order. Raises RenderError when it cannot be written."""
    results = [_result(mix, outcomes[mix.name], out) for mix in mixes]
    texts = {
        "batch.json": overview_json(results),
        "batch.csv": overview_csv(results),
        "index.html": overview_html(results),
        "overruns.csv": overruns_csv(
            (result.language, result.report) for result in results if result.report is not None
        ),
    }
    for name in texts:
        refuse_to_overwrite(out / name)
    for name, text in texts.items():
        with atomic_write(out / name, "w", OTHER_BATCH_S) as file:
            file.write(text)


def _result(mix: Mix, outcome: Outcome, out: Path) -> MixResult:
    report, failure = None, outcome.error
    if outcome.status != "failed":
        try:
            report = read_report(out / f"{mix.name}{SUFFIX}")
        except ReportError as error:
            failure = error.message
    page = f"{mix.name}{PAGE_SUFFIX}"
    return MixResult(
        mix.name,
        mix.base,
        mix.language,
        {key: in_words(value) for key, value in mix.overrides.items()},
        report,
        page if (out / page).is_file() else f"{mix.name}{SUFFIX}",
        failure,
    )
