"""The key of a render: equal inputs give equal keys, and equal keys give equal files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.jobs.reference import Reference, ReferenceMix
from audio_pipeline.memo.keys import exact, program_key, sound_key
from audio_pipeline.memo.store import digest
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import head_path, stem_paths
from audio_pipeline.reporting.delivery_files import delivery_text, full_name


def order_key(
    project: Project, preset: Preset, name: str, folder: Path, reference: Reference | None
) -> str:
    """The hash of all inputs of a render, including the bytes of its recordings and its head.

    Raises StemError for a missing file, ReportError for an unknown delivery.
    """
    head = head_path(project, preset)
    ears = "" if head is None else sha256_hex(head)
    out = str(folder.resolve())
    depends = [made_of(project, preset), _locked_to(project, reference)]
    own = project.deliveries
    depends.append([delivery_text(full_name(preset.master.delivery, own), own)])
    return digest("order", program_key(), name, out, depends, ears)


def made_of(project: Project, preset: Preset) -> list[Any]:
    """A preset's values and its recordings. Raises StemError for a missing file."""
    tables = [preset.head, preset.picture, preset.master, preset.leader, preset.cues]
    sounds = {name: sound_key(sound) for name, sound in {**preset.layers, **preset.effects}.items()}
    stems = stem_paths(project, preset, {})
    recordings = sorted([request.path, sha256_hex(path)] for request, path in stems.items())
    return [exact(tables), sounds, recordings]


def _locked_to(project: Project, reference: Reference | None) -> list[Any]:
    """The inputs that a mix takes from its reference."""
    if reference is None:
        return []
    gain = exact(reference.programme_db)
    if isinstance(reference, ReferenceMix):
        return [reference.name, gain, made_of(project, reference.preset)]
    lock = reference.lock
    slots = {name: [slot.start, slot.stop] for name, slot in sorted(lock.slots.items())}
    return [lock.name, gain, sorted(lock.cues.items()), slots, sorted(lock.speaking)]
