"""Takes the screenshots of the documentation from real pages: `make screenshots` (needs chromium)."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from audio_pipeline.jobs.render import Order, render
from audio_pipeline.pages.review import listening_copy, take_of, write_review
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
MIXES = ("final", "last-breath", "hard-cut", "streaming")
SIZES = {"desktop": (1280, 1000), "phone": (360, 740)}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def pages() -> dict[str, Path]:
    """Render the mixes; the pages by name."""
    project = Project(ROOT)
    made = {}
    for name in MIXES:
        preset = build_preset(load_document(project, name))
        made[name] = render(Order(project, preset, project.renders, workers=2))
    takes = [take_of(m.report_file) for m in made.values() if m.report_file is not None]
    review = project.renders / "review.html"
    write_review(review, takes, [listening_copy(take) for take in takes])
    report = made["final"].page
    assert report is not None
    return {"report": report, "review": review}


def show_report(page: Page) -> None:
    """The curves, at a moment of the scene."""
    page.evaluate("renderEnding.transport.seek(24.5)")
    page.evaluate("document.getElementById('over-time').scrollIntoView({ behavior: 'instant' })")


def show_review(page: Page) -> None:
    """The mixes, one of them starred, another one chosen."""
    page.keyboard.press("2")
    page.click("[aria-label='Star for last-breath']")
    page.fill("[aria-label='Note on last-breath']", "The breath. Keep the silence before it.")
    page.evaluate("renderEnding.transport.seek(58.6); document.activeElement.blur()")


SHOWS = {"report": show_report, "review": show_review}


def shoot(browser: Browser, name: str, path: Path, scheme: str, size: str) -> None:
    """One screenshot, with few colours, which is enough for type and lines."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("renderEnding.transport.ready")
    SHOWS[name](page)
    page.wait_for_timeout(300)
    image = (
        Image.open(io.BytesIO(page.screenshot()))
        .convert("RGB")
        .quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    image.save(PICTURES / f"{name}-{size}-{scheme}.png", optimize=True)
    context.close()


def main() -> None:
    """Every page, light and dark, on a desk and on a phone."""
    shown = pages()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, path in shown.items():
            for scheme in ("light", "dark"):
                for size in SIZES:
                    shoot(browser, name, path, scheme, size)
        browser.close()


if __name__ == "__main__":
    main()
