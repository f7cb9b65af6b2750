"""The page of a render, `<mix>.report.html`: one file with everything that it shows and plays.

media = page_media(Path("renders/final.wav"), softest_dbfs=-60.0)
write_page(Path("renders/final.report.html"), report, report_sha256, changes_of(preset), media)

`page_media` needs only the samples of the master; `PageAnalyzer` collects it while they are measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.audio_io.write.atomic_write import WritingText, atomic_write
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.pages import tables
from audio_pipeline.pages.changes import Changes
from audio_pipeline.pages.listening_copy import FLAC, Copy, bits_for, stereo
from audio_pipeline.pages.markup import (
    Markup,
    bytes_block,
    data_address,
    data_block,
    element,
    join,
    page_pieces,
)
from audio_pipeline.pages.spectrogram import LOWEST_HZ, Spectrogram
from audio_pipeline.pages.traces import Balance, CloseUp
from audio_pipeline.pages.words import audibility_note, clause_notes, silence_notes
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.model import DropoutLevels, LoudnessReport
from audio_pipeline.reporting.report import CURVE_STEP_S
from audio_pipeline.reporting.report_json import as_json, to_json
from audio_pipeline.timeline.workers import BackgroundQueue

LONGEST_COPY_S = 300.0
"""The maximum length of a mix inside its page: a minute takes 5 MB, and e-mail allows about 25."""

SCRIPTS = ("timecode.js", "engine.js", "charts.js", "transport.js", "report.js")

_BLOCK = 262_144


@dataclass(frozen=True)
class PageMedia:
    """The page's media besides the report. `copy` is empty for a mix that is too long."""

    spectrogram_png: bytes
    highest_hz: float
    balance: list[float | None]
    close_up: CloseUp
    copy: bytes


class PageAnalyzer:
    """Collects the media of a page: feed it the blocks of the master in order, `(n, ≤ 2)` each.

    `softest_dbfs`, if known, is the softest level that the copy must resolve. Raises StemError when the master
    cannot be read.
    """

    def __init__(self, master: Path, softest_dbfs: float | None) -> None:
        info = programme_info(master)
        rate = self._rate = info.sample_rate_hz
        self._picture, self._balance = Spectrogram(info.frames, rate), Balance(rate, CURVE_STEP_S)
        self._close_up = CloseUp(rate)
        short = info.duration_s <= LONGEST_COPY_S
        self._copy = Copy(FLAC, rate, 2, bits_for(softest_dbfs)) if short else None
        self._encoding = BackgroundQueue()

    def feed(self, block: Samples) -> None:
        """Feed the next block."""
        if self._copy is not None:
            self._encoding.do(
                partial(self._copy.feed, block)
            )  # encoding takes longer than all the others
        for observer in (self._picture, self._balance, self._close_up):
            observer.feed(block)

    def media(self) -> PageMedia:
        """The media of all samples fed; `feed` must not be called afterwards."""
        png = self._picture.png()
        self._encoding.finish()
        copy = b"" if self._copy is None else self._copy.data()
        return PageMedia(png, self._rate / 2, self._balance.points(), self._close_up, copy)


def page_media(master: Path, softest_dbfs: float | None) -> PageMedia:
    """The media of a finished master. Raises StemError when it cannot be read."""
    analyzer = PageAnalyzer(master, softest_dbfs)
    for block in stereo(programme_blocks(master, _BLOCK), programme_info(master).layout):
        analyzer.feed(block)
    return analyzer.media()


