"""The use case: reports, audio files or folders of renders, each compared with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.comparison import Comparison, Tolerance, compare_reports
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.render_set import read_set
from audio_pipeline.reporting.report import report_of_file
from audio_pipeline.reporting.report_names import SUFFIX, renders_in


@dataclass(frozen=True)
class Group:
    """Files that are compared with the first of them; `title` is the render's name in folders, or ""."""

    title: str
    files: tuple[Path, ...]


def groups_of(things: Sequence[Path]) -> list[Group]:
    """What is compared: the things themselves or, of folders, what has the same name in all.

    Raises ReportError for folders without renders, and for a render that one of them lacks.
    """
    if not all(thing.is_dir() for thing in things):
        return [Group("", tuple(things))]
    for folder in things:
        finish_pending(folder)
    found = [renders_in(folder) for folder in things]
    names = sorted({name for renders in found for name in renders})
    if not names:
        raise ReportError(
            f"{things[0]} holds neither reports nor audio files",
            hint="Name two reports, two audio files, or two folders of them.",
        )
    for folder, renders in zip(things, found, strict=True):
        missing = [name for name in names if name not in renders]
        if missing:
            raise ReportError(
                f"{folder} has no {', '.join(missing[:8])}, which another folder has",
                hint="Name the files to compare them one by one.",
            )
    return [Group(name, tuple(renders[name] for renders in found)) for name in names]


def compare(group: Group, tolerance: Tolerance) -> Comparison:
    """The comparison of a group. Raises StemError or ReportError for a file that cannot be read."""
    reports = [report_of(path) for path in group.files]
    return compare_reports(names_of(group.files), reports, tolerance)


def report_of(path: Path) -> LoudnessReport:
    """The report in `path` or, of an audio file, the one that it measures."""
    if path.name.endswith(".json"):
        return read_set(path)
    finish_pending(path)
    return report_of_file(path, MixFacts(mix=path.stem), path.name)


def names_of(files: Sequence[Path]) -> list[str]:
    """The shortest names that tell the files apart: their own, or with their folder."""
    own = [file.name.removesuffix(SUFFIX) for file in files]
    if len(set(own)) == len(own):
        return own
    with_folder = [
        f"{file.absolute().parent.name}/{name}" for file, name in zip(files, own, strict=True)
    ]
    return with_folder if len(set(with_folder)) == len(files) else [str(file) for file in files]
