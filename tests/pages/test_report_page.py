"""The page of a render in a real browser: it opens alone, shows the figures, seeks, and holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np
import pytest
import soundfile

from audio_pipeline.pages.changes import Change, Changes, changes_of
from audio_pipeline.pages.page import page, page_media
from audio_pipeline.reporting.report_json import to_json
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.timecode import RATES
from tests.pages.hostile import HOSTILE, hostile_report
from tests.pages.in_browser import loaded, samples_of, until

HELD = "JSON.parse(document.getElementById('report').textContent)"
"""The report that a page holds."""


@pytest.fixture
def short(short_render, open_page):
    return loaded(open_page(short_render.files.page))


def at(page):
    return page.evaluate("renderEnding.transport.at")


def test_a_page_opens_from_a_file_without_a_request(short_render, open_page):
    loaded(open_page(short_render.files.page))
    assert [url for url in open_page.requests if not url.startswith("data:")] == [
        short_render.files.page.as_uri()
    ]


def test_a_page_weighs_less_than_6_mb_a_minute(short_render):
    assert short_render.files.page.stat().st_size / short_render.report.duration_s < 6e6 / 60


def test_the_figures_on_the_page_are_the_reports(short_render, short):
    report = short_render.report
    shown = short.eval_on_selector_all(
        "[data-figure]", "all => all.map(e => [e.dataset.figure, e.textContent])"
    )
    expected = {**report.headline(), "floor_dbfs": report.dropout.floor_dbfs}
    assert len(shown) >= 6
    for name, text in shown:
        assert float(text.replace("−", "-")) == pytest.approx(expected[name], abs=0.051)
    rows = short.eval_on_selector_all(
        "#sections tbody tr", "all => all.map(r => [...r.cells].map(c => c.textContent))"
    )
    clock = report.clock
    for row, section in zip(rows, report.sections, strict=True):
        assert row[0] == section.name
        assert row[1] == clock.timecode(round(section.start_s * 48_000) / 48_000)
        loudness = section.integrated_lufs
        assert row[3] == ("–" if loudness is None else f"{loudness:.1f}".replace("-", "−"))
    assert short.evaluate(HELD) == json.loads(to_json(report))
    for clause in report.delivery.clauses:
        assert clause.verdict in short.inner_text("#delivery")
    for warning in report.warnings:
        assert warning.message in short.inner_text(".warnings")


def test_the_page_carries_the_hash_of_its_reports_file(short_render, short):
    sha256 = hashlib.sha256(short_render.files.report.read_bytes()).hexdigest()
    assert short.get_attribute("meta[name='report-sha256']", "content") == sha256


def test_the_page_tells_what_the_preset_changes_in_its_base(short_render, short):
    rows = short.eval_on_selector_all(
        "#changes tbody tr", "all => all.map(r => [...r.cells].map(c => c.textContent))"
    )
    told = {row[0]: (row[1], row[2]) for row in rows}
    assert told["effects.echo.returns"] == ("5", "4")
    changes = changes_of(short_render.session.preset)
    assert changes.base == "final"
    assert set(told) == {change.key for change in changes.rows}


def test_the_copy_is_the_mix_to_the_sample_and_its_error_is_below_the_floor(short_render, short):
    master, _ = soundfile.read(short_render.master.file)
    copy = samples_of(short, "renderEnding.transport.buffers[0].getChannelData(0)")
    assert len(copy) == len(master)
    error_dbfs = 10 * np.log10(np.square(copy - master[:, 0]).mean())
    assert error_dbfs < short_render.report.dropout.floor_dbfs - 24
    silent = short_render.session.scene.cue("silence")
    assert not copy[silent:].any()


def test_keys_and_clicks_seek(short_render, short):
    starts = [section.start_s for section in short_render.report.sections]
    short.keyboard.press("Shift+ArrowRight")
    assert at(short) == starts[1]
    short.keyboard.press("ArrowRight")
    assert at(short) == pytest.approx(starts[1] + 1)
    short.keyboard.press("End")
    assert at(short) == short_render.report.duration_s
    short.keyboard.press("Shift+ArrowLeft")
    assert at(short) == starts[-1]
    short.keyboard.press("Home")
    assert at(short) == 0
    short.click("button.cue:text-is('dropout')")
    assert at(short) == short_render.report.dropout.at_s
    chart = short.locator("#loudness .u-over")
    chart.click(position={"x": chart.bounding_box()["width"] / 4, "y": 20})
    assert at(short) == pytest.approx(short_render.report.duration_s / 4, abs=0.05)


def test_dragging_zooms_all_charts_and_whole_shows_everything_again(short_render, short):
    duration = short_render.report.duration_s
    box = short.locator("#loudness .u-over").bounding_box()
    short.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    short.mouse.down()
    short.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=4)
    short.mouse.up()
    shown = short.evaluate("renderEnding.charts.charts.map(c => [c.scales.x.min, c.scales.x.max])")
    assert len(shown) == 3
    for low, high in shown:
        assert (low, high) == pytest.approx((duration * 0.25, duration * 0.75), abs=0.1)
    assert at(short) == 0
    short.click("[data-zoom=whole]")
    assert short.evaluate("renderEnding.charts.shown") == pytest.approx([0, duration])


def test_hovering_shows_the_reports_values(short_render, short):
    report = short_render.report
    box = short.locator("#loudness .u-over").bounding_box()
    short.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    text = short.inner_text("#readout")
    seconds = short.evaluate("renderEnding.transport.hovered")
    n = int(np.ceil(seconds / 0.1 - 1e-6)) - 1
    assert f"momentary {report.curves.momentary_lufs[n]:.1f}".replace("-", "−") in text


def test_playing_moves_the_playhead_on_the_audio_clock(short):
    short.click("#play")
    until(short, "renderEnding.transport.at > 0.2")
    assert short.inner_text("#play") == "Pause"
    short.keyboard.press("Space")
    assert short.inner_text("#play") == "Play"
    moved = short.eval_on_selector(".playhead", "e => new DOMMatrix(getComputedStyle(e).transform).m41")
    width = short.locator("#loudness .u-over").bounding_box()["width"]
    duration = short.evaluate("renderEnding.transport.duration")
    assert moved / width * duration == pytest.approx(at(short), abs=0.05)


def as_reported(seconds):
    """The first sample of a picture, in seconds as a report has them."""
    return round(to_samples(seconds, 48_000) / 48_000, 6)


def test_timecode_on_the_page_is_the_clocks(short):
    for rate in RATES.values():
        first = rate.frame("00:59:30:10")
        frames = [0, 1, 29, 30, 598, 1799, 1800, 17_982, 17_983, 107_892, 400_000]
        shown = short.evaluate(
            "([rate, start, all]) => { const c = new renderEnding.PictureClock(rate, start);"
            " return all.map(t => c.at(t)); }",
            [rate.name, rate.timecode(first), [as_reported(rate.seconds(frame)) for frame in frames]],
        )
        assert shown == [rate.timecode(first + frame) for frame in frames]


def test_hostile_names_are_shown_as_text(short_render, open_page, tmp_path):
    wild = hostile_report(short_render.report)
    changes = Changes(HOSTILE[0], (Change(HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[4]),))
    file = tmp_path / "wild.html"
    file.write_text(page(wild, changes, page_media(short_render.master.file, -60.0)), encoding="utf-8")
    opened = loaded(open_page(file))
    assert opened.inner_text("h1") == HOSTILE[0]
    assert opened.title() == f"{HOSTILE[0]} · {HOSTILE[1]}"
    assert opened.locator(".warnings li").all_text_contents() == list(HOSTILE)
    assert opened.evaluate(HELD) == json.loads(to_json(wild))
    assert opened.locator("img, script:not([type])").count() == 1
    assert opened.locator("[onerror]").count() == 0


def test_a_mix_without_a_copy_names_the_file_instead(short_render, open_page, tmp_path):
    look = dataclasses.replace(page_media(short_render.master.file, -60.0), copy=b"")
    file = tmp_path / "long.html"
    file.write_text(page(short_render.report, Changes(None, ()), look), encoding="utf-8")
    opened = open_page(file)
    assert opened.locator(".player a").get_attribute("href") == "./short.wav"
    opened.keyboard.press("ArrowRight")
    assert at(opened) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_of_360_points_needs_no_sideways_scrolling(short_render, open_page, scheme):
    opened = open_page(
        short_render.files.page, viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(short_render, open_page, scheme):
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra

    opened = loaded(open_page(short_render.files.page, color_scheme=scheme))
    assert Axe().run(opened).response["violations"] == []


def test_the_policy_lets_nothing_in(short_render, open_page):
    opened = open_page(short_render.files.page)
    refused = opened.evaluate(
        """async () => {
        const violations = [];
        addEventListener("securitypolicyviolation", (e) => violations.push(e.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.broken = true";
        document.body.append(script);
        const image = new Image();
        image.src = "https://example.invalid/x.png";
        await fetch("https://example.invalid/").catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
        return [violations, window.broken ?? false];
        }"""
    )
    assert refused[1] is False
    assert {"script-src-elem", "img-src", "connect-src"} <= set(refused[0])
    open_page.complaints.clear()  # Chromium tells of each on its console
    open_page.requests.clear()  # and calls the refused ones requests


@pytest.mark.parametrize("verdict", ["pass", "does not apply", "not measurable"])
def test_on_a_phone_the_delivery_shows_what_was_measured_and_every_verdict(
    short_render, open_page, verdict
):
    opened = open_page(short_render.files.page, viewport={"width": 390, "height": 844})
    opened.eval_on_selector_all(
        "#delivery .verdict",
        f"""all => all.forEach(e => {{
        e.className = "verdict {verdict.replace(" ", "-")}";
        e.lastChild.textContent = "{verdict}";
        }})""",
    )
    cells = opened.eval_on_selector_all(
        "#delivery :is(th, td)",
        """all => all.map(e => {
        const { left, right } = e.getBoundingClientRect();
        return [e.textContent, e.scrollWidth - e.clientWidth, left, right];
        })""",
    )
    assert len(cells) == 5 * (1 + len(short_render.report.delivery.clauses))
    for text, hidden_px, left, right in cells:
        assert hidden_px <= 0, text
        assert left >= 0, text
        assert right <= 390, text
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
