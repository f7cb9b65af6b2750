"""`render-ending init`: a new project."""

from __future__ import annotations

from pathlib import Path

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.options import debug_option


@click.command(
    "init", epilog="\b\nExample:\n  render-ending init film && cd film && render-ending --preset final"
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@debug_option
def command(folder: Path) -> None:
    """Start a new project in DIR: presets/, stems/ with two demo voices, renders/.

    Nothing that exists is overwritten.
    """
    from audio_pipeline.preset.starter import start_project

    written = start_project(folder)
    presets = sum(name.startswith("presets/") for name in written)
    name = printable(str(folder))
    click.echo(f"{name}: {presets} presets, the demo stems, and renders/", err=True)
    click.echo(f"next: cd {name} && render-ending --preset final", err=True)
