"""The use case: compare reports, audio files or folders of renders with the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.jobs.measure import Known, figures_of_file
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.comparison import Comparison, Tolerance, compare_reports
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.own_facts import FROM_FILE, Picture
from audio_pipeline.reporting.render_set import read_set
from audio_pipeline.reporting.report_names import SUFFIX, renders_in


@dataclass(frozen=True)
class Group:
    """Files to compare with the first of them; `title` is the name of the render in folders, otherwise ""."""

    title: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Pairing:
    """The groups to compare; `left_out` lists, for each folder, the renders that not all folders have."""

    groups: tuple[Group, ...]
    left_out: tuple[tuple[Path, tuple[str, ...]], ...] = ()


def paired(things: Sequence[Path]) -> Pairing:
    """The groups to compare: the files, or the renders of the same name in all folders.

    Folders without a common name give an empty list of groups. Raises ReportError for an unreadable folder.
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
    """The comparison of a group; `track` is the track to read in audio files with several.

    Raises StemError or ReportError for a file that cannot be read.
    """
    reports = [report_of(path, track, picture) for path in group.files]
    return compare_reports(names_of(group.files), reports, tolerance)


def report_of(path: Path, track: int | None = None, picture: Picture = FROM_FILE) -> LoudnessReport:
    """The report in `path`; for an audio file, the report of its measurement."""
    if path.name.endswith(".json"):
        return read_set(path)
    return figures_of_file(path, Known(track=track, picture=picture))


def names_of(files: Sequence[Path]) -> list[str]:
    """The shortest distinct names of files: file name, file name with folder, or path."""
    own = [file.name.removesuffix(SUFFIX) for file in files]
    if len(set(own)) == len(own):
        return own
    with_folder = [
        f"{file.absolute().parent.name}/{name}" for file, name in zip(files, own, strict=True)
    ]
    return with_folder if len(set(with_folder)) == len(files) else [str(file) for file in files]
