"""The page of a render: what it shows is collected while the master is measured."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import WritingText
from audio_pipeline.mastering.gain_staging import Gains, softest_dbfs
from audio_pipeline.pages.changes import changes_of
from audio_pipeline.pages.page import PageAnalyzer, PageMedia, sha256_of_text, write_page
from audio_pipeline.preset.model import Preset
from audio_pipeline.reporting.model import LoudnessReport


class RenderPage:
    """Watches the blocks of a master, and writes its page."""

    def __init__(self, preset: Preset, gains: Gains, master: Path) -> None:
        self._preset = preset
        self.analyzer = PageAnalyzer(master, softest_dbfs(preset, gains))
        self._media: PageMedia | None = None

    def finish(self) -> None:
        """Work out what the page shows; no block comes any more."""
        self._media = self._media or self.analyzer.media()

    def write(self, path: Path, report: LoudnessReport, text: str, writing: WritingText) -> PageMedia:
        """Write the page, whole or not at all; returns what it shows besides the report, whose file
        holds `text`. `writing` makes it one of a set.

        Raises RenderError when it cannot be written.
        """
        self.finish()
        assert self._media is not None
        media = self._media
        write_page(path, report, sha256_of_text(text), changes_of(self._preset), media, writing)
        return media
