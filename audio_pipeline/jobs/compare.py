"""The use case: reports, audio files or folders of renders, each compared with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.jobs.measure import Known, measure_file
from audio_pipeline.reporting.comparison import Comparison, Tolerance, compare_reports
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.own_facts import FROM_FILE, Picture
from audio_pipeline.reporting.render_set import read_set
from audio_pipeline.reporting.report_names import SUFFIX, renders_in


@dataclass(frozen=True)
class Group:
    """Files that are compared with the first of them; `title` is the render's name in folders, or ""."""

    title: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Pairing:
    """What is compared, and of each folder the names of what another one lacks."""

    groups: tuple[Group, ...]
    left_out: tuple[tuple[Path, tuple[str, ...]], ...] = ()


def paired(things: Sequence[Path]) -> Pairing:
    """What is compared: the things themselves or, of folders, what has the same name in all; no groups
    when folders have nothing in common.

    Raises ReportError for a folder that cannot be read.
    """
    if not all(thing.is_dir() for thing in things):
        return Pairing((Group("", tuple(things)),))
    for folder in things:
        finish_pending(folder)
    found = [renders_in(folder) for folder in things]
    names = sorted(set(found[0]).intersection(*found[1:]))
    groups = tuple(Group(name, tuple(renders[name] for renders in found)) for name in names)
    others = [tuple(sorted(set(renders) - set(names))) for renders in found]
    return Pairing(groups, tuple((f, o) for f, o in zip(things, others, strict=True) if o))


def compare(
    group: Group, tolerance: Tolerance, track: int | None = None, picture: Picture = FROM_FILE
) -> Comparison:
    """The comparison of a group; of audio files with several tracks `track` is read.

    Raises StemError or ReportError for a file that cannot be read.
    """
    reports = [report_of(path, track, picture) for path in group.files]
    return compare_reports(names_of(group.files), reports, tolerance)


def report_of(path: Path, track: int | None = None, picture: Picture = FROM_FILE) -> LoudnessReport:
    """The report in `path` or, of an audio file, the one that it measures."""
    if path.name.endswith(".json"):
        return read_set(path)
    return measure_file(path, Known(track=track, picture=picture))


def names_of(files: Sequence[Path]) -> list[str]:
    """The shortest names that tell the files apart: their own, or with their folder."""
    own = [file.name.removesuffix(SUFFIX) for file in files]
    if len(set(own)) == len(own):
        return own
    with_folder = [
        f"{file.absolute().parent.name}/{name}" for file, name in zip(files, own, strict=True)
    ]
    return with_folder if len(set(with_folder)) == len(files) else [str(file) for file in files]
