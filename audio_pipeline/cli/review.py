"""`render-ending review`: a page to choose between mixes by ear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.options import debug_option, preset_names

if TYPE_CHECKING:
    from audio_pipeline.pages.review import Take

EPILOG = """\b
Examples:
  render-ending review final hard-cut last-breath
  render-ending review renders/
  render-ending review monday/final.wav tuesday/final.wav --out choice.html
"""


@click.command("review", epilog=EPILOG)
@click.argument("things", nargs=-1, metavar="A B [C...]", shell_complete=preset_names)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Write here, not to renders/review.html.",
)
@debug_option
def command(things: tuple[str, ...], out: Path | None) -> None:
    """Make a page that plays mixes level-matched, switched without a gap, blind if you like.

    Name presets that are rendered, reports, audio files, or one folder of renders. The page is one file
    that works without a network.
    """
    if not things:
        raise click.UsageError("name two mixes to review, or a folder of renders")
    from audio_pipeline.pages.review import (
        MOST_MIXES,
        listening_copy,
        matching,
        names_of,
        take_of,
        write_review,
    )

    paths = [path for thing in things for path in _renders(thing)]
    if not 2 <= len(paths) <= MOST_MIXES:
        raise click.UsageError(f"a review wants 2 to {MOST_MIXES} mixes; here are {len(paths)}")
    takes = [take_of(path) for path in paths]
    copies = _copies(takes, listening_copy)
    page = out if out is not None else _default_page()
    write_review(page, takes, copies)
    _, gains = matching([take.report for take in takes], [take.plays_lu for take in takes])
    for name, gain in zip(names_of(takes), gains, strict=True):
        click.echo(f"{gain:+7.2f} dB  {printable(name)}", err=True)
    click.echo(printable(str(page)))


def _renders(thing: str) -> list[Path]:
    """The files that an argument means. Raises ReportError for a preset that is not rendered."""
    from audio_pipeline.errors import ReportError
    from audio_pipeline.preset.project import current_project
    from audio_pipeline.reporting.report_file import SUFFIX, renders_in

    path = Path(thing)
    if path.is_dir():
        return list(renders_in(path).values())
    if path.suffix:
        return [path]
    rendered = current_project().renders / f"{thing}{SUFFIX}"
    if not rendered.is_file():
        raise ReportError(
            f"there is no render {thing!r} in {rendered.parent.name}/",
            hint=f"Make it with: render-ending --preset {thing}",
        )
    return [rendered]


def _default_page() -> Path:
    from audio_pipeline.preset.project import current_project

    return current_project().renders / "review.html"


def _copies(takes: list[Take], make: Callable[[Take], bytes]) -> list[bytes]:
    """Every listening copy; encoding leaves Python, so that threads share the cores."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(make, takes))
