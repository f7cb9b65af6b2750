"""What a batch will render: every mix by name, checked before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

from audio_pipeline.errors import AudioPipelineError, PresetError, printable
from audio_pipeline.jobs.batch.shared_parts import SharedParts
from audio_pipeline.preset.batch_file import (
    SUFFIX,
    Matrix,
    read_batch_file,
    refuse_too_many,
)
from audio_pipeline.preset.complaints import shown_value
from audio_pipeline.preset.document import SHELVES, Document, full_key, load_document, with_value
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.names import check_name, filled, same_file, slug, template_values
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule
from audio_pipeline.suggestions import did_you_mean
from audio_pipeline.units import Parameters

MOST_SOUNDS = 500_000
"""Layers and effects of all mixes of a batch together: 2500 mixes of 200 are planned in 5 s of CPU."""


@dataclass(frozen=True)
class Mix:
    """One mix of a batch. It can be sent to another process or host.

    `overrides` tells what differs from the base preset; `sounds` has a key for every sound that is
    on, alike where two mixes sound alike; mixes of one `family` differ in little but their ends.
    Where `failure` says why it cannot be, there is no `preset`.
    """

    name: str
    root: Path
    out: Path
    base: str
    language: str = ""
    preset: Preset | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    length_s: float = 0.0
    sounds: frozenset[str] = frozenset()
    family: str = ""
    failure: str | None = None
    hint: str | None = None

    @property
    def master(self) -> Path:
        """The file that it becomes."""
        return self.out / f"{self.name}.wav"


def matrices_of(project: Project, things: Sequence[str], everything: bool) -> list[Matrix]:
    """What names, patterns, preset files and batch files ask for.

    Raises PresetError for a name or a pattern that nothing has, and for what a batch file cannot mean.
    """
    plain = list(project.preset_names()) if everything else []
    matrices: list[Matrix] = []
    for thing in things:
        batch = project.presets / f"{thing}{SUFFIX}"
        if thing.endswith(SUFFIX):
            matrices += _in_file(project, Path(thing))
        elif thing.endswith(".toml"):
            plain.append(thing)
        elif thing not in project.preset_names() and "/" not in thing and batch.is_file():
            matrices += _in_file(project, project.inside(f"presets/{batch.name}", thing))
        else:
            plain += _named(project, thing, "")
    if plain:
        matrices.insert(0, Matrix("--vary", tuple(dict.fromkeys(plain))))
    return matrices


def _in_file(project: Project, file: Path) -> list[Matrix]:
    """What a batch file asks for; the presets that it names are of this project."""
    shown = project.shown(file.absolute())
    return [
        replace(m, presets=tuple(n for p in m.presets for n in _named(project, p, f"{shown}: ")))
        for m in read_batch_file(file, shown)
    ]


def plan(project: Project, matrices: Sequence[Matrix], out: Path) -> list[Mix]:
    """Every mix, in order. Raises PresetError for whatever the batch itself gets wrong.

    A preset that is broken by itself, or a recording that is not there, is that mix's own failure.
    """
    refuse_too_many(matrices)
    parts, sounds = SharedParts(project), 0
    mixes: list[Mix] = []
    taken: dict[str, str] = {}
    for matrix in matrices:
        bases = {name: _base(project, name) for name in matrix.presets}
        sounds += _refuse_too_many_sounds(matrix, bases, sounds)
        before = len(mixes)
        for name, language, values in _crossed(matrix, bases):
            mix = _mix(parts, project, matrix, bases[name], name, language, values, out)
            said = f"{name} {_told(values)}".strip() + (f" [{language}]" if language else "")
            if (other := taken.setdefault(same_file(mix.name), said)) is not said:
                raise PresetError(
                    f"{matrix.origin}: two mixes would both be {mix.name}.wav: {other}, and {said}",
                    hint="Put what differs into the names: "
                    '--name "{preset}_{dropout.fade}", or name = "…" in the batch file.',
                )
            mixes.append(mix)
        if len(mixes) == before:
            raise PresetError(f"{matrix.origin}: every mix is excluded, so there is nothing to render")
    return mixes


def _refuse_too_many_sounds(
    matrix: Matrix, bases: Mapping[str, Document | AudioPipelineError], before: int
) -> int:
    """How many sounds the mixes of a matrix have together. Raises PresetError, before anything is crossed, for
    more than `MOST_SOUNDS` with those `before`."""
    each = matrix.count() // max(1, len(matrix.presets))
    tables = [base.table for base in bases.values() if isinstance(base, Document)]
    count = each * sum(len(table.get(shelf, {})) for table in tables for shelf in SHELVES)
    if before + count > MOST_SOUNDS:
        raise PresetError(
            f"{matrix.origin}: the mixes would have {before + count:,} sounds together; a batch has at most"
            f" {MOST_SOUNDS:,}".replace(",", " "),
            hint="Cross fewer values, or render in several batches.",
        )
    return count


def _named(project: Project, name: str, origin: str) -> list[str]:
    if name.endswith(".toml"):  # one that a batch file names lies in the project
        return [str(project.inside(name, f"{origin}presets")) if origin else name]
    if any(c in name for c in "*?["):
        found = [known for known in project.preset_names() if fnmatchcase(known, name)]
        if found:
            return found
        raise PresetError(
            f"{origin}no preset matches {name!r}",
            hint=f"There are: {', '.join(project.preset_names()) or 'none'}.",
        )
    try:
        project.preset_file(name)
    except PresetError as error:
        raise PresetError(f"{origin}{error.message}", hint=error.hint) from error
    return [name]


def _base(project: Project, name: str) -> Document | AudioPipelineError:
    """The preset as it is, or why it cannot be, with or without the batch."""
    try:
        document = load_document(project, name)
        build_preset(document)
        return document
    except AudioPipelineError as error:
        return error


def _crossed(
    matrix: Matrix, bases: Mapping[str, Document | AudioPipelineError]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(preset, language, values) of every mix that is not excluded."""
    table = next((base.table for base in bases.values() if isinstance(base, Document)), {})

    def full(key: str) -> tuple[str, ...]:
        return full_key(table, tuple(part.strip() for part in key.split(".")))

    excluded = [{full(key): value for key, value in out.items()} for out in matrix.exclude]
    _check_exclusions(matrix, {full(key): values for key, values in matrix.vary.items()}, excluded)
    for preset, language, *values in product(
        matrix.presets, matrix.stems or ("",), *matrix.vary.values()
    ):
        chosen = {**matrix.set, **dict(zip(matrix.vary, values, strict=True))}
        has = {full(key): value for key, value in chosen.items()}
        has |= {("preset",): preset, ("language",): language}
        if not any(all(has.get(key) == value for key, value in out.items()) for out in excluded):
            yield preset, language, chosen


