"""`render-ending retime`: move a preset to a new cut of the picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from audio_pipeline.cli.errors import printable, printable_json
from audio_pipeline.cli.options import debug_option, markers_option, preset_names, workers_option
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading

EPILOG = """\b
Examples:
  render-ending retime final --markers locked.csv
  render-ending retime final --old cut1.edl --new cut2.edl --name final-cut2

\b
Exit status 1 when a cut removes or overlaps a cue; nothing is written then.
"""

FILE = click.Path(path_type=Path)
MOST_SPANS = 8


@click.command("retime", epilog=EPILOG)
@click.argument("preset", shell_complete=preset_names)
@markers_option("Markers that cues move to: ")
@click.option("--old", type=FILE, metavar="A.edl", help="Edit list of the cut that PRESET was made for.")
@click.option(
    "--new", type=FILE, metavar="B.edl", help="Edit list of the new cut; cues move with the picture."
)
@click.option("--name", metavar="NAME", help="Name of the new preset (default: PRESET-retimed).")
@click.option(
    "--report",
    type=FILE,
    metavar="FILE.json",
    help="Report to write (default: renders/NAME.retime.json).",
)
@workers_option
@output_options
@debug_option
def command(preset: str, output: Output, **options: Any) -> None:
    """Move the cues of PRESET to a new picture, and list what stayed the same.

    Lists the moves, writes a short preset that extends PRESET, mixes both presets, and lists the spans whose
    samples are equal. Picture rate and start are those of PRESET.
    """
    markers, old, new = options["markers"], options["old"], options["new"]
    if (markers is None) == (old is None and new is None) or (old is None) != (new is None):
        raise click.UsageError("give --markers FILE, or --old A.edl and --new B.edl")
    with loading():
        from audio_pipeline.cli.cache import users_cache
        from audio_pipeline.jobs.retime import NewPicture, retime
        from audio_pipeline.jobs.retime_report import retime_document, write_retime_report
        from audio_pipeline.preset.project import current_project

    project = current_project()
    name = options["name"] or f"{preset}-retimed"
    workers = options["workers"] or os.cpu_count() or 1
    found = retime(project, preset, NewPicture(markers, old, new), name, users_cache(), workers)
    document = retime_document(found)
    output.detail(f"{preset}: {len(found.moves)} times, {len(found.moved())} move")
    report = None
    if found.file is not None:
        report = options["report"] or project.renders / f"{name}.retime.json"
        write_retime_report(report, document)
    if output.json:
        click.echo(printable_json(_json(document)), nl=False)
    else:
        _tell(document, None if found.file is None else project.shown(found.file), report, output)
    if found.problems:
        for problem in found.problems:
            click.echo(printable(f"error: {problem}"), err=True)
        click.echo(
            "hint: Nothing was written. Give the cue a place of its own with --markers.", err=True
        )
        raise click.exceptions.Exit(1)


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tell(document: dict[str, Any], file: str | None, report: Path | None, output: Output) -> None:
    from audio_pipeline.cli.tables import print_table

    click.echo(printable(document["picture"]))
    moved = [move for move in document["moves"] if move["frames"]]
    for note in document["notes"]:
        click.echo(printable(note))
    if not moved:
        click.echo("Nothing moves.")
        return
    click.echo()
    print_table(
        ("moves", "old", "new", "frames"),
        [(m["name"], m["old"], m["new"], f"{m['frames']:+g}") for m in moved],
    )
    if file is None:
        return
    click.echo("\n" + printable(f"{file}: extends {document['preset']}"))
    compared = document["compared_samples"]
    shares = ", ".join(
        f"{name} {100 * count / compared:.1f} %" for name, count in document["equal_samples"].items()
    )
    click.echo(f"equal samples of {compared}: {shares}\n")
    rows = []
    for name, spans in document["equal"].items():
        longest = sorted(spans, key=lambda s: s["start_samples"] - s["stop_samples"])[:MOST_SPANS]
        shown = sorted(longest, key=lambda s: s["start_samples"])
        rows += [(name, s["start"], s["stop"], s["stop_samples"] - s["start_samples"]) for s in shown]
        if len(spans) > MOST_SPANS:
            rows.append((name, "…", f"{len(spans) - MOST_SPANS} more", ""))
    print_table(("equal", "from", "to", "samples"), [tuple(map(str, row)) for row in rows])
    click.echo()
    for name, causes in document["sounds"].items():
        if causes:
            output.detail(f"{name} depends on {', '.join(causes)}")
    same = [name for name, causes in document["sounds"].items() if not causes]
    if same:
        click.echo(printable(f"depends on nothing that moved: {', '.join(same)}"))
    click.echo(printable(f"report: {report}"))
