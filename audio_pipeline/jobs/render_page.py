"""The page of a render; its content is collected while the master is measured."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import WritingText
from audio_pipeline.mastering.gain_staging import Gains, softest_dbfs
from audio_pipeline.pages.changes import changes_of
from audio_pipeline.pages.page import PageAnalyzer, PageMedia, sha256_of_text, write_page
from audio_pipeline.preset.model import Preset
from audio_pipeline.reporting.model import LoudnessReport


class RenderPage:
    """Analyses the blocks of a master and writes its page."""

    def __init__(self, preset: Preset, gains: Gains, master: Path) -> None:
        self._preset = preset
        self.analyzer = PageAnalyzer(master, softest_dbfs(preset, gains))
        self._media: PageMedia | None = None

    def finish(self) -> None:
        """Compute the media of the page, after the last block."""
        self._media = self._media or self.analyzer.media()

    def write(self, path: Path, report: LoudnessReport, text: str, writing: WritingText) -> PageMedia:
        """Write the page, complete or not at all; returns its content besides the report.

        `text` is the text of the report's file; `writing` opens the page as a file of the set. Raises
        RenderError when it cannot be written.
        """
        self.finish()
        assert self._media is not None
        media = self._media
        write_page(path, report, sha256_of_text(text), changes_of(self._preset), media, writing)
        return media
