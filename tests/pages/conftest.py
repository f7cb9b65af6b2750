"""A real Chromium without a screen, and small renders to show in it."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
import soundfile

from audio_pipeline.jobs.render import Order, render
from audio_pipeline.jobs.review import take_of
from audio_pipeline.pages.review import listening_copy, write_review
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.reporting.facts import MixFacts, Section
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.timeline.spans import Span

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
]


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium here (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


class Opened:
    """Opens pages and remembers what they asked for and complained of."""

    def __init__(self, browser):
        self.browser = browser
        self.requests, self.complaints, self.contexts = [], [], []

    def __call__(self, address, **options):
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address.as_uri() if isinstance(address, Path) else address)
        return page

    def strangers(self):
        """What was asked for besides the pages themselves and what they hold."""
        ours = ("file:", "data:", "blob:", "http://127.0.0.1:")
        return [url for url in self.requests if not url.startswith(ours)]


@pytest.fixture
def open_page(browser):
    """Open a page; at the end nothing was asked for from outside and nothing complained."""
    opened = Opened(browser)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.strangers() == []
    assert opened.complaints == []


@pytest.fixture(scope="session")
def short_render(shared_project, tmp_path_factory):
    """`short`, rendered."""
    out = tmp_path_factory.mktemp("renders")
    preset = build_preset(load_document(shared_project, "short", ("echo.returns=4", "echo.gap=600ms")))
    return render(Order(shared_project, preset, out, workers=2))


@pytest.fixture(scope="session")
def takes(short_render):
    """`short` and, the same at twice its level but for 2 s at its end, `loud`."""
    samples, rate = soundfile.read(short_render.master.file)
    path = short_render.master.file.with_name("loud.wav")
    soundfile.write(path, samples[: -2 * rate] * 2.0, rate, subtype="PCM_24")
    before = short_render.report
    facts = MixFacts(
        "loud",
        sections_of(before, rate),
        dialogue_lufs=before.dialogue_lufs + 20 * math.log10(2),
        provenance={"preset": {**before.preset, "master.dialogue": "-21 LUFS"}},
    )
    report = report_of_file(path, facts, path.name)
    path.with_name("loud.report.json").write_text(to_json(report), encoding="utf-8")
    return [take_of(short_render.files.report), take_of(path)]


def sections_of(report, rate):
    return tuple(
        Section(s.name, Span(round(s.start_s * rate), round(s.stop_s * rate))) for s in report.sections
    )


@pytest.fixture(scope="session")
def copies(takes):
    """What a page plays of both."""
    return [listening_copy(take) for take in takes]


@pytest.fixture(scope="session")
def review_page(takes, copies, tmp_path_factory):
    """The review of both."""
    path = tmp_path_factory.mktemp("review") / "review.html"
    write_review(path, takes, copies)
    return path
