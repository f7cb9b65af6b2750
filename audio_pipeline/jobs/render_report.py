"""Measures the written master of a render, then writes its report and its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_pipeline.audio_io.write.chunks import BextLoudness
from audio_pipeline.audio_io.write.file_set import FileSet
from audio_pipeline.audio_io.write.wave import WaveWriter
from audio_pipeline.errors import encodable
from audio_pipeline.jobs.provenance import facts_of
from audio_pipeline.jobs.render_files import RenderFiles
from audio_pipeline.mastering.gain_correction import FinishedMix
from audio_pipeline.mastering.master import Master
from audio_pipeline.mixing.session import Session
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report import report_of_draft, to_json
from audio_pipeline.timeline.workers import run_concurrently

if TYPE_CHECKING:
    from audio_pipeline.jobs.render_page import RenderPage
    from audio_pipeline.pages.page import PageMedia


def page_of(files: RenderFiles, session: Session, master: Master, wave: WaveWriter) -> RenderPage | None:
    """The page of a render, which `measured` feeds; None if `files` has no page."""
    if files.page is None:
        return None
    from audio_pipeline.jobs.render_page import RenderPage  # only a render with a page imports it

    return RenderPage(session.preset, master.gains, wave.draft())


def measured(
    wave: WaveWriter, session: Session, finished: FinishedMix, master: Master, page: RenderPage | None
) -> LoudnessReport:
    """Measure the written file, store its loudness in its `bext`, and return the report without hashes."""
    facts = facts_of(session, finished, master)
    observers = [] if page is None else [page.analyzer]
    report = report_of_draft(wave.draft(), facts, wave.path.name, observers)
    wave.set_loudness(
        BextLoudness(
            report.integrated_lufs,
            report.loudness_range_lu,
            report.true_peak_dbtp,
            report.max_momentary_lufs,
            report.max_short_term_lufs,
        )
    )
    return report


def written(
    report: LoudnessReport, page: RenderPage | None, files: RenderFiles, file_set: FileSet
) -> tuple[LoudnessReport, PageMedia | None]:
    """Write the report, with the hashes of the audio files, and the page; returns the report and the media."""
    assert files.report is not None
    # the media of the page are computed while the files are hashed: 2 % of a re-render
    with run_concurrently(lambda: None if page is None else page.finish()) as shown:
        hashes = _hashes(files, file_set)
    shown.result()
    report = report.model_copy(update={"files": hashes})
    text = to_json(report)
    with file_set.part(files.report, "w") as file:
        file.write(text)
    if page is None or files.page is None:
        return report, None
    return report, page.write(files.page, report, text, file_set.part)


def _hashes(files: RenderFiles, file_set: FileSet) -> dict[str, str]:
    """The SHA-256 (hex) of the audio files of the set, by path relative to the report."""
    folder = files.master.parent
    return {
        encodable(path.relative_to(folder).as_posix()): file_set.sha256_hex(path)
        for path in (files.master, *files.stems.values())
    }
