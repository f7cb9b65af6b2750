"""The use case: render a note with new values on a watched mix, and compare it blind with the mix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.jobs.review import take_of
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import with_stem_files
from audio_pipeline.pages.review import listening_copy, review
from audio_pipeline.preset.document import full_key, load_document, value_of
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.moved_values import Key, preset_text, toml_value
from audio_pipeline.preset.override_names import with_own_name
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import NO_FILES, StemFiles

MOST_VALUES = 20
MOST_NOTES = 1000
_HINT = "Write a value of the preset, e.g. dropout.fade = 80ms; several on lines of their own."


def sets_of_note(text: str) -> tuple[str, ...]:
    """The `--set` texts of a note, one per line. Raises PresetError for any other note."""
    lines = [line.strip().removeprefix("--set").strip() for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > MOST_VALUES:
        raise PresetError(
            f"the note has {len(lines)} values; 1 to {MOST_VALUES} can be rendered", hint=_HINT
        )
    for line in lines:
        if not re.match(r"[\w.-]+\s*=\s*\S", line) or not line.isprintable():
            raise PresetError(f"the note {line[:60]!r} is not key=value", hint=_HINT)
    return tuple(lines)


def write_note_preset(project: Project, name: str, sets: tuple[str, ...], note: str) -> str:
    """Write a preset of `name`, the `sets` of the command and the values of a note; returns its name.

    Raises PresetError for values that are invalid in the preset, and for texts: a page must not name files.
    """
    own = sets_of_note(note)
    preset = build_preset(load_document(project, name, (*sets, *own)))
    values: dict[Key, tuple[str, str]] = {}
    for text in (*sets, *own):
        left, _, right = text.partition("=")
        key = full_key(preset.document.table, tuple(part.strip() for part in left.strip().split(".")))
        if text in own:
            _refuse_all_but_values(preset, key)
            if key in values and "base" in right:
                raise PresetError(f"{'.'.join(key)} is changed twice", hint="Write the value itself.")
        values[key] = (toml_value(value_of(right.strip())), "")
    file = _free_file(project, name)
    with atomic_write(file, "w") as out:
        out.write(preset_text(name, f"{name} with a note: {'; '.join(own)}"[:400], values))
    return file.stem


def note_comparison(
    project: Project,
    name: str,
    sets: tuple[str, ...],
    note: str,
    out: Path | None,
    workers: int,
    cache: Cache | None,
    files: StemFiles = NO_FILES,
) -> tuple[str, str]:
    """Render a note; returns the name of its preset, and a page that compares it blind with the watched mix.

    The preset is removed if its render fails. Raises as `write_note_preset` and `render`.
    """
    folder = out or project.renders
    watched = with_stem_files(build_preset(load_document(project, name, sets)), files)
    watched = with_own_name(project, watched, [text.partition("=")[0] for text in sets], files)
    before = folder / f"{watched.name}.report.json"
    if not before.is_file():
        render(Order(project, watched, folder, files, workers=workers, cache=cache))
    made = write_note_preset(project, name, sets, note)
    try:
        noted = with_stem_files(build_preset(load_document(project, made)), files)
        own = with_own_name(project, noted, (), files)
        report = render(Order(project, own, folder, files, workers=workers, cache=cache)).files.report
    except BaseException:
        (project.presets / f"{made}.toml").unlink(missing_ok=True)
        raise
    assert report is not None
    takes = [take_of(before), take_of(report)]
    return made, review(takes, [listening_copy(take) for take in takes], starts_blind=True)


def is_note_of(name: str, other: str) -> bool:
    """Whether the preset `other` has the name of a note on `name`."""
    return re.fullmatch(rf"{re.escape(name)}-note-\d+", other) is not None


def _free_file(project: Project, name: str) -> Path:
    for number in range(1, MOST_NOTES):
        file = project.presets / f"{name}-note-{number}.toml"
        if not file.exists():
            return file
    raise PresetError(
        f"{name} has {MOST_NOTES - 1} notes, the maximum", hint="Remove some of their presets."
    )


def _refuse_all_but_values(preset: Preset, key: Key) -> None:
    """Raise PresetError for a key that holds a text: it could be the path of a file."""
    shown = ".".join(key)
    if key[0] == "cues":
        return
    tables: dict[str, Any] = {
        "picture": preset.picture,
        "master": preset.master,
        "leader": preset.leader,
    }
    table: Any = preset.head if len(key) == 1 else tables.get(key[0])
    if key[0] in ("layers", "effects") and len(key) == 3:
        table = (preset.layers if key[0] == "layers" else preset.effects).get(key[1])
    field = None if table is None else type(table).model_fields.get(key[-1])
    if field is None or key[-1] == "kind" or _holds_text(getattr(table, key[-1]), field.annotation):
        raise PresetError(
            f"a note cannot set {shown}: only numbers, times, places, choices and switches", hint=_HINT
        )


def _holds_text(value: Any, annotation: Any) -> bool:
    if isinstance(value, tuple | list):
        inside = get_args(annotation)[:1] or (None,)
        return any(_holds_text(item, inside[0]) for item in value)
    choices = [annotation, *get_args(annotation)]
    is_choice = any(get_origin(choice) is Literal for choice in choices)
    return isinstance(value, str) and not is_choice
