"""The mix to export: a render with its stems, rendered if it is missing."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.recovery import finish_pending, recover
from audio_pipeline.errors import PresetError, ReportError, encodable_texts
from audio_pipeline.jobs.render import Order, Progress, render
from audio_pipeline.mastering.stems import STEMS
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import with_stem_files
from audio_pipeline.preset.document import Document, load_document
from audio_pipeline.preset.explain import flat
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.override_names import with_own_name
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import StemFiles
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.render_set import read_set
from audio_pipeline.reporting.report_names import SUFFIX
from audio_pipeline.reporting.values import rounded


@dataclass(frozen=True)
class RenderedMix:
    """A render: its report, the folder that holds its files, and its stems by DX, FX, BG and ME."""

    report: LoudnessReport
    folder: Path
    stems: dict[str, Path]

    @property
    def name(self) -> str:
        """The name of the mix: the first part of its file names."""
        return Path(self.report.file).stem


@dataclass(frozen=True)
class MixRequest:
    """A mix to export: `mix` is the name of a preset or of a render, or the path of a report or master.

    `stem_files` replace stems, as in the render. Without a project, only a report or master with its stems can
    be exported.
    """

    project: Project | None
    mix: str
    workers: int = 1
    cache: Cache | None = None
    stem_files: StemFiles = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether `mix` names a report or a master, not a mix of the project."""
        return Path(self.mix).suffix.lower() in (".json", ".wav")

    def in_project(self) -> Project:
        """The project. Raises ReportError without one."""
        if self.project is None:
            raise ReportError(
                f"no project found, and {printable(Path(self.mix))} must be rendered",
                hint="Go to the folder of the project, which holds presets/.",
            )
        return self.project


def rendered_mix(request: MixRequest, progress: Progress) -> RenderedMix:
    """The render of `request` with its stems; rendered if it is missing or its preset has changed.

    Raises PresetError for an unknown name, ReportError for a report without its files, and as `render`.
    """
    if request.is_file:
        return _of_report(request, _report_beside(Path(request.mix)), progress)
    project, mix = request.in_project(), request.mix
    beside = project.renders / f"{mix}{SUFFIX}"
    if not (project.presets / f"{mix}.toml").is_file() and beside.is_file():
        return _of_report(request, beside, progress)
    preset = with_stem_files(build_preset(load_document(project, mix)), request.stem_files)
    preset = with_own_name(project, preset, [], request.stem_files)
    found = _found(project.renders / f"{preset.name}{SUFFIX}")
    if found is not None and found.report.preset == _values(preset) and _is_whole(found):
        return found
    return _made(request, preset, project.renders, progress)


def preset_of_report(request: MixRequest, report: LoudnessReport) -> Preset:
    """The preset with the values of a report. Raises ReportError when they are not a valid preset.

    A stem outside the project is only read when `stem_files` of the request names it: a report can come from
    anyone.
    """
    if not report.preset:
        raise ReportError(f"the report of {report.mix} holds no preset", hint=_RENDER_IT)
    if "reference" in report.provenance:
        raise ReportError(
            f"{report.mix} is locked to {report.provenance['reference']} and cannot be rendered without it",
            hint="Render it again with --stems and --reference REPORT.",
        )
    files = request.stem_files
    replaced = {f"layers.{name}.stem": "stem.wav" for name in files}
    table = _table({**report.preset, **replaced})
    origins: dict[tuple[str, ...], str] = {(): f"the report of {report.mix}"}
    try:
        preset = build_preset(Document(report.mix, table, origins, None, request.in_project()))
        preset = with_stem_files(preset, files)
    except PresetError as error:
        raise ReportError(error.message, hint=error.hint or _RENDER_IT) from error
    if {**_values(preset), **replaced} != {**report.preset, **replaced}:
        raise ReportError(
            f"the report of {report.mix} was written by another version of this program", hint=_RENDER_IT
        )
    return preset


_RENDER_IT = "Render the mix again with --stems."


def _of_report(request: MixRequest, path: Path, progress: Progress) -> RenderedMix:
    found = _found(path)
    if found is None:
        raise ReportError(f"{printable(path)} is missing", hint="Name a preset, or a render's report.")
    if _is_whole(found):
        return found
    return _made(request, preset_of_report(request, found.report), found.folder, progress)


def _report_beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}{SUFFIX}") if path.suffix.lower() == ".wav" else path


def _found(path: Path) -> RenderedMix | None:
    finish_pending(path)
    if not path.is_file():
        return None
    report = read_set(path)
    names = [name for name in list(report.files)[1:] if _is_below(name)]
    stems = dict(zip(STEMS, (path.parent / name for name in names), strict=False))
    return RenderedMix(report, path.parent, stems)


def _is_below(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _is_whole(mix: RenderedMix) -> bool:
    return len(mix.stems) == len(STEMS) and all(path.is_file() for path in mix.stems.values())


def _made(request: MixRequest, preset: Preset, out: Path, progress: Progress) -> RenderedMix:
    recover(out)
    order = Order(
        request.in_project(),
        preset,
        out,
        request.stem_files,
        stems=True,
        workers=request.workers,
        cache=request.cache,
    )
    made = render(order, progress)
    if made.report is None:
        raise PresetError(f"{preset.name} has no report", hint="Export a whole mix, not an excerpt.")
    return RenderedMix(made.report, out, dict(made.files.stems))


def _values(preset: Preset) -> dict[str, Any]:
    """The preset's values in the report's form."""
    values: dict[str, Any] = encodable_texts(rounded(flat(preset)))
    return values


def _table(values: dict[str, Any] | Any) -> dict[str, Any]:
    """The nested table of values by dotted keys; a value of None is left out."""
    table: dict[str, Any] = {}
    for key, value in values.items():
        *above, last = key.split(".")
        inner = table
        for part in above:
            inner = inner.setdefault(part, {})
        if value is not None:
            inner[last] = _times(value) if above else value
    return table


def _times(value: Any) -> Any:
    """A list of times, which a report holds as one text: "[44s, echo.tail]"."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return value[1:-1].split(", ")
    return value
