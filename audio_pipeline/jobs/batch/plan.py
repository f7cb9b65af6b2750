"""The plan of a batch: every mix by name, checked before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from audio_pipeline.errors import AudioPipelineError, PresetError, printable
from audio_pipeline.jobs.batch.full_mixes import FullMixes
from audio_pipeline.jobs.batch.locks import GivenReport, Locks, is_for_all_languages
from audio_pipeline.jobs.batch.shared_parts import SharedParts
from audio_pipeline.jobs.reference import Reference, ReferenceMix
from audio_pipeline.preset.batch_file import (
    SUFFIX,
    Matrix,
    read_batch_file,
    refuse_too_many,
)
from audio_pipeline.preset.complaints import shown_value
from audio_pipeline.preset.document import SHELVES, Document, full_key
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.names import (
    check_name,
    dated,
    filled,
    same_file,
    slug,
    template_values,
)
from audio_pipeline.preset.override_names import with_own_name
from audio_pipeline.preset.project import Project
from audio_pipeline.records import dataclass
from audio_pipeline.suggestions import did_you_mean
from audio_pipeline.units import Parameters

MOST_SOUNDS = 300_000
"""Maximum of layers and effects in all mixes of a batch: planning 1500 mixes of 200 takes 5 s of CPU time."""

Changes = Sequence[tuple[str, Any, str]]
"""(key, value, origin) of every change of a batch to a preset, in order."""


class _Choice(NamedTuple):
    """One mix of a matrix: preset, language, its changes, and the changes in the reference language."""

    preset: str
    language: str
    changes: Changes
    in_reference: Changes


@dataclass(frozen=True)
class Mix:
    """One mix of a batch; it can be pickled for another process or host.

    `overrides` are the values that differ from the base preset. `sounds` has a key for every sound that is on,
    equal for equal sounds of two mixes. Mixes of one `family` differ only in cues, dropouts, stems and master.
    `failure` is the reason why it cannot be rendered; `preset` may then be None. `reference` is the reference
    that it is locked to. `full_mix` is the mix of the batch whose programme gain it uses, and which is rendered
    before it. `overruns` are those computed from the headers of the stems.
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
    reference: Reference | None = None
    full_mix: str | None = None
    overruns: tuple[str, ...] = ()

    @property
    def master(self) -> Path:
        """The path of its master."""
        return self.out / f"{self.name}.wav"


