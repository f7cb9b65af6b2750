"""`render-ending check`: the verdict of a delivery, clause by clause."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audio_pipeline.cli.clock import clock_options, picture_of
from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.notes import input_line, print_notes
from audio_pipeline.cli.options import debug_option, markers_option
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading
from audio_pipeline.cli.track import track_option

if TYPE_CHECKING:
    from audio_pipeline.jobs.measure import Known
    from audio_pipeline.reporting.model import LoudnessReport

EPILOG = """\b
Examples:
  render-ending check renders/final.report.json --delivery netflix
  render-ending check renders/final.wav --delivery netflix --dialogue renders/final.stems/final_DX.wav
  render-ending check mix.wav --delivery netflix --markers cues.csv
  render-ending check mix.wav --delivery ebu-r128 --apply mix_r128.wav
  render-ending check mixes/*.wav --delivery ebu-r128 --csv
  render-ending check --list
"""

FILE = click.Path(path_type=Path)


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from audio_pipeline.preset.project import deliveries_here
    from audio_pipeline.reporting.delivery_files import delivery_names

    return [name for name in delivery_names(deliveries_here()) if name.startswith(incomplete)]


@click.command("check", epilog=EPILOG)
@click.argument("files", nargs=-1, type=FILE, metavar="FILE...")
@click.option("--delivery", metavar="NAME", shell_complete=_names, help="Delivery to check against.")
@click.option("--dialogue", type=FILE, metavar="STEM", help="Dialogue stem, for clauses about dialogue.")
@click.option(
    "--apply", type=FILE, metavar="OUT.wav", help="Write FILE with the advised gain and check it."
)
@markers_option("Markers that name sections: ")
@track_option
@clock_options
@click.option("--csv", "as_csv", is_flag=True, help="Print one CSV row for each file.")
@click.option("--list", "as_list", is_flag=True, help="List the deliveries.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of what --json prints.")
@output_options
@debug_option
def command(files: tuple[Path, ...], output: Output, **options: Any) -> None:
    """Check audio files, or their .report.json, against a delivery.

    Exit status: 0 when every clause that applies passes, 1 when one fails or cannot be measured, in any file.
    With several files --json prints a list.
    """
    if options["as_list"]:
        _list(output)
        return
    if options["schema"]:
        from audio_pipeline.reporting.check_result import check_schema

        output.document(check_schema())
        return
    _refuse_misuse(files, options, output)
    known = _known(options)
    if options["apply"] is not None:
        found = [_applied(files[0], known, options["apply"], output)]
    elif len(files) == 1:
        found = [(_judged(files[0], known), None)]
    else:
        _check_many(files, known, options["as_csv"], output)
        return
    (report, gain_db) = found[0]
    output.detail(input_line(report))
    _show(report, gain_db, options["as_csv"], output)
    if report.delivery.verdict != "pass":
        raise click.exceptions.Exit(1)


def _known(options: dict[str, Any]) -> Known:
    picture = picture_of(options["rate"], options["start"])
    with loading():
        from audio_pipeline.jobs.measure import Known
        from audio_pipeline.preset.project import deliveries_here

    return Known(
        markers=options["markers"],
        dialogue=options["dialogue"],
        delivery=options["delivery"],
        own_deliveries=deliveries_here(),
        track=options["track"],
        picture=picture,
    )


def _refuse_misuse(files: tuple[Path, ...], options: dict[str, Any], output: Output) -> None:
    if not files:
        raise click.UsageError("name a FILE to check, or --list")
    if output.json and options["as_csv"]:
        raise click.UsageError("choose one of --json and --csv")
    if len(files) > 1 and options["dialogue"] is not None:
        raise click.UsageError("--dialogue goes with one file; check the files one by one")
    if len(files) > 1 and options["markers"] is not None:
        raise click.UsageError("--markers are those of one file; check the files one by one")
    if options["apply"] is not None and (len(files) > 1 or files[0].name.endswith(".json")):
        raise click.UsageError("--apply goes with one audio file")


def _applied(
    file: Path, known: Known, target: Path, output: Output
) -> tuple[LoudnessReport, float | None]:
    with loading():
        from audio_pipeline.jobs.apply_gain import apply_advice

    if known.delivery is None:
        raise click.UsageError("--delivery is missing; check --list shows the deliveries")
    gain_db, report = apply_advice(file, known, target)
    output.note(f"{target}: {file.name} with a gain of {gain_db:+.2f} dB")
    if known.dialogue is not None and gain_db:
        name = known.dialogue.name
        output.note(f"{name} needs the same gain to stay the dialogue stem of {target.name}")
    return report, gain_db


def _check_many(files: tuple[Path, ...], known: Known, as_csv: bool, output: Output) -> None:
    """Check every file, also after one that cannot be read."""
    with loading():
        from audio_pipeline.errors import ReportError, StemError
        from audio_pipeline.pages.check_tables import HEAD, check_csv, check_rows
        from audio_pipeline.reporting.check_result import checked, not_checked
        from audio_pipeline.reporting.delivery import load_delivery

    if known.delivery is not None:
        load_delivery(
            known.delivery, known.own_deliveries
        )  # an unknown delivery is an error of the command, not of a file
    results = []
    for file in files:
        try:
            results.append(checked(_judged(file, known)))
        except (ReportError, StemError) as error:
            results.append(not_checked(printable(file.name), error))
    if output.json:
        output.document([result.model_dump(mode="json", by_alias=True) for result in results])
    elif as_csv:
        click.echo(check_csv(results), nl=False)
    else:
        from audio_pipeline.cli.tables import print_table

        print_table(HEAD, check_rows(results))
        passed = sum(result.passes for result in results)
        click.echo(f"\n{passed} of {len(results)} pass.")
    if not all(result.passes for result in results):
        raise click.exceptions.Exit(1)


def _show(report: LoudnessReport, gain_db: float | None, as_csv: bool, output: Output) -> None:
    if not (output.json or as_csv):
        _print(report)
        return
    from audio_pipeline.pages.check_tables import check_csv
    from audio_pipeline.reporting.check_result import checked

    result = checked(report, gain_db)
    if output.json:
        output.document(result.model_dump(mode="json", by_alias=True))
    else:
        click.echo(check_csv([result]), nl=False)


def _judged(file: Path, known: Known) -> LoudnessReport:
    with loading():
        from audio_pipeline.jobs.measure import figures_of_file
        from audio_pipeline.reporting.rejudge import rejudged
        from audio_pipeline.reporting.render_set import read_set
        from audio_pipeline.reporting.report_names import SUFFIX

    if file.name.endswith(".json"):
        if known.track is not None:
            raise click.UsageError(f"a {SUFFIX} is about one track; --track goes with an audio file")
        if known.markers is not None:
            raise click.UsageError(f"a {SUFFIX} knows its sections; --markers goes with an audio file")
        if known.dialogue is not None:
            raise click.UsageError(
                f"--dialogue goes with an audio file; a {SUFFIX} holds its dialogue loudness"
            )
        report = read_set(file)
        if known.delivery is None and report.delivery.name is None:
            raise click.UsageError("the report names no delivery; use --delivery NAME")
        return rejudged(report, known.delivery or report.delivery.name or "", known.own_deliveries)
    if known.delivery is None:
        raise click.UsageError("--delivery is missing; check --list shows the deliveries")
    return figures_of_file(file, known)


def _list(output: Output) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.errors import ReportError
    from audio_pipeline.preset.project import deliveries_here
    from audio_pipeline.reporting.delivery import delivery_names, load_delivery
    from audio_pipeline.reporting.figures import FIGURES

    rows, listed = [], []
    own = deliveries_here()
    for name in delivery_names(own):
        try:
            delivery = load_delivery(name, own)
        except ReportError as error:  # the valid deliveries are listed all the same
            output.note(f"warning: {error.message}")
            continue
        demands = [f"{FIGURES[c.figure].label} {c.limit()}" for c in delivery.clauses]
        rows.append((delivery.name, delivery.title, "; ".join(demands)))
        listed.append(
            {
                "name": delivery.name,
                "title": delivery.title,
                "demands": demands,
                "clauses": [{"code": c.code, "source": c.citation()} for c in delivery.clauses],
            }
        )
    if output.json:
        output.document(listed)
        return
    print_table(("delivery", "description", "limits"), rows)


def _print(report: LoudnessReport) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.pages import words

    judged = report.delivery
    click.echo(printable(f"{report.file}: {judged.title} ({judged.name})") + "\n")
    print_table(words.clause_head(), words.clause_rows(report))
    notes = [*report.notes, *words.time_notes(report), *words.leader_notes(report)]
    notes += words.clause_notes(report) + words.source_notes(report) + words.silence_notes(report)
    if (note := words.audibility_note(report)) is not None:
        notes.append(note)
    print_notes(notes, [warning.message for warning in report.warnings])
    colour = {"pass": "green", "fail": "red"}.get(judged.verdict or "", "yellow")
    verdict = f"verdict: {judged.verdict}"
    plain = bool(os.environ.get("NO_COLOR"))
    click.echo("\n" + (verdict if plain else click.style(verdict, fg=colour, bold=True)))
