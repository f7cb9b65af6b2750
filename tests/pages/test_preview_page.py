"""The page of a preview, in a real browser: it plays picture and sound, and goes to cues and frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.pages.preview_page import PreviewFacts, preview_page
from audio_pipeline.pages.preview_video import PreviewSpan, write_preview
from audio_pipeline.timeline.timecode import RATES
from tests.films import needs_ffmpeg
from tests.pages.in_browser import until

CUES = (("start", "01:00:00:00", 0.0), ("black", "01:00:01:12", 1.5))


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("preview")
    soundfile.write(folder / "m.wav", np.full((96_000, 2), 0.1), 48_000, subtype="PCM_24")
    span = PreviewSpan(RATES["24"], RATES["24"].frame("01:00:00:00"), 48, (("start", 0), ("black", 36)))
    write_preview(folder / "a #1.preview.mp4", folder / "m.wav", span, None, "Film")
    facts = PreviewFacts(
        "Film <v1>", "a #1.preview.mp4", "24", "01:00:00:00", CUES, (("picture", "<none>"),)
    )
    (folder / "a #1.preview.html").write_text(preview_page(facts), encoding="utf-8")
    return folder / "a #1.preview.html"


@needs_ffmpeg
@pytest.mark.parametrize("width", [1280, 390])
def test_cues_and_frames_can_be_reached(open_page, preview: Path, width: int) -> None:
    page = open_page(preview, viewport={"width": width, "height": 800})
    until(page, "document.getElementById('video').readyState >= 2")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.getElementById('video').duration") == pytest.approx(2.0, abs=0.03)
    page.get_by_role("button", name="black").click()
    until(page, "document.getElementById('timecode').textContent === '01:00:01:12'")
    page.get_by_role("button", name="+1 frame").click()
    until(page, "document.getElementById('timecode').textContent === '01:00:01:13'")
    page.get_by_role("button", name="−1 frame").click()
    until(page, "document.getElementById('timecode').textContent === '01:00:01:12'")
    assert page.get_by_text("For review only").first.is_visible()


@needs_ffmpeg
def test_it_plays(open_page, preview: Path) -> None:
    page = open_page(preview)
    until(page, "document.getElementById('video').readyState >= 2")
    page.evaluate("document.getElementById('video').play()")
    until(page, "document.getElementById('video').currentTime > 0.2")
    until(page, "document.getElementById('timecode').textContent !== '01:00:00:00'")


@needs_ffmpeg
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(open_page, preview: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra

    page = open_page(preview, color_scheme=scheme, bypass_csp=True)
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
