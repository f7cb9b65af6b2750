"""`render-ending batch`: many mixes, and an overview of them."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.options import debug_option, out_option, preset_names, require_pass_option
from audio_pipeline.cli.output import Output, open_in_browser, open_option, output_options
from audio_pipeline.cli.process import loading
from audio_pipeline.stopping import Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audio_pipeline.jobs.batch.mix_task import Outcome
    from audio_pipeline.jobs.batch.plan import Mix
    from audio_pipeline.jobs.batch.run import BatchOptions
    from audio_pipeline.preset.project import Project

EPILOG = """\b
Examples:
  render-ending batch final headphones hard-cut
  render-ending batch --all --dry-run
  render-ending batch final --vary dropout.fade=80ms,250ms,1s --vary grain.level="-66 dBFS,-60 dBFS"
  render-ending batch presets/dropouts.batch.toml --jobs 8
  render-ending batch --schema > batch.schema.json
  render-ending batch --all --scheduler tcp://10.0.0.1:8786
"""


@click.command("batch", epilog=EPILOG)
@click.argument("things", nargs=-1, metavar="[NAME|FILE|PATTERN]...", shell_complete=preset_names)
@click.option("--all", "everything", is_flag=True, help="Render every preset of the project.")
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=V1,V2",
    help="Render once for each value; several keys are crossed.",
)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value in every mix.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="REPORT",
    help="Report of another language, for its cues and slots.",
)
@click.option("--name", metavar="TEMPLATE", help='Name template, e.g. "{title}_{version}_{type}_{fps}".')
@out_option("renders/")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Mixes in parallel (default: number of CPUs).",
)
@click.option("--scheduler", metavar="ADDRESS", help="Render on a Dask cluster (tcp://HOST:8786).")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0.0, 1e6),
    default=120.0,
    metavar="SECONDS",
    help="With --scheduler: wait for workers (default: 120 s).",
)
@click.option("--dry-run", is_flag=True, help="Show the plan without rendering.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first mix that fails.")
@click.option("--strict", is_flag=True, help="Exit with status 1 when a line does not fit or is cut.")
@require_pass_option
@click.option("--no-cache", is_flag=True, help="Do not read or write the cache.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of batch files.")
@open_option
@output_options
@debug_option
def command(
    things: tuple[str, ...],
    everything: bool,
    vary: tuple[str, ...],
    sets: tuple[str, ...],
    reference: Path | None,
    name: str | None,
    out: Path | None,
    jobs: int | None,
    scheduler: str | None,
    wait_s: float,
    dry_run: bool,
    fail_fast: bool,
    strict: bool,
    require_pass: bool,
    no_cache: bool,
    schema: bool,
    open_page: bool,
    output: Output,
) -> None:
    """Render many mixes: presets by name or pattern ("h*"), preset files, batch files (.batch.toml).

    Sounds that mixes share are rendered once; unchanged mixes are skipped. Writes index.html, batch.csv,
    batch.json and overruns.csv (lines that are too long for the picture) beside the renders; they keep the
    mixes of earlier batches.

    Exit status: 0 when all mixes are rendered; 1 when one fails (with --dry-run: would fail), does not pass
    its delivery (--require-pass) or has a line that does not fit (--strict); 2 for wrong usage.
    """
    if schema:
        from audio_pipeline.preset.batch_schema import batch_schema

        output.document(batch_schema())
        return
    if open_page and dry_run:
        raise click.UsageError("--open needs a render; --dry-run writes no page")
    if not things and not everything:
        raise click.UsageError("name presets or a batch file, or use --all")
    from audio_pipeline.cli.cache import users_cache
    from audio_pipeline.jobs.batch.run import BatchOptions
    from audio_pipeline.preset.project import find_project

    project = find_project(Path.cwd())
    folder = out or project.renders
    with loading():  # 4 % of the time to plan
        mixes = _plan(project, things, everything, vary, sets, name, folder, reference)
    how = BatchOptions(
        jobs or os.cpu_count() or 1,
        None if no_cache else users_cache(),
        scheduler,
        fail_fast,
        wait_s,
        require_pass=require_pass,
    )
    if dry_run:
        from audio_pipeline.cli.batch_plan import show_plan

        show_plan(mixes, folder, how, output)
        overrun = strict and any(mix.overruns for mix in mixes)
        if overrun or any(mix.failure is not None for mix in mixes):
            raise click.exceptions.Exit(1)
        return
    from audio_pipeline.jobs.batch.results import refuse_foreign_overview, write_overview

    refuse_foreign_overview(folder)  # before anything is rendered
    outcomes = _render(mixes, folder, how, output)
    if len(outcomes) == len(mixes):
        for line in write_overview(mixes, outcomes, folder):
            output.note(line)
        if open_page:
            open_in_browser((folder / "index.html").absolute().as_uri(), output)
    _leave(len(mixes), list(outcomes.values()), require_pass, output)
    if strict and any(outcome.overruns for outcome in outcomes.values()):
        raise click.exceptions.Exit(1)


def _leave(count: int, outcomes: Sequence[Outcome], require_pass: bool, output: Output) -> None:
    """Exit with status 1 when a mix is missing or, with `require_pass`, does not pass its delivery."""
    made = [outcome for outcome in outcomes if outcome.status != "failed"]
    not_passed = [outcome.name for outcome in made if not outcome.passes] if require_pass else []
    if not_passed:
        output.note(f"error: --require-pass: {', '.join(not_passed)} did not pass the delivery")
    if len(made) < count or not_passed:
        raise click.exceptions.Exit(1)


def _plan(
    project: Project,
    things: tuple[str, ...],
    everything: bool,
    vary: tuple[str, ...],
    sets: tuple[str, ...],
    name: str | None,
    out: Path,
    reference: Path | None,
) -> list[Mix]:
    from audio_pipeline.jobs.batch.locks import GivenReport
    from audio_pipeline.jobs.batch.plan import matrices_of, plan
    from audio_pipeline.jobs.reference import read_reference
    from audio_pipeline.preset.batch_file import parse_sets, parse_vary

    axes, fixed = parse_vary(vary), parse_sets(sets)
    matrices = [
        replace(m.varying(axes), sets=fixed, name=name or m.name)
        for m in matrices_of(project, things, everything)
    ]
    given = None if reference is None else GivenReport(read_reference(reference), reference)
    return plan(project, matrices, out.absolute(), given)


def _render(mixes: Sequence[Mix], out: Path, how: BatchOptions, output: Output) -> dict[str, Outcome]:
    from audio_pipeline.cli.batch_progress import shown_progress
    from audio_pipeline.jobs.batch.run import run

    outcomes: dict[str, Outcome] = {}
    try:
        with (
            shown_progress(mixes, output, how.require_pass) as shown,
            closing(run(mixes, out, replace(how, on_notice=shown.notice), shown.on_progress)) as done,
        ):
            for outcome in done:
                outcomes[outcome.name] = outcome
                shown.finished(outcome)
            shown.summary(list(outcomes.values()), len(mixes))
    except Stopped as stop:
        stop.add_note("interrupted; mixes that were rendered are complete, the others are unchanged")
        raise
    return outcomes
