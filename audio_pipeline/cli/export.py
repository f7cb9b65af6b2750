"""`render-ending export`: export a mix as a session of another program."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.options import (
    debug_option,
    out_option,
    preset_names,
    stem_files,
    voice_options,
    workers_option,
)
from audio_pipeline.cli.output import Output, output_options

FORMATS = ("reaper", "otio", "fcp7", "aaf", "edl", "csv")

EPILOG = """\b
Examples:
  render-ending export final --to reaper
  render-ending export final --to reaper --layers
  render-ending export renders/final.report.json --to aaf --out handover
"""


@click.command("export", epilog=EPILOG)
@click.argument("mix", metavar="MIX", shell_complete=preset_names)
@click.option(
    "--to",
    "to",
    required=True,
    type=click.Choice(FORMATS),
    help="The format of the session.",
)
@click.option(
    "--layers",
    is_flag=True,
    help="Export dry layers with automation (reaper, otio, csv).",
)
@out_option("MIX.export beside the render")
@voice_options
@workers_option
@output_options
@debug_option
def command(
    mix: str,
    to: str,
    layers: bool,
    out: Path | None,
    voice_a: Path | None,
    voice_b: Path | None,
    workers: int | None,
    output: Output,
) -> None:
    """Export a mix as a session: its stems at their timecodes, its cues as markers.

    MIX is a preset, or a render: its name, report or master. Missing stems are rendered. Paths in the
    session are relative, so its folder can be moved.
    """
    from audio_pipeline.cli.cache import users_cache
    from audio_pipeline.errors import PresetError
    from audio_pipeline.jobs.export.export import SUFFIXES, export
    from audio_pipeline.jobs.export.rendered_mix import MixRequest
    from audio_pipeline.preset.project import current_project

    files = stem_files(voice_a, voice_b)
    request = MixRequest(None, mix, workers or os.cpu_count() or 1, users_cache(), files)
    try:
        request = replace(request, project=current_project())
    except PresetError:
        if not request.is_file:  # a report or master needs no project
            raise
    (format_,) = (known for known in SUFFIXES if known == to)
    made = export(request, format_, layers=layers, out=out)
    session = made.session
    output.detail(f"{len(session.tracks)} tracks, {len(session.markers)} markers")
    output.detail(f"starts at {session.timecode(0)}, {session.rate.name} frames/s")
    if output.json:
        output.document(
            {
                "file": str(made.file),
                "audio": [str(path) for path in made.audio],
                "format": to,
                "start_timecode": session.timecode(0),
                "picture_rate": session.rate.name,
                "sample_rate_hz": session.sample_rate_hz,
                "length_samples": session.length_samples,
                "tracks": [
                    {"name": t.name, "muted": t.muted, "automation_points": len(t.automation)}
                    for t in session.tracks
                ],
                "markers": [
                    {
                        "name": m.name,
                        "at_samples": m.at_samples,
                        "timecode": session.timecode(m.at_samples),
                    }
                    for m in session.markers
                ],
            }
        )
    else:
        click.echo(printable(str(made.file)))
