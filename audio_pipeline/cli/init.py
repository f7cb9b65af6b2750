"""`render-ending init`: start a new project."""

from __future__ import annotations

from pathlib import Path

import click

from audio_pipeline.cli.options import debug_option
from audio_pipeline.cli.output import Output, output_options


@click.command(
    "init", epilog="\b\nExample:\n  render-ending init film && cd film && render-ending --preset final"
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@output_options
@debug_option
def command(folder: Path, output: Output) -> None:
    """Start a new project in DIR: presets/, stems/ with two demo voices, renders/.

    Existing files are not overwritten.
    """
    from audio_pipeline.preset.starter import start_project

    written = start_project(folder)
    presets = sum(name.startswith("presets/") for name in written)
    for name in written:
        output.detail(f"wrote {folder / name}")
    if output.json:
        output.document({"folder": str(folder), "written": written})
    output.note(f"{folder}: {presets} presets, the demo stems, and renders/")
    output.note(f"next: cd {folder} && render-ending --preset final")
