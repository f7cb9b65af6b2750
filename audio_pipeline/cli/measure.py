"""`render-ending measure`: the loudness report of any audio file."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audio_pipeline.cli.clock import clock_options, picture_of
from audio_pipeline.cli.errors import printable, printable_json
from audio_pipeline.cli.notes import input_line, print_notes
from audio_pipeline.cli.options import debug_option, markers_option, preset_names
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading
from audio_pipeline.cli.track import track_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audio_pipeline.metering.self_test import Row
    from audio_pipeline.reporting.model import LoudnessReport

EPILOG = """\b
Examples:
  render-ending measure renders/final.wav
  render-ending measure renders/final.wav --preset final --json
  render-ending measure mix.wav --markers cues.csv --csv --sections
  render-ending measure stems/voice_a.flac stems/voice_b.flac
  render-ending measure film.mxf --track 3
"""

FILE = click.Path(path_type=Path)


@click.command("measure", epilog=EPILOG)
@click.argument("files", nargs=-1, type=FILE, metavar="FILE...")
@click.option(
    "--preset", metavar="NAME", shell_complete=preset_names, help="Preset whose cues mark the sections."
)
@markers_option("Markers that name sections: ")
@click.option("--fade", default="250ms", metavar="TIME", help="Specified fall time of a marked dropout.")
@clock_options
@track_option
@click.option("--dialogue", type=FILE, metavar="STEM", help="Dialogue stem, for levels relative to it.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one CSV row for each file.")
@click.option("--sections", is_flag=True, help="With --csv: one row for each section.")
@click.option("--self-test", is_flag=True, help="Measure the synthesised EBU test signals.")
@output_options
@debug_option
def command(files: tuple[Path, ...], self_test: bool, output: Output, **options: Any) -> None:
    """Measure loudness, true peak, sections and the dropout of audio files.

    --json prints the report, of several files a list.
    """
    if self_test:
        _self_test(output)
        return
    if not files:
        raise click.UsageError("name a FILE to measure, or --self-test")
    if options["preset"] and options["markers"]:
        raise click.UsageError("choose one of --preset and --markers")
    if output.json and options["as_csv"]:
        raise click.UsageError("choose one of --json and --csv")
    if options["sections"] and not options["as_csv"]:
        raise click.UsageError("--sections goes with --csv")
    picture, fade_s = picture_of(options["rate"], options["start"]), _length("--fade", options["fade"])
    with loading():
        from audio_pipeline.jobs.measure import Known, figures_of_file, measure

    known = Known(
        preset=options["preset"],
        markers=options["markers"],
        fade_s=fade_s,
        dialogue=options["dialogue"],
        track=options["track"],
        picture=picture,
    )
    reports = measure(files, known) if output.json else [figures_of_file(path, known) for path in files]
    for report in reports:
        output.detail(input_line(report))
    _print(reports, options, output)


def _length(option: str, text: str) -> Fraction:
    from audio_pipeline.timeline.moments import Clock, parse_duration
    from audio_pipeline.timeline.timecode import RATES

    try:
        return Clock(RATES["24"]).duration(parse_duration(text))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _print(reports: list[LoudnessReport], options: dict[str, Any], output: Output) -> None:
    from audio_pipeline.pages.csv_tables import files_csv, sections_csv
    from audio_pipeline.reporting.report_json import to_json

    if output.json:
        click.echo(printable_json(to_json(reports[0] if len(reports) == 1 else reports)), nl=False)
    elif options["as_csv"]:
        click.echo((sections_csv if options["sections"] else files_csv)(reports), nl=False)
    elif len(reports) == 1:
        _print_one(reports[0])
    else:
        _print_many(reports)


def _print_one(report: LoudnessReport) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.pages import words

    click.echo(printable(f"{report.file}") + "\n")
    for label, value, remark in words.headline_rows(report) + words.dropout_rows(report):
        click.echo(f"  {label:<24} {value:>14}  {printable(remark)}".rstrip())
    if report.sections:
        click.echo()
        print_table(words.section_head(), words.section_rows(report))
    notes = [*report.notes, *words.time_notes(report), *words.leader_notes(report)]
    notes += words.silence_notes(report)
    if (note := words.audibility_note(report)) is not None:
        notes.append(note)
    if report.delivery.name:
        notes.append(f"Delivery {report.delivery.name}: {report.delivery.verdict}.")
    print_notes(notes, [warning.message for warning in report.warnings])


def _print_many(reports: list[LoudnessReport]) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.reporting.figures import shown

    print_table(
        ("file", "length s", "LUFS", "LRA", "short", "dBTP", "floor", "verdict"),
        [
            (
                r.file,
                f"{r.duration_s:8.2f}",
                f"{shown(r.integrated_lufs, 1):>5}",
                f"{shown(r.loudness_range_lu, 1):>5}",
                f"{shown(r.max_short_term_lufs, 1):>5}",
                f"{shown(r.true_peak_dbtp, 1):>5}",
                f"{shown(getattr(r.dropout, 'floor_dbfs', None), 1):>5}",
                r.delivery.verdict or "-",
            )
            for r in reports
        ],
    )
    print_notes(
        [note for r in reports for note in r.notes],
        [f"{r.file}: {w.message}" for r in reports for w in r.warnings],
    )


def _self_test(output: Output) -> None:
    from audio_pipeline.metering.self_test import run_self_test

    results = run_self_test(48_000)
    failed = sum(not row.passed for row in results)
    if output.json:
        output.document([{**asdict(row), "passed": row.passed} for row in results])
    else:
        _print_self_test(results, len(results) - failed)
    if failed:
        raise click.exceptions.Exit(1)


def _print_self_test(results: Sequence[Row], passed: int) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.reporting.figures import shown

    print_table(
        ("EBU case", "what", "wanted", "measured", "verdict"),
        [
            (
                row.case,
                row.what,
                f"{row.expected:6.1f}",
                f"{shown(row.measured, 2):>6}",
                "pass" if row.passed else "FAIL",
            )
            for row in results
        ],
    )
    click.echo(f"\n{passed} of {len(results)} within the standards' tolerance at 48 kHz.")
