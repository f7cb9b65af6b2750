"""`render-ending review`: write a page to compare mixes by ear."""

from __future__ import annotations

from pathlib import Path

import click

from audio_pipeline.cli.clock import clock_options, picture_of
from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.notes import tell_how_read
from audio_pipeline.cli.options import debug_option, preset_names
from audio_pipeline.cli.output import Output, open_in_browser, open_option, output_options
from audio_pipeline.cli.track import track_option

EPILOG = """\b
Examples:
  render-ending review final hard-cut last-breath
  render-ending review renders/
  render-ending review final hard-cut --notes review.json
  render-ending review monday/final.wav tuesday/final.wav --out choice.html
"""


@click.command("review", epilog=EPILOG)
@click.argument("things", nargs=-1, metavar="A B [C...]", shell_complete=preset_names)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Page to write (default: renders/review.html).",
)
@click.option(
    "--notes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Open exported notes: JSON, CSV, EDL, XML.",
)
@track_option
@clock_options
@open_option
@output_options
@debug_option
def command(
    things: tuple[str, ...],
    out: Path | None,
    notes: Path | None,
    track: int | None,
    rate: str | None,
    start: str | None,
    open_page: bool,
    output: Output,
) -> None:
    """Write a page that compares mixes by ear: level-matched, gapless, optionally blind.

    Name rendered presets, reports, audio files, or one folder of renders. The page is one file that works
    offline.
    """
    if not things:
        raise click.UsageError("name two mixes to review, or a folder of renders")
    from audio_pipeline.jobs.review import renders_of, review
    from audio_pipeline.pages.review import MOST_MIXES

    renders = [path for thing in things for path in renders_of(thing)]
    if not 2 <= len(renders) <= MOST_MIXES:
        raise click.UsageError(f"a review takes 2 to {MOST_MIXES} mixes, not {len(renders)}")
    page, gains = review(
        renders,
        out,
        track,
        lambda report: tell_how_read(report, output),
        picture_of(rate, start),
        notes,
    )
    for path, (name, gain) in zip(renders, gains, strict=True):
        output.note(f"{gain:+7.2f} dB  {name}")
        output.detail(f"{name}: {path}")
    if output.json:
        mixes = [{"name": name, "gain_db": gain} for name, gain in gains]
        output.document({"page": str(page), "mixes": mixes})
    else:
        click.echo(printable(str(page)))
    if open_page:
        open_in_browser(page.absolute().as_uri(), output)
