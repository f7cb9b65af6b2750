"""The use case: render one preset with its stems to a master, its stems, its report and its page.

mix every tile to the premaster and meter it ─▶ gains ─▶ ceiling, dither, files ─▶ report from the file
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from audio_pipeline.audio_io.write.file_set import FileSet
from audio_pipeline.errors import PresetError, RenderError
from audio_pipeline.jobs import render_report
from audio_pipeline.jobs.earlier_stems import earlier_stems
from audio_pipeline.jobs.render_files import (
    RenderFiles,
    files_of_render,
    folder_for,
    refuse_to_replace,
    with_stem_names,
)
from audio_pipeline.mastering.broadcast_wave import broadcast_wave
from audio_pipeline.mastering.first_pass import mixed_premaster
from audio_pipeline.mastering.gain_correction import finished_mix
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mastering.master import Master, write_master
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import Session, open_session, with_stem_files
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.names import check_name
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import StemFiles, stem_paths
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Moment
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from audio_pipeline.jobs.reference import Reference
    from audio_pipeline.pages.page import PageMedia
    from audio_pipeline.reporting.model import LoudnessReport

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it that is done (0..1)."""


@dataclass(frozen=True)
class Order:
    """The inputs and options of a render. `begin` and `finish` bound an excerpt; None is the programme's edge.

    An excerpt has no report and no page. Without `page` no page code is imported. With `reference` the mix
    uses the cues and slots of the reference. `stem_names` are the file names of stems, by stem, where they
    differ from the mix's name.
    """

    project: Project
    preset: Preset
    out: Path
    stem_files: StemFiles = field(default_factory=dict)
    begin: Moment | None = None
    finish: Moment | None = None
    stems: bool = False
    stem_names: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    cache: Cache | None = None
    page: bool = True
    reference: Reference | None = None


@dataclass(frozen=True)
class Rendered:
    """The result of a render.

    `report` is None for an excerpt. `page_media` is the page's content besides the report, None without a page.
    """

    master: Master
    report: LoudnessReport | None
    files: RenderFiles
    session: Session
    page_media: PageMedia | None


def render(order: Order, progress: Progress = lambda stage, share: None) -> Rendered:
    """Render one mix. Raises PresetError, StemError or RenderError; existing files are then unchanged.

    The master is `<out>/<preset>.wav`. An excerpt has its timecodes in its name and no loudness in its file,
    because only the complete programme is measured. Equal orders give equal bytes for any number of workers.
    """
    progress("stems", 0.0)
    check_name(order.preset.name)
    preset = with_stem_files(order.preset, order.stem_files)
    reference = order.reference
    lock = None if reference is None else reference.lock_for(order.project, order.cache)
    session = open_session(order.project, preset, order.stem_files, order.cache, lock)
    span = _span(order, session)
    files = _files(order, session, span)
    with folder_for(order.out), FileSet(order.out, files.name) as file_set:
        # the file set is locked from here on: a second render of the same mix is refused before it mixes
        sources = stem_paths(order.project, order.preset, order.stem_files).values()
        refuse_to_replace(files, sources)
        for path, sha256 in earlier_stems(files).items():
            file_set.remove(path, sha256)
        rendered = _make(order, session, span, files, file_set, progress)
    progress("done", 1.0)
    return rendered


def _make(
    order: Order,
    session: Session,
    span: Span,
    files: RenderFiles,
    file_set: FileSet,
    progress: Progress,
) -> Rendered:
    workers = order.workers
    report, page, media = None, None, None
    with broadcast_wave(session, files.master, span, file_set.part) as wave:
        told = partial(progress, "mix")
        premaster_of = mixed_premaster(session, order.out, order.stems, workers, told)
        with premaster_of as premaster:
            finished = finished_mix(session, premaster, workers, _given_gains(order, session.preset))
            told = partial(progress, "master")
            master = write_master(
                session, finished, span, wave, files.stems, workers, told, file_set.part
            )
        if files.stems:
            progress("stems out", 1.0)
        if files.report is not None:
            progress("report", 0.0)
            page = render_report.page_of(files, session, master, wave)
            report = render_report.measured(wave, session, finished, master, page)
    if report is not None:
        progress("page", 0.0)
        report, media = render_report.written(report, page, files, file_set)
    return Rendered(master, report, files, session, media)


def _given_gains(order: Order, preset: Preset) -> Gains | None:
    """The gains from the reference; None where the mix computes its own.

    Music and effects use the programme gain of their reference, so that their level is that of the full mix.
    """
    reference = order.reference
    if reference is None or "DX" in preset.master.buses or preset.master.anchor == "dialogue":
        return None
    if reference.programme_db is None:
        raise RenderError(
            f"{preset.name} is anchored on the programme, and its reference has no gain of the programme",
            hint="Give the report of the full mix: --reference REPORT.",
        )
    return Gains(None, reference.programme_db)


def _span(order: Order, session: Session) -> Span:
    programme, scene = session.scene.programme, session.scene
    try:
        start = scene.at(order.begin) if order.begin is not None else programme.start
        stop = scene.at(order.finish) if order.finish is not None else programme.stop
    except ValueError as error:
        raise PresetError(
            f"--from or --to is invalid: {error}", hint='Write it like "44s" or "black - 2s".'
        ) from error
    if not programme.start <= start < stop <= programme.stop:
        length = len(programme) / scene.sample_rate
        raise PresetError(
            f"an excerpt from {start / scene.sample_rate:g} s to {stop / scene.sample_rate:g} s "
            f"is outside the programme of {length:g} s",
            hint=f"Write --from and --to between 0 s and {length:g} s, or use cues.",
        )
    return Span(start, stop)


def _files(order: Order, session: Session, span: Span) -> RenderFiles:
    whole = span == session.scene.programme
    part = "" if whole else _excerpt(session, span)
    files = files_of_render(
        order.out, session.preset.name + part, stems=order.stems, report=whole, page=whole and order.page
    )
    return with_stem_names(files, {stem: name + part for stem, name in order.stem_names.items()})


def _excerpt(session: Session, span: Span) -> str:
    """The suffix of an excerpt's name: its timecodes."""

    def digits(sample: int) -> str:
        timecode = session.scene.clock.timecode_of_sample(sample, session.scene.sample_rate)
        return "".join(c for c in timecode if c.isdigit())

    return f"_{digits(span.start)}-{digits(span.stop)}"
