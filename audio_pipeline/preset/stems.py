"""The files that a preset plays, and when everything is by what their headers say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil
from pathlib import Path

from audio_pipeline.audio_io.read.flac_header import stated_length
from audio_pipeline.preset.model import HEADS, Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.timing import Checked, schedule_of
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.scene import StemRequest

StemFiles = Mapping[str, Path]
"""Files by which the command line replaces stems, by the layer's name."""


def requests_of(preset: Preset) -> dict[str, tuple[StemRequest, ...]]:
    """What each layer and effect wants to hear, also those that are off: cues may refer to them."""
    layers = {name: layer.stems() for name, layer in preset.layers.items()}
    effects = {name: effect.stems() for name, effect in preset.effects.items()}
    return {name: wanted for name, wanted in (layers | effects).items() if wanted}


def stem_paths(project: Project, preset: Preset, files: StemFiles) -> dict[StemRequest, Path]:
    """Which file each stem is. Raises StemError for a path that leads out of the project."""
    paths: dict[StemRequest, Path] = {}
    for name, requests in requests_of(preset).items():
        shelf = "layers" if name in preset.layers else "effects"
        key = f"{preset.document.origin((shelf, name))}: {shelf}.{name}"
        for request in requests:
            paths[request] = files.get(name) or project.inside(request.path, key)
    return paths


def head_path(project: Project, preset: Preset) -> Path | None:
    """The SOFA file of the ears that headphones get; None for a head of the program, or for speakers.

    Raises StemError for a path that leads out of the project.
    """
    name = preset.head.head
    if preset.head.listening == "speakers" or name in HEADS:
        return None
    return project.inside(name, f"{preset.document.origin(('head',))}: head")


def planned_schedule(
    project: Project,
    preset: Preset,
    files: StemFiles,
    length_s: Callable[[Path, int], Fraction] | None = None,
    checked: Checked | None = None,
) -> Schedule:
    """The schedule from the stems' headers alone: nothing is decoded. For many presets `length_s` may keep
    what `stated_length_s` found, and `checked` which sounds were checked.

    Raises StemError for a stem or a head outside the project, and for a stem that cannot be read.
    """
    head_path(project, preset)
    paths = stem_paths(project, preset, files)
    length = length_s or stated_length_s
    return schedule_of(preset, lambda r: length(paths[r], preset.sample_rate_hz), checked)


def stated_length_s(path: Path, sample_rate: int) -> Fraction:
    """How long the recording at `path` is at that rate, in exact seconds, by its head."""
    frames, rate_hz = stated_length(path) or _probed_length(path)
    return Fraction(ceil(Fraction(frames * sample_rate, rate_hz)), sample_rate)


def _probed_length(path: Path) -> tuple[int, int]:
    from audio_pipeline.audio_io.read.audio_file import (
        probe,  # with NumPy, which takes longer than all else
    )

    info = probe(path)
    return info.frames, info.sample_rate_hz
