"""`render-ending presets`: list the presets, show one, or print the JSON Schema for editors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.lazy_import import lazy_import
from audio_pipeline.cli.options import debug_option, preset_names, stem_files, voice_options
from audio_pipeline.cli.output import Output, output_options
from audio_pipeline.cli.process import loading
from audio_pipeline.errors import AudioPipelineError

if TYPE_CHECKING:
    from audio_pipeline.preset.document import Document
    from audio_pipeline.preset.explain import Change
    from audio_pipeline.preset.model import Preset
    from audio_pipeline.preset.project import Project
    from audio_pipeline.timeline.picture_lock import PictureLock

EPILOG = """\b
Examples:
  render-ending presets
  render-ending presets long-wait
  render-ending presets long-wait --all
  render-ending presets final --voice-a stems/fr_a.wav --voice-b stems/fr_b.wav
  render-ending presets --schema > preset.schema.json
"""


@click.command("presets", epilog=EPILOG)
@click.argument("name", required=False, shell_complete=preset_names)
@voice_options
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value of the preset.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="REPORT",
    help="Report of another language, for its cues and slots.",
)
@click.option(
    "--all", "all_values", is_flag=True, help="List every value with its description and origin."
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of preset files.")
@output_options
@debug_option
def command(
    name: str | None,
    voice_a: Path | None,
    voice_b: Path | None,
    sets: tuple[str, ...],
    reference: Path | None,
    all_values: bool,
    schema: bool,
    output: Output,
) -> None:
    """List the presets; with NAME, show its cues and what it changes against its base."""
    lazy_import("numpy")
    with loading():
        if schema:
            from audio_pipeline.preset.registry import EFFECTS, LAYERS
            from audio_pipeline.preset.schema import preset_schema

            output.document(preset_schema())
            for problem in (*LAYERS.problems(), *EFFECTS.problems()):
                output.note(f"warning: {problem.message}")
            return
        from audio_pipeline.preset.project import current_project

        project, files = current_project(), stem_files(voice_a, voice_b)
        output.detail(f"project: {project.root}")
        if name is None:
            given = {
                "--set": sets,
                "--voice-a and --voice-b": files,
                "--reference": reference,
                "--all": all_values,
            }
            option = next((option for option, value in given.items() if value), None)
            if option is not None:
                raise click.UsageError(f"{option} needs the NAME of a preset")
            _list(project, output)
        else:
            _explain(project, name, sets, files, reference, output, all_values=all_values)


def _list(project: Project, output: Output) -> None:
    from audio_pipeline.preset.checked_sounds import CheckedSounds
    from audio_pipeline.preset.document import ReadBefore, load_document
    from audio_pipeline.preset.explain import overrides
    from audio_pipeline.preset.headers import Headers
    from audio_pipeline.preset.model import Known, build_preset
    from audio_pipeline.preset.stems import planned_timing

    # presets share most of their tables, checked once: 12 % of the list
    known, tables, headers, checked = ReadBefore(), Known(), Headers(project), CheckedSounds()
    built: dict[str, Preset] = {}

    def preset_of(document: Document) -> Preset:
        if document.name not in built:  # many presets have one base
            built[document.name] = build_preset(document, tables)
        return built[document.name]

    rows: list[dict[str, Any]] = []
    for name in project.preset_names():
        try:
            document = load_document(project, name, known=known)
            preset = preset_of(document)
            timing = planned_timing(project, preset, {}, headers=headers, checked=checked)
            length_s = float(timing.schedule.named("end"))
            base = document.base
            changes = overrides(preset, preset_of(base)) if base is not None else {}
            rows.append(
                {
                    "name": name,
                    "length_s": length_s,
                    "delivery": preset.master.delivery,
                    "extends": base.name if base is not None else None,
                    "changes": changes,
                    "description": preset.head.description,
                    "error": None,
                }
            )
        except AudioPipelineError as error:
            rows.append({"name": name, "error": error.message})
    if output.json:
        output.document(rows)
        return
    from audio_pipeline.cli.tables import print_table

    print_table(
        ("preset", "length", "delivery", "changes"),
        [
            (r["name"], "", "", f"error: {r['error']}")
            if r["error"]
            else (r["name"], f"{r['length_s']:.1f} s", r["delivery"], _changes(r))
            for r in rows
        ],
    )


def _changes(row: dict[str, Any]) -> str:
    if row["extends"] is None:
        return str(row["description"])
    shown = [f"{_short(key)} = {_text(value)}" for key, value in row["changes"].items()]
    if len(shown) > 4:
        shown = [*shown[:4], f"… and {len(shown) - 4} more"]
    return ", ".join(shown) or f"the same as {row['extends']}"


def _short(key: str) -> str:
    return key.removeprefix("layers.").removeprefix("effects.").removeprefix("cues.")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _lock(reference: Path, preset: Preset) -> PictureLock:
    from audio_pipeline.jobs.reference import read_reference, reference_of_report

    return reference_of_report(read_reference(reference), reference, preset).lock


def _explain(
    project: Project,
    name: str,
    sets: tuple[str, ...],
    files: dict[str, Path],
    reference: Path | None,
    output: Output,
    *,
    all_values: bool,
) -> None:
    from audio_pipeline.preset.document import load_document
    from audio_pipeline.preset.explain import cue_times, values_of
    from audio_pipeline.preset.lines import slots_of
    from audio_pipeline.preset.model import build_preset
    from audio_pipeline.preset.overruns import overruns_of
    from audio_pipeline.preset.stems import planned_timing, refuse_unreadable, revoiced

    preset = build_preset(revoiced(load_document(project, name, sets), files))
    base, changes = _changes_of(project, preset, name if sets or files else None)
    if files:  # they are checked even if no cue depends on them
        refuse_unreadable(project, preset, files)
    lock = None if reference is None else _lock(reference, preset)
    timing = planned_timing(project, preset, files, lock)
    cues = cue_times(preset, timing.schedule)
    output.detail("cues are computed from whole stems; a render trims the silence around their words")
    slots = slots_of(preset, timing.schedule)
    rate = preset.sample_rate_hz
    overruns = [overrun.message(rate) for overrun in overruns_of(preset, timing, lock)]
    values = values_of(preset)
    for origin in dict.fromkeys(value.origin for value in values):
        output.detail(f"{origin}: {sum(value.origin == origin for value in values)} values")
    if output.json:
        output.document(
            {
                "cues": [asdict(c) for c in cues],
                "slots": {
                    voice: {"start_samples": slot.start, "stop_samples": slot.stop}
                    for voice, slot in slots.items()
                },
                "overruns": overruns,
                "base": base,
                "changes": [asdict(c) for c in changes],
                "values": [asdict(v) for v in values],
            }
        )
        return
    from audio_pipeline.cli.tables import print_table

    click.echo(printable(f"{preset.name}: {preset.head.description}") + "\n")
    print_table(
        ("cue", "seconds", "timecode", "frame", "feet", "written as"),
        [(c.name, f"{c.seconds:.3f}", c.timecode, str(c.frame), c.feet, c.text) for c in cues],
    )
    click.echo()
    if slots:
        print_table(
            ("slot", "from", "to", "length"),
            [
                (voice, *(f"{samples / rate:.3f}" for samples in (slot.start, slot.stop, len(slot))))
                for voice, slot in slots.items()
            ],
        )
        click.echo()
    for overrun in overruns:
        click.echo(f"warning: {printable(overrun)}")
    if overruns:
        click.echo()
    if changes:
        rows = [(c.key, _text(c.base), _text(c.value), c.origin) for c in changes]
        click.echo(f"Changes against {base}:\n")
        print_table(("key", "base", "value", "from"), rows)
    else:
        click.echo("No base preset." if base is None else f"No change against {base}.")
    click.echo()
    if all_values:
        print_table(
            ("key", "value", "from", "description"),
            [(v.key, _text(v.value), v.origin, v.description) for v in values],
        )
    else:
        click.echo(
            f"render-ending presets {name} --all lists all {len(values)} values with their descriptions."
        )


def _changes_of(project: Project, preset: Preset, name: str | None) -> tuple[str | None, list[Change]]:
    """The name of the base and the changes against it.

    The base is the extended preset; without one, the preset `name` with the values of its file.
    """
    from audio_pipeline.preset.document import load_document
    from audio_pipeline.preset.explain import changes_of
    from audio_pipeline.preset.model import build_preset

    base = preset.document.base
    if base is None and name is not None:
        base = load_document(project, name)
    return (None, []) if base is None else (base.name, changes_of(preset, build_preset(base)))
