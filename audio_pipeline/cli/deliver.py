"""`render-ending deliver`: fill the folder of a delivery, or verify a folder."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audio_pipeline.cli.options import (
    debug_option,
    out_option,
    preset_names,
    require_pass_option,
    workers_option,
)
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading

if TYPE_CHECKING:
    from audio_pipeline.jobs.deliver.run import DeliveryJob, DeliveryOutcome

EPILOG = """\b
Examples:
  render-ending deliver final --delivery netflix-nearfield
  render-ending deliver final theatrical --delivery theatrical --date 2026-11-27
  render-ending deliver final --picture film.mov
  render-ending deliver presets/languages.batch.toml
  render-ending deliver --verify delivered/Unfinished-Conversation_final_v1_netflix-nearfield
"""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _delivery_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from audio_pipeline.preset.project import deliveries_here
    from audio_pipeline.reporting.delivery import delivery_names

    return [name for name in delivery_names(deliveries_here()) if name.startswith(incomplete)]


def _date(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    try:
        if text is not None and (_DATE.fullmatch(text) is None or not date.fromisoformat(text)):
            raise ValueError
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a date like 2026-11-27") from error
    return text


@click.command("deliver", epilog=EPILOG)
@click.argument("mixes", nargs=-1, metavar="[MIX|FILE]...", shell_complete=preset_names)
@click.option(
    "--delivery",
    "deliveries",
    multiple=True,
    metavar="NAME",
    shell_complete=_delivery_names,
    help="Delivery (default: of the batch file or the preset).",
)
@click.option(
    "--date",
    "date_",
    metavar="YYYY-MM-DD",
    callback=_date,
    help="Date (default: of SOURCE_DATE_EPOCH, else today).",
)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value in every mix.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE|black",
    help="Add a preview with this film file, or with black.",
)
@out_option("delivered/")
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Verify the checksums of a folder.",
)
@workers_option
@require_pass_option
@click.option("--no-cache", is_flag=True, help="Do not read or write the cache.")
@output_options
@debug_option
def command(mixes: tuple[str, ...], verify: Path | None, output: Output, **options: Any) -> None:
    """Fill one folder for each mix and delivery: printmaster, stems, M&E, listening copies, report, letter,
    checksums, and with --picture a preview for review. Mixes are rendered first if needed.

    A folder is written whole or not at all, and never overwritten: a mix that has changed becomes the next
    version, with a list of changes. Exit status 0 when all folders exist, 1 when one failed, does not pass with
    --require-pass, or does not pass --verify; 2 for wrong usage.
    """
    if verify is not None:
        others = {key for key, value in options.items() if value not in ((), None, False)}
        if mixes or others:
            raise click.UsageError("--verify takes a folder and no other option")
        _verify(verify, output)
        return
    if not mixes:
        raise click.UsageError("give a MIX, a batch file, or --verify FOLDER")
    _deliver(mixes, options, output)


def _verify(folder: Path, output: Output) -> None:
    with loading():
        from audio_pipeline.jobs.deliver.verify import verify_folder

    found = verify_folder(folder, lambda path, share: output.detail(path))
    if output.json:
        table = asdict(found)
        table |= {"verdict": "pass" if found.passes else "fail"}
        output.document(table)
    else:
        from audio_pipeline.cli.errors import printable

        for fault in found.faults:
            click.echo(printable(fault.sentence()))
        if found.passes:
            lists = ", ".join(found.lists)
            output.note(f"{found.folder}: {found.files} files match ({lists})")
        else:
            output.note(f"{found.folder}: {len(found.faults)} faults; {found.files} files are listed")
    if not found.passes:
        raise click.exceptions.Exit(1)


def _deliver(mixes: tuple[str, ...], options: dict[str, Any], output: Output) -> None:
    with loading():
        from audio_pipeline.jobs.deliver.run import (
            deliver_all,
            refuse_foreign_overview,
            write_overview,
        )

        job = _job(mixes, options)
    refuse_foreign_overview(job.out)  # before anything is rendered
    outcomes: list[DeliveryOutcome] = []
    told: set[tuple[str, str]] = set()

    def on_stage(mix: str, stage: str, share: float) -> None:
        if (mix, stage) not in told:
            told.add((mix, stage))
            output.detail(f"{mix}: {stage}")

    for outcome in deliver_all(job, on_stage):
        outcomes.append(outcome)
        _tell(outcome, output)
    if any(outcome.folder is not None for outcome in outcomes):
        write_overview(outcomes, job.out)
    if output.json:
        output.document([_as_json(outcome) for outcome in outcomes])
    failed = any(outcome.status == "failed" for outcome in outcomes)
    not_passed = [outcome for outcome in outcomes if not outcome.passes]
    if failed or (options["require_pass"] and not_passed):
        raise click.exceptions.Exit(1)


def _job(things: tuple[str, ...], options: dict[str, Any]) -> DeliveryJob:
    from audio_pipeline.cli.cache import users_cache
    from audio_pipeline.jobs.deliver.request import DeliveryRequest, delivery_job
    from audio_pipeline.preset.project import current_project

    request = DeliveryRequest(
        things,
        options["deliveries"],
        options["picture"],
        options["date_"],
        options["sets"],
        options["out"],
        options["workers"] or os.cpu_count() or 1,
        None if options["no_cache"] else users_cache(),
    )
    return delivery_job(current_project(), request)


def _tell(outcome: DeliveryOutcome, output: Output) -> None:
    from audio_pipeline.cli.errors import printable

    if outcome.status == "failed":
        click.echo(printable(f"error: {outcome.mix} for {outcome.delivery}: {outcome.error}"), err=True)
        if outcome.hint is not None:
            click.echo(printable(f"hint: {outcome.hint}"), err=True)
        return
    if output.json or output.quiet:
        return
    assert outcome.folder is not None
    shown = os.path.relpath(outcome.folder)
    shown = str(outcome.folder) if shown.startswith("..") else shown
    verdict = outcome.verdict or "not judged"
    click.echo(printable(f"{outcome.status:>9}  {shown}/  {outcome.delivery}: {verdict}"))
    if outcome.status == "made" and outcome.differs is not None:
        for sentence in outcome.differs:
            click.echo(printable(f"           since {outcome.previous}: {sentence}"))


def _as_json(outcome: DeliveryOutcome) -> dict[str, Any]:
    table = asdict(outcome)
    table["folder"] = None if outcome.folder is None else outcome.folder.name
    return table