def _check_exclusions(
    matrix: Matrix,
    vary: Mapping[tuple[str, ...], tuple[Any, ...]],
    excluded: Sequence[Mapping[tuple[str, ...], Any]],
) -> None:
    """An exclusion that can never meet a mix is a mistake."""
    there: dict[tuple[str, ...], tuple[Any, ...]] = {
        ("preset",): matrix.presets,
        ("language",): tuple(matrix.stems),
        **vary,
    }
    for table in excluded:
        for key, value in table.items():
            if key not in there:
                names = [".".join(k) for k in there]
                meant = did_you_mean(".".join(key), names, "; {}")
                raise PresetError(
                    f"{matrix.origin}: exclude has {'.'.join(key)!r}, which does not vary{meant}",
                    hint=f"There are: {', '.join(names)}.",
                )
            if value not in there[key]:
                raise PresetError(
                    f"{matrix.origin}: exclude has {'.'.join(key)} = {shown_value(value)}, "
                    "which is none of its values",
                )


def _mix(
    parts: SharedParts,
    project: Project,
    matrix: Matrix,
    base: Document | AudioPipelineError,
    name: str,
    language: str,
    values: Mapping[str, Any],
    out: Path,
) -> Mix:
    stem = printable(Path(name).stem)
    shell = Mix(stem, project.root, out, stem, language)
    if isinstance(base, AudioPipelineError):
        named = "_".join(filter(None, [stem, language, *map(_slugged, values.values())]))
        return replace(shell, name=named, failure=base.message, hint=base.hint)
    document = _revoiced(matrix, base, language)
    for key, value in values.items():
        document = with_value(document, key, value, matrix.origin)
    preset = parts.preset(document)
    try:
        named = _name(matrix, preset, language)
        check_name(named)
    except PresetError as error:
        raise PresetError(f"{matrix.origin}: {error.message}", hint=error.hint) from error
    sounding: dict[str, Parameters] = {**preset.playing(), **preset.treating(), **preset.working()}
    mix = replace(
        shell,
        name=named,
        preset=replace(preset, name=named),
        overrides=_overrides(parts, document, preset, values),
        family=parts.family(preset, sounding),
    )
    try:
        schedule = parts.schedule(preset)
    except AudioPipelineError as error:
        if isinstance(error, PresetError) and values and _can_be_timed(project, base):
            raise
        return replace(mix, failure=error.message, hint=error.hint)
    sounds = parts.sounds(preset, sounding, schedule)
    return replace(mix, length_s=float(schedule.named("end")), sounds=sounds)


def _can_be_timed(project: Project, base: Document) -> bool:
    try:
        planned_schedule(project, build_preset(base), {})
    except AudioPipelineError:
        return False
    return True


def _revoiced(matrix: Matrix, document: Document, language: str) -> Document:
    for voice, file in matrix.stems.get(language, {}).items():
        if voice not in document.table.get("layers", {}):
            raise PresetError(
                f"{matrix.origin}: stems.{language} has {voice!r}, "
                f"and no layer of {document.name} is called so",
                hint=f"There are: {', '.join(document.table.get('layers', {}))}.",
            )
        document = with_value(document, f"layers.{voice}.stem", file, matrix.origin)
    return document


def _name(matrix: Matrix, preset: Preset, language: str) -> str:
    values = template_values(preset, language)
    if matrix.name is not None:
        return filled(matrix.name, values)
    template = ["{preset}", *(["{language}"] if language else [])]
    last = [key.split(".")[-1] for key in matrix.vary]
    for key, short in zip(matrix.vary, last, strict=True):
        template.append(f"{short if last.count(short) == 1 else key}-{{{key}}}")
    return filled("_".join(template), values)


def _slugged(value: object) -> str:
    return slug(str(value))


def _told(values: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def _overrides(
    parts: SharedParts, document: Document, preset: Preset, values: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What differs from what the preset extends, and what the batch has set."""
    keys = {key: tuple(part.strip() for part in key.split(".")) for key in values}
    full = {".".join(full_key(document.table, keys[key])): value for key, value in values.items()}
    return parts.overrides(preset, full)
