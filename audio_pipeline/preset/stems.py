"""The files that a preset plays, and its schedule from their headers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.checked_sounds import CheckedSounds
from audio_pipeline.preset.document import Document, with_value
from audio_pipeline.preset.headers import Headers, stated_samples
from audio_pipeline.preset.lines import with_slots
from audio_pipeline.preset.model import HEADS, Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.timing import Timing, timing_of
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.picture_lock import PictureLock, stretched_length
from audio_pipeline.timeline.scene import StemRequest

StemFiles = Mapping[str, Path]
"""The files of the command line that replace stems, by layer name."""

NO_FILES: StemFiles = MappingProxyType({})


def requests_of(preset: Preset) -> dict[str, tuple[StemRequest, ...]]:
    """The stems of each layer and effect, including those that are off: cues may refer to them."""
    layers = {name: layer.stems() for name, layer in preset.layers.items()}
    effects = {name: effect.stems() for name, effect in preset.effects.items()}
    return {name: wanted for name, wanted in (layers | effects).items() if wanted}


def stem_paths(
    project: Project, preset: Preset, files: StemFiles, headers: Headers | None = None
) -> dict[StemRequest, Path]:
    """The file of each stem. Raises StemError for a path outside the project.

    `headers` is for many presets of the project.
    """
    headers = headers or Headers(project)
    paths: dict[StemRequest, Path] = {}
    for name, requests in requests_of(preset).items():
        shelf = "layers" if name in preset.layers else "effects"
        key = f"{preset.document.origin((shelf, name))}: {shelf}.{name}"
        for request in requests:
            paths[request] = files.get(name) or headers.path(request.path, key)
    return paths


def revoiced(document: Document, files: StemFiles) -> Document:
    """A copy of the document with replaced stems, each with its option as the origin.

    Raises PresetError for a layer that the preset lacks.
    """
    for name, file in files.items():
        if name not in document.table.get("layers", {}):
            raise PresetError(
                f"the preset {document.name!r} has no layer {name!r} with a stem to replace",
                hint=f"render-ending presets {document.name} shows its layers.",
            )
        origin = f"--{name.replace('_', '-')}"
        document = with_value(document, f"layers.{name}.stem", str(file), origin)
    return document


def head_path(project: Project, preset: Preset) -> Path | None:
    """The SOFA file of the head for headphones; None for a built-in head model, and for speakers.

    Raises StemError for a path outside the project.
    """
    name = preset.head.head
    if preset.head.listening == "speakers" or name in HEADS:
        return None
    return project.inside(name, f"{preset.document.origin(('head',))}: head")


def planned_schedule(project: Project, preset: Preset, files: StemFiles) -> Schedule:
    """The schedule from the stems' headers alone.

    Nothing is decoded: silence around the words, which a render trims, is included. Raises StemError
    for a stem or a head outside the project, and for an unreadable stem.
    """
    return planned_timing(project, preset, files).schedule


def planned_timing(
    project: Project,
    preset: Preset,
    files: StemFiles,
    lock: PictureLock | None = None,
    headers: Headers | None = None,
    checked: CheckedSounds | None = None,
) -> Timing:
    """The timing from the stems' headers alone, with the cues and slots of `lock`.

    `headers` and `checked` are for many presets of the project: they cache the work that these share.
    Raises the errors of `planned_schedule`.
    """
    head_path(project, preset)
    preset, rate = with_slots(preset, lock), preset.sample_rate_hz
    headers = headers or Headers(project)
    paths = stem_paths(project, preset, files, headers)

    def length_s(request: StemRequest) -> Fraction:
        stated = headers.samples(paths[request], rate)
        return Fraction(stretched_length(stated, request.longest_samples), rate)

    return timing_of(preset, length_s, lock, checked)


def trimmed_schedule(project: Project, preset: Preset, files: StemFiles) -> Schedule:
    """The schedule of a render: stems that are trimmed are decoded.

    Raises StemError for the same stems as a render.
    """
    from audio_pipeline.audio_io.condition import condition  # imports NumPy and soundfile

    paths, rate = stem_paths(project, preset, files), preset.sample_rate_hz

    def length_s(request: StemRequest) -> Fraction:
        if not request.trim:
            return Fraction(stated_samples(paths[request], rate), rate)
        stem = condition(
            paths[request],
            sample_rate_hz=rate,
            channels=request.channels,
            channel=request.channel,
            trim=True,
            longest_samples=request.longest_samples,
        )
        return Fraction(len(stem.samples), rate)

    return timing_of(preset, length_s).schedule


def refuse_unreadable(project: Project, preset: Preset, files: StemFiles) -> None:
    """Raise StemError for a stem with an unreadable header, even if no cue depends on its end."""
    for path in stem_paths(project, preset, files).values():
        stated_samples(path, preset.sample_rate_hz)
