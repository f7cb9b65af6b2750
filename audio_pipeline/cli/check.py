"""`render-ending check`: the verdict of a delivery, clause by clause."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.clock import clock_options, picture_of
from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.notes import print_notes, what_was_read
from audio_pipeline.cli.options import debug_option
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading
from audio_pipeline.cli.track import track_option

if TYPE_CHECKING:
    from audio_pipeline.reporting.model import LoudnessReport
    from audio_pipeline.reporting.own_facts import Picture

EPILOG = """\b
Examples:
  render-ending check renders/final.report.json --delivery netflix
  render-ending check renders/final.wav --delivery netflix --dialogue renders/final.stems/final_DX.wav
  render-ending check mix.wav --delivery ebu-r128 --json
  render-ending check --list
"""

FILE = click.Path(path_type=Path)


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from audio_pipeline.reporting.delivery import delivery_names

    return [name for name in delivery_names() if name.startswith(incomplete)]


@click.command("check", epilog=EPILOG)
@click.argument("file", required=False, type=FILE)
@click.option("--delivery", metavar="NAME", shell_complete=_names, help="What it must comply with.")
@click.option("--dialogue", type=FILE, metavar="STEM", help="The dialogue stem, for clauses about it.")
@track_option
@clock_options
@click.option("--list", "as_list", is_flag=True, help="List the deliveries there are.")
@output_options
@debug_option
def command(
    file: Path | None,
    delivery: str | None,
    dialogue: Path | None,
    track: int | None,
    rate: str | None,
    start: str | None,
    as_list: bool,
    output: Output,
) -> None:
    """Check an audio file, or its .report.json, against a delivery.

    Exit status 0 when every clause that applies passes, 1 when one fails or cannot be measured.
    """
    if as_list:
        _list(output)
        return
    if file is None:
        raise click.UsageError("name a FILE to check, or --list")
    report = _judged(file, delivery, dialogue, picture_of(rate, start), track)
    output.detail(what_was_read(report))
    if output.json:
        output.document({"file": report.file, **report.delivery.model_dump(mode="json")})
    else:
        _print(report)
    if report.delivery.verdict != "pass":
        raise click.exceptions.Exit(1)


def _judged(
    file: Path, delivery: str | None, dialogue: Path | None, picture: Picture, track: int | None
) -> LoudnessReport:
    with loading():
        from audio_pipeline.jobs.measure import Known, measure_file
        from audio_pipeline.reporting.rejudge import rejudged
        from audio_pipeline.reporting.render_set import read_set
        from audio_pipeline.reporting.report_names import SUFFIX

    if file.name.endswith(".json"):
        if track is not None:
            raise click.UsageError(f"a {SUFFIX} is about one track; --track goes with an audio file")
        if dialogue is not None:
            raise click.UsageError(f"a {SUFFIX} knows its dialogue; --dialogue goes with an audio file")
        report = read_set(file)
        if delivery is None and report.delivery.name is None:
            raise click.UsageError("the report names no delivery; say --delivery NAME")
        return rejudged(report, delivery or report.delivery.name or "")
    if delivery is None:
        raise click.UsageError("say --delivery NAME; check --list shows which there are")
    return measure_file(file, Known(dialogue=dialogue, delivery=delivery, track=track, picture=picture))


def _list(output: Output) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.reporting.delivery import delivery_names, load_delivery
    from audio_pipeline.reporting.figures import FIGURES

    rows, listed = [], []
    for delivery in map(load_delivery, delivery_names()):
        demands = [f"{FIGURES[c.figure].label} {c.limit()}" for c in delivery.clauses]
        rows.append((delivery.name, delivery.title, "; ".join(demands)))
        listed.append({"name": delivery.name, "title": delivery.title, "demands": demands})
    if output.json:
        output.document(listed)
        return
    print_table(("delivery", "what it is", "what it asks for"), rows)


def _print(report: LoudnessReport) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.pages import words

    judged = report.delivery
    click.echo(printable(f"{report.file}: {judged.title} ({judged.name})") + "\n")
    print_table(words.clause_head(), words.clause_rows(report))
    notes = words.time_notes(report) + words.clause_notes(report) + words.silence_notes(report)
    if (note := words.audibility_note(report)) is not None:
        notes.append(note)
    print_notes(notes, [warning.message for warning in report.warnings])
    colour = {"pass": "green", "fail": "red"}.get(judged.verdict or "", "yellow")
    verdict = f"verdict: {judged.verdict}"
    plain = bool(os.environ.get("NO_COLOR"))
    click.echo("\n" + (verdict if plain else click.style(verdict, fg=colour, bold=True)))