def matrices_of(project: Project, things: Sequence[str], everything: bool) -> list[Matrix]:
    """The matrices of preset names, patterns, preset files and batch files.

    Raises PresetError for a name or a pattern without a preset, and for an invalid batch file.
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
    """The matrices of a batch file; its presets must be in this project."""
    shown = project.shown(file.absolute())
    return [
        replace(m, presets=tuple(n for p in m.presets for n in _named(project, p, f"{shown}: ")))
        for m in read_batch_file(file, shown)
    ]


def plan(
    project: Project, matrices: Sequence[Matrix], out: Path, given: GivenReport | None = None
) -> list[Mix]:
    """Every mix of a batch, in order; all are locked to the report `given`, if any.

    Raises PresetError for an error of the batch. An error of one mix is that mix's failure: an invalid preset,
    a missing recording, or a reference that does not agree with the preset.
    """
    refuse_too_many(matrices)
    names = dated([matrix.name for matrix in matrices])
    matrices = [replace(matrix, name=name) for matrix, name in zip(matrices, names, strict=True)]
    parts = SharedParts(project)
    _refuse_too_many_sounds(matrices, parts)
    mixes: list[Mix] = []
    locks = Locks(parts, given)
    for_all: set[tuple[str, str, str]] = set()
    taken: dict[str, str] = {}
    for matrix in matrices:
        bases = {name: parts.base(name) for name in matrix.presets}
        nothing = True
        for choice in _crossed(matrix, bases):
            name, language, changes, in_reference = choice
            mix, nothing = _mix(parts, project, matrix, bases[name], choice, out, locks), False
            if language and not mix.language:  # the same mix for all languages
                if (once := (mix.name, name, repr(in_reference))) in for_all:
                    continue
                for_all.add(once)
                language = ""
            said = f"{name} {_told(changes)}".strip() + (f" [{language}]" if language else "")
            if (other := taken.setdefault(same_file(mix.name), said)) is not said:
                raise PresetError(
                    f"{matrix.origin}: two mixes have the name {mix.name}.wav: {other}, and {said}",
                    hint="Put what differs into the names: "
                    '--name "{preset}_{dropout.fade}", or name = "…" in the batch file.',
                )
            mixes.append(mix)
        if nothing:
            raise PresetError(
                f"{matrix.origin}: every mix is excluded; no mix is left to render",
                hint="Remove an entry of exclude.",
            )
    presets = [(mix.name, mix.language, mix.preset) for mix in mixes if mix.preset is not None]
    full_mixes = FullMixes(presets, parts.values)
    return [_with_full_mix(mix, full_mixes) for mix in mixes]


def _with_full_mix(mix: Mix, full_mixes: FullMixes) -> Mix:
    """The mix with `full_mix` set, where its gain comes from another mix of the batch."""
    preset, reference = mix.preset, mix.reference
    if preset is None or mix.failure is not None or not isinstance(reference, ReferenceMix):
        return mix
    if "DX" in preset.master.buses or preset.master.anchor == "dialogue":
        return mix
    name = full_mixes.name_of(preset, reference.name)
    if name is not None:
        return replace(mix, full_mix=name)
    return replace(
        mix,
        failure=f"{mix.name} is anchored on the programme, and the batch has no full mix in"
        f" {reference.name!r} that it belongs to",
        hint="Add the preset of the full mix, whose gain it takes, or give its report: --reference REPORT.",
    )


def _refuse_too_many_sounds(matrices: Sequence[Matrix], parts: SharedParts) -> None:
    """Raise PresetError for more than `MOST_SOUNDS` in all mixes, before the matrices are crossed."""
    count = 0
    for matrix in matrices:
        each = matrix.count() // max(1, len(matrix.presets))
        for name in matrix.presets:
            base = parts.base(name)
            if isinstance(base, Document):
                count += each * sum(len(base.table.get(shelf, {})) for shelf in SHELVES)
            if count > MOST_SOUNDS:
                found, most = (f"{number:,}".replace(",", " ") for number in (count, MOST_SOUNDS))
                raise PresetError(
                    f"{matrix.origin}: the mixes would have at least {found} sounds together; a batch has at"
                    f" most {most}",
                    hint="Cross fewer values, or render in several batches.",
                )


def _named(project: Project, name: str, origin: str) -> list[str]:
    if name.endswith(".toml"):  # a file that a batch file names must be in the project
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


def _crossed(matrix: Matrix, bases: Mapping[str, Document | AudioPipelineError]) -> Iterator[_Choice]:
    """Yield every combination of a matrix that is not excluded."""
    table = next((base.table for base in bases.values() if isinstance(base, Document)), {})

    def full(key: str) -> tuple[str, ...]:
        return full_key(table, tuple(part.strip() for part in key.split(".")))

    excluded = [{full(key): value for key, value in out.items()} for out in matrix.exclude]
    _check_exclusions(matrix, {full(key): values for key, values in matrix.vary.items()}, excluded)
    for preset, language, *values in product(
        matrix.presets, matrix.stems or ("",), *matrix.vary.values()
    ):
        varied = dict(zip(matrix.vary, values, strict=True))
        chosen = matrix.changes(language, varied)
        has = {full(key): value for key, value, _ in chosen}
        has |= {("preset",): preset, ("language",): language}
        if not any(all(has.get(key) == value for key, value in out.items()) for out in excluded):
            in_reference = matrix.changes(matrix.reference or language, varied)
            yield _Choice(preset, language, chosen, in_reference)


def _check_exclusions(
    matrix: Matrix,
    vary: Mapping[tuple[str, ...], tuple[Any, ...]],
    excluded: Sequence[Mapping[tuple[str, ...], Any]],
) -> None:
    """Raise PresetError for an exclusion that no mix can match."""
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
                    "which is not one of its values",
                    hint="Write one of the values under [vary].",
                )


def _mix(
    parts: SharedParts,
    project: Project,
    matrix: Matrix,
    base: Document | AudioPipelineError,
    choice: _Choice,
    out: Path,
    locks: Locks,
) -> Mix:
    name, language, changes, in_reference = choice
    stem = printable(Path(name).stem)
    shell = Mix(stem, project.root, out, stem, language)
    if isinstance(base, AudioPipelineError):
        slugs = [slug(str(value)) for value in {key: value for key, value, _ in changes}.values()]
        named = "_".join(filter(None, [stem, language, *slugs]))
        return replace(shell, name=named, failure=base.message, hint=base.hint)

    def in_language(files: Mapping[str, str], spoken: str, its_changes: Changes) -> Document:
        document = _revoiced(parts, matrix, base, files, spoken)
        for key, value, origin in its_changes:
            document = parts.with_value(document, key, value, origin)
        return document

    document = in_language(matrix.stems.get(language, {}), language, changes)
    preset = parts.preset(document)
    reference, failure = None, None
    key = (matrix.origin, matrix.reference, name, in_reference)
    try:
        reference = locks.reference(
            preset,
            matrix.reference,
            key,
            lambda spoken: parts.preset(in_language(matrix.reference_stems, spoken, in_reference)),
        )
    except AudioPipelineError as error:
        failure = error
    if is_for_all_languages(preset, reference, matrix.stems.get(language, {})):
        language = ""
        if isinstance(reference, ReferenceMix):
            preset = reference.preset
    try:
        named = _name(project, matrix, preset, language)
        check_name(named)
    except PresetError as error:
        raise PresetError(f"{matrix.origin}: {error.message}", hint=error.hint) from error
    sounding: dict[str, Parameters] = {**preset.playing(), **preset.treating(), **preset.working()}
    mix = replace(
        shell,
        name=named,
        language=language,
        preset=replace(preset, name=named),
        overrides=parts.overrides(document, preset, [(key, value) for key, value, _ in changes]),
        family=parts.family(preset, sounding),
        reference=reference,
    )
    if failure is not None:
        return replace(mix, failure=failure.message, hint=failure.hint)
    try:
        lock = locks.planned_lock(reference, key)
        planned = parts.timing(preset, lock)
    except AudioPipelineError as error:
        if isinstance(error, PresetError) and changes and parts.can_be_timed(base):
            raise
        return replace(mix, failure=error.message, hint=error.hint)
    try:
        parts.foresee(replace(preset, name=named), out)
    except AudioPipelineError as error:
        return replace(mix, failure=error.message, hint=error.hint)
    schedule = planned.timing.schedule
    return replace(
        mix,
        length_s=float(schedule.named("end")),
        sounds=parts.sounds(preset, sounding, schedule),
        overruns=planned.overruns,
    )


def _revoiced(
    parts: SharedParts, matrix: Matrix, document: Document, files: Mapping[str, str], language: str
) -> Document:
    for voice, file in files.items():
        if voice not in document.table.get("layers", {}):
            raise PresetError(
                f"{matrix.origin}: stems.{language} has {voice!r}, "
                f"and no layer of {document.name} has this name",
                hint=f"There are: {', '.join(document.table.get('layers', {}))}.",
            )
        document = parts.with_value(document, f"layers.{voice}.stem", file, matrix.origin)
    return document


def _name(project: Project, matrix: Matrix, preset: Preset, language: str) -> str:
    values = template_values(preset, language)
    if matrix.name is not None:
        return filled(matrix.name, values)
    template = ["{preset}", *(["{language}"] if language else [])]
    last = [key.split(".")[-1] for key in matrix.vary]
    for key, short in zip(matrix.vary, last, strict=True):
        template.append(f"{short if last.count(short) == 1 else key}-{{{key}}}")
    name = filled("_".join(template), values)
    return with_own_name(project, replace(preset, name=name), matrix.sets, {}).name


def _told(changes: Changes) -> str:
    return " ".join(f"{key}={value}" for key, value, _ in changes)
