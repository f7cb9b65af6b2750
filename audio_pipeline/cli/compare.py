"""`render-ending compare`: reports or audio files side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.clock import clock_options, picture_of
from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.notes import print_notes, tell_how_read
from audio_pipeline.cli.options import debug_option
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading
from audio_pipeline.cli.track import track_option

if TYPE_CHECKING:
    from audio_pipeline.jobs.compare import Pairing
    from audio_pipeline.reporting.comparison import Comparison, Tolerance

EPILOG = """\b
Examples:
  render-ending compare renders/final.report.json renders/hard-cut.report.json
  render-ending compare monday/ tuesday/ --tolerance 0.2 --tolerance true_peak_dbtp=0.1
  render-ending compare a.wav b.wav c.wav --plot difference.png
  render-ending compare old.report.json new.report.json --markdown
  render-ending compare monday/final.wav tuesday/final.wav --timbre
  render-ending compare monday/final.wav tuesday/final.wav --null
"""

FILE = click.Path(path_type=Path)


@click.command("compare", epilog=EPILOG)
@click.argument("things", nargs=-1, type=FILE, metavar="A B [C...]")
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="[FIGURE=]NUMBER",
    help="Tolerance of all levels (0.5) or of one figure; repeatable.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print one CSV row for each figure.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown tables.")
@click.option("--plot", type=FILE, metavar="FILE.png|svg", help="Plot loudness over time.")
@track_option
@clock_options
@click.option("--timbre", is_flag=True, help="Compare the timbre of audio files.")
@click.option("--null", is_flag=True, help="Subtract two audio files: identical, rounding or change.")
@output_options
@debug_option
def command(
    things: tuple[Path, ...],
    tolerances: tuple[str, ...],
    as_csv: bool,
    as_markdown: bool,
    plot: Path | None,
    timbre: bool,
    null: bool,
    track: int | None,
    rate: str | None,
    start: str | None,
    output: Output,
) -> None:
    """Compare reports (.report.json), audio files, or folders of renders with the first of them.

    Exit status 0 when every figure is within its tolerance, 1 when one is not, 3 when nothing is
    comparable. Of folders, the mixes that all of them hold are compared; the others are listed.
    """
    if len(things) < 2:
        raise click.UsageError("name two or more reports, audio files or folders")
    if output.json + as_csv + as_markdown > 1:
        raise click.UsageError("choose one of --json, --csv and --markdown")
    if track is not None and (timbre or null):
        raise click.UsageError("--track does not go with --timbre or --null")
    if timbre or null:
        from audio_pipeline.cli.compare_audio import print_null_test, print_timbre
        from audio_pipeline.jobs.compare import names_of

        (print_timbre if timbre else print_null_test)(things, names_of(things), output.json)
        return
    tolerance, picture = _tolerance(tolerances), picture_of(rate, start)
    with loading():
        from audio_pipeline.jobs.compare import compare, paired

    pairing = paired(things)
    groups = pairing.groups
    left_out = _left_out(pairing)
    if not groups:
        _refuse(things, left_out)
    if plot is not None and len(groups) > 1:
        raise click.UsageError("--plot draws one comparison; name the two files")
    comparisons = [(group.title, compare(group, tolerance, track, picture)) for group in groups]
    for group in groups:
        for file in group.files:
            output.detail(f"compared: {file}")
    for _, comparison in comparisons:
        for report in comparison.reports:
            tell_how_read(report, output)
    _print(comparisons, pairing, output, as_csv, as_markdown)
    for sentence in left_out:
        if output.json or as_csv:
            output.note(sentence)
        else:
            click.echo(_escaped(sentence) if as_markdown else printable(sentence))
    if plot is not None:
        from audio_pipeline.pages.curves import write_curves

        write_curves(comparisons[0][1], plot)
    if not all(comparison.same for _, comparison in comparisons):
        raise click.exceptions.Exit(1)


def _left_out(pairing: Pairing) -> list[str]:
    """A sentence for each folder with renders that not all folders have."""
    return [f"Not compared, only in {folder}: {', '.join(names)}." for folder, names in pairing.left_out]


def _escaped(sentence: str) -> str:
    from audio_pipeline.pages.compare_words import markdown_text

    return f"- {markdown_text(sentence)}"


def _refuse(folders: tuple[Path, ...], left_out: list[str]) -> None:
    shown = ", ".join(map(str, folders))
    click.echo(printable(f"not comparable: no report or audio file is in all of {shown}"), err=True)
    for sentence in left_out:
        click.echo(printable(sentence), err=True)
    raise click.exceptions.Exit(3)


def _tolerance(texts: tuple[str, ...]) -> Tolerance:

    from audio_pipeline.reporting.comparison import Tolerance, tolerated_names
    from audio_pipeline.suggestions import did_you_mean

    levels: float | None = None
    named: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (0.0 <= value < math.inf):
            raise click.BadParameter(f"{text!r} must be a number of 0 or more", param_hint="--tolerance")
        if not equals:
            levels = value
            continue
        if name not in tolerated_names():
            meant = did_you_mean(name, tolerated_names(), "; {}")
            raise click.BadParameter(
                f"unknown figure {name!r}{meant} The figures are: {', '.join(tolerated_names())}.",
                param_hint="--tolerance",
            )
        named[name] = value
    return Tolerance(levels, named)


def _print(
    comparisons: list[tuple[str, Comparison]],
    pairing: Pairing,
    output: Output,
    as_csv: bool,
    as_markdown: bool,
) -> None:
    from audio_pipeline.pages import compare_words
    from audio_pipeline.pages.csv_tables import to_csv

    if output.json:
        rest = {str(folder): list(names) for folder, names in pairing.left_out}
        shown = [
            {"name": title or None, **compare_words.as_dict(c), "left_out": rest}
            for title, c in comparisons
        ]
        output.document(shown[0] if len(shown) == 1 else shown)
        return
    for title, comparison in comparisons:
        if as_csv:
            click.echo(to_csv(*compare_words.as_table(comparison)), nl=False)
        elif as_markdown:
            _print_markdown(title, comparison)
        else:
            _print_tables(title, comparison)


def _tables(comparison: Comparison) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """(title, head, rows) of every table that has rows."""
    from audio_pipeline.pages import compare_words as words

    head = words.head(comparison)
    tables = [
        ("Figures", head, words.figure_rows(comparison)),
        ("Sections", head, words.section_rows(comparison)),
        ("Dropout", head, words.dropout_rows(comparison)),
        ("Preset", ("key", *comparison.names), words.preset_rows(comparison)),
    ]
    return [table for table in tables if table[2]]


def _print_markdown(title: str, comparison: Comparison) -> None:
    from audio_pipeline.pages import compare_words as words

    if title:
        click.echo(f"## {words.markdown_text(title)}\n")
    for name, head, rows in _tables(comparison):
        click.echo(words.markdown(name, head, rows))
    for note in words.notes(comparison):
        click.echo(f"- {words.markdown_text(note)}")


def _print_tables(title: str, comparison: Comparison) -> None:
    from audio_pipeline.cli.tables import print_table
    from audio_pipeline.pages import compare_words as words

    if title:
        click.echo(printable(f"== {title}") + "\n")
    for n, (name, head, rows) in enumerate(_tables(comparison)):
        if n:
            click.echo()
        print_table((name, *head[1:]), rows)
    print_notes(words.notes(comparison), [])
    if title:
        click.echo()
