"""The use case: write a page to compare rendered mixes by ear."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.errors import ReportError
from audio_pipeline.jobs.measure import Known, measure_file
from audio_pipeline.pages.review import (
    Take,
    clock_of,
    listening_copy,
    matching,
    names_of,
    write_review,
)
from audio_pipeline.pages.review_notes import read_notes
from audio_pipeline.preset.project import current_project
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.own_facts import FROM_FILE, Picture
from audio_pipeline.reporting.render_set import read_set
from audio_pipeline.reporting.report_names import SUFFIX, renders_in


def renders_of(thing: str) -> list[Path]:
    """The reports or audio files of a preset's name, a file or a folder of renders.

    Raises ReportError for a preset that is not rendered.
    """
    path = Path(thing)
    if path.is_dir():
        finish_pending(path)
        return list(renders_in(path).values())
    if path.suffix:
        return [path]
    rendered = current_project().renders / f"{thing}{SUFFIX}"
    finish_pending(rendered)
    if not rendered.is_file():
        raise ReportError(
            f"the render {thing!r} does not exist in {rendered.parent.name}/",
            hint=f"Render it with: render-ending --preset {thing}",
        )
    return [rendered]


def take_of(path: Path, track: int | None = None, picture: Picture = FROM_FILE) -> Take:
    """The mix of a report or an audio file `path`. It is measured without a report, or when `track` is given.

    Raises ReportError for a report whose audio file is not next to it, StemError for unreadable audio.
    """
    if path.name.endswith(SUFFIX):
        report = read_set(path)
        audio = path.parent / Path(report.file).name
        if not audio.is_file():
            raise ReportError(
                f"{path} is a report on {audio.name}, which is not beside it", hint="Render it again."
            )
        return Take(report, audio)
    finish_pending(path)
    beside = path.with_name(f"{path.stem}{SUFFIX}")
    if beside.is_file() and track is None:
        return Take(read_set(beside), path)
    return Take(measure_file(path, Known(track=track, picture=picture)), path, track)


def review(
    renders: Sequence[Path],
    page: Path | None,
    track: int | None = None,
    on_report: Callable[[LoudnessReport], None] = lambda _: None,
    picture: Picture = FROM_FILE,
    notes: Path | None = None,
) -> tuple[Path, list[tuple[str, float]]]:
    """Write the review page of 2 to 26 renders; returns its path, and the name and gain in dB of each.

    `page` is its path (default: `renders/review.html` of the project); `notes` are review notes to show in it;
    `track` is the track to read in audio files with several. `on_report` is called with the report of each
    mix. Raises ReportError, StemError or RenderError.
    """
    takes = [take_of(path, track, picture) for path in renders]
    for take in takes:
        on_report(take.report)
    said = None if notes is None else read_notes(notes, names_of(takes), clock_of(takes[0].report))
    # the encoders run outside Python, so threads use all cores
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        copies = list(pool.map(listening_copy, takes))
    written = current_project().renders / "review.html" if page is None else page
    write_review(written, takes, copies, said)
    _, gains = matching([take.report for take in takes], [take.plays_lu for take in takes])
    return written, list(zip(names_of(takes), gains, strict=True))