def sha256_of_text(text: str) -> str:
    """The SHA-256 of a file that holds `text`, as hex; a page carries that of its report."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_page(
    path: Path,
    report: LoudnessReport,
    report_sha256: str,
    changes: Changes,
    media: PageMedia,
    writing: WritingText = atomic_write,
) -> None:
    """Write the page atomically; `report_sha256` is the hash of the report's file, and `writing` adds the page
    to a set of files.

    Raises RenderError when it cannot be written.
    """
    with writing(path, "w") as file:
        file.writelines(_pieces(report, report_sha256, changes, media, live=False))


def page(report: LoudnessReport, changes: Changes, media: PageMedia, *, live: bool = False) -> str:
    """The page as text. A `live` page listens to its server and reloads itself."""
    return "".join(_pieces(report, sha256_of_text(to_json(report)), changes, media, live=live))


def _pieces(
    report: LoudnessReport, report_sha256: str, changes: Changes, media: PageMedia, *, live: bool
) -> Iterator[str]:
    title = report.preset_text("title") or "Mix"
    blocks_ = (
        data_block("report", as_json(report)),
        data_block("media", _media_data(media, report)),
        *bytes_block("audio-0", media.copy),
    )
    return page_pieces(
        f"{report.mix} · {title}",
        _body(report, changes, media, title),
        blocks_,
        (*SCRIPTS, "live.js") if live else SCRIPTS,
        connects=live,
        named={"report-sha256": report_sha256},
    )


def _media_data(media: PageMedia, report: LoudnessReport) -> dict[str, Any]:
    dropout = report.dropout
    return {
        "balance": media.balance,
        "close_up": None
        if dropout is None
        else media.close_up.around(dropout.at_s, dropout.silence_at_s),
        "spectrogram": {
            "png": data_address(media.spectrogram_png, "image/png"),
            "lowest_hz": LOWEST_HZ,
            "highest_hz": media.highest_hz,
        },
    }


def _body(report: LoudnessReport, changes: Changes, media: PageMedia, title: str) -> Markup:
    parts = [
        _header(report, title),
        element("div", id="live", role="status", hidden=True),
        _warnings(report),
        tables.headline(report),
        _section("Over time", _charts(), "over-time"),
    ]
    if report.dropout is not None:
        parts.append(_section("The dropout", _dropout(report, report.dropout), "dropout"))
    if report.delivery.name is not None:
        parts.append(_section("Delivery", _delivery(report), "delivery"))
    if report.sections:
        parts.append(_section("Sections", tables.sections(report), "sections"))
    base = changes.base
    changed = "Changes" if base is None else f"Changes from {base}"
    parts += [
        _section(changed, tables.changes_table(changes), "changes"),
        _section("Provenance", tables.provenance(report), "provenance"),
    ]
    return join(element("main", *parts), player(report, bool(media.copy)))


def _section(title: str, content: Markup, identity: str) -> Markup:
    heading = element("h2", title, id=f"{identity}-title")
    return element("section", heading, content, id=identity, aria_labelledby=f"{identity}-title")


def _header(report: LoudnessReport, title: str) -> Markup:
    facts = report.provenance
    meta = [
        tables.seconds(report.duration_s),
        f"{report.sample_rate_hz / 1000:g} kHz",
        str(facts.get("encoding", "")),
        f"{facts.get('picture_rate', '')} fps from {facts.get('picture_start', '')}",
    ]
    delivery = report.delivery
    named = delivery.title or delivery.name
    return element(
        "header",
        element("p", title, class_="overline"),
        element("h1", report.mix),
        element("p", report.preset_text("description") or "", class_="lede"),
        element("p", " · ".join(part for part in meta if part), class_="meta"),
        element("p", tables.verdict(delivery.verdict), " ", named or "", class_="verdict-line"),
    )


def _warnings(report: LoudnessReport) -> Markup:
    if not report.warnings:
        return Markup("")
    items = [element("li", warning.message) for warning in report.warnings]
    return element("ul", *items, class_="warnings", aria_label="Warnings")


def _charts() -> Markup:
    curves = (("two", "short-term"), ("one", "momentary"), ("faint", "level"))
    lines = [element("li", element("span", class_=f"key-line {kind}"), name) for kind, name in curves]
    return join(
        element("div", element("ul", *lines, class_="legend"), zoom_buttons(), class_="tools"),
        element("div", id="loudness", class_="chart"),
        element("div", id="balance", class_="chart"),
        element("div", id="spectrogram", class_="chart"),
        element(
            "p",
            "Drag to zoom, click to go there. A momentary window (400 ms) and a short-term window (3 s) "
            "read at their end. Balance is (right − left) / (right + left) of the power.",
            class_="note",
        ),
    )


def zoom_buttons() -> Markup:
    """Zoom buttons, for use without dragging."""
    words = (("in", "+", "Zoom in"), ("out", "−", "Zoom out"), ("whole", "Whole", "Show the whole"))
    buttons = [
        element("button", sign, type="button", data_zoom=kind, aria_label=label)
        for kind, sign, label in words
    ]
    return element("div", *buttons, class_="buttons", role="group", aria_label="Zoom")


def _dropout(report: LoudnessReport, dropout: DropoutLevels) -> Markup:
    return element(
        "div",
        element("div", id="close-up", class_="chart"),
        tables.dropout_contract(report, dropout),
        class_="beside",
    )


def _delivery(report: LoudnessReport) -> Markup:
    notes = [*clause_notes(report), *silence_notes(report)]
    audible = audibility_note(report)
    if audible is not None:
        notes.append(audible)
    items = [element("li", note) for note in notes]
    return join(tables.clauses(report), element("ul", *items, class_="notes") if items else Markup(""))


def player(report: LoudnessReport, has_copy: bool) -> Markup:
    """The transport, fixed at the bottom of the window."""
    if not has_copy:
        why = f"The mix is longer than {LONGEST_COPY_S / 60:.0f} minutes; listen to "
        link = element("a", report.file, href=_beside(report.file))
        return element("section", why, link, ".", class_="player plain", aria_label="Player")
    return element(
        "section",
        element("button", "Play", type="button", id="play", aria_keyshortcuts="Space"),
        element(
            "div",
            element("output", "", id="timecode", aria_live="off"),
            element("span", "", id="where"),
            class_="clock",
        ),
        element("p", id="readout", aria_live="off"),
        element("p", id="audio-state", role="status"),
        element(
            "p",
            *_keys((("space", "play"), ("← →", "1 s"), ("shift ← →", "cue by cue"), ("home", "start"))),
            class_="keys",
        ),
        class_="player",
        aria_label="Player",
    )


def _keys(pairs: tuple[tuple[str, str], ...]) -> list[Markup]:
    return [element("span", element("kbd", key), " ", what) for key, what in pairs]


def _beside(name: str) -> str:
    return "./" + quote(Path(name).name)
