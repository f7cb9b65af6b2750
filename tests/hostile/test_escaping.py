"""A text from a file, a preset or a name stays text, wherever it is shown.

Whatever is written is read back by a parser that knows nothing of us: the text is there, and nothing was
made of it, no element, no formula, no row, no command to a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.write.chunks import Bext, Cue, Ixml, label_list
from audio_pipeline.jobs.review import take_of
from audio_pipeline.pages.changes import Change, Changes
from audio_pipeline.pages.csv_tables import files_csv, sections_csv, to_csv
from audio_pipeline.pages.overview import MixResult, overview_csv, overview_html, overview_json
from audio_pipeline.pages.page import page, page_media
from audio_pipeline.pages.picture import draw_mix
from audio_pipeline.pages.review import Take, listening_copy, write_review
from audio_pipeline.reporting.facts import MixFacts, Section
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES
from tests.command import tiny_project
from tests.conftest import Call

PLAIN = "a name"
TEXTS = {
    "a command": "=cmd|' /C calc'!A0",
    "a sum": "+1+1",
    "a difference": "-2+3",
    "a function": "@SUM(A1)",
    "a wide sign": "＝1+1",
    "a tab": "\t=1+1",
    "a return": "\r=1+1",
    "another cell": 'x";=1+1;"',
    "another row": "x\n=1+1\n",
    "a script": "<script>alert(1)</script>",
    "the end of a script": "</script><script>alert(2)</script>",
    "a comment": "<!--<script>",
    "the end of a comment": "--><b>",
    "an attribute": "\" onmouseover='alert(3)' x=\"",
    "quotes": "\"'`&amp; ${x} {{y}}",
    "mark-up of a table": "a | b | *c* [d](e) `f` ~~g~~",
    "mark-up of a console": "[bold red]x[/] [link=http://x]y",
    "mathematics": "$\\frac$ $x_$ \\",
    "a direction": "\u202ecod.exe",
    "lines of Unicode": "a\u2028b\u2029c\x85d",
    "controls": "a\x00\x07\x1b[31m\x7f\x9b2J",
    "wide": "🎞️ 未完 عربي",
}
texts = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("master") / "mix.wav"
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (48_000, 2))
    soundfile.write(path, noise, 48_000, subtype="PCM_24")
    return path


@pytest.fixture(scope="module")
def report_with(master: Path) -> Callable[[str], LoudnessReport]:
    """Makes the report of a second of noise, with a text in every place that a name can have."""
    sections = (Section("A", Span(0, 24_000)), Section("B", Span(24_000, 48_000)))
    preset = {"title": "T", "description": "D", "version": "1"}
    plain = to_json(
        report_of_file(master, MixFacts("mix", sections, provenance={"preset": preset}), "mix.wav")
    )

    def made(text: str) -> LoudnessReport:
        report: dict[str, Any] = json.loads(plain)
        report["mix"], report["files"] = text, {text: None}
        report["warnings"] = [{"code": "version_1", "message": text, "figure": text}]
        report["cues"] = [{"name": text, "at_samples": 0, "timecode": text}]
        report["layout"] = text
        report["sections"][0]["name"] = text
        report["provenance"]["preset"] |= {"title": text, "description": text, "version": text}
        report["provenance"][text] = text
        report["delivery"]["name"] = report["delivery"]["title"] = text
        return LoudnessReport.model_validate(report)

    return made


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, and all that is text in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.data: dict[str, Any] = {}
        self._block: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.elements.append((tag, *sorted(names)))
        self.texts += [value for value in names.values() if value]
        self._block = names.get("id") if names.get("type") == "application/json" else None

    def handle_data(self, data: str) -> None:
        if self._block is None:
            self.texts.append(data)
        else:
            self.data[self._block] = json.loads(data)
            self._block = None

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:50]}")


def same_elements(made: Callable[[str], str], text: str) -> Elements:
    """The page with `text` in it has the elements of the page with a plain name, and no others."""
    found, plain = Elements(made(text)), Elements(made(PLAIN))
    assert found.elements == plain.elements
    return found


def cells_of(table: str) -> list[list[str]]:
    """The cells, which no spreadsheet takes for a formula, whatever sign it takes to stand between them."""
    for sign in ",;\t":
        for row in csv.reader(io.StringIO(table), delimiter=sign):
            for cell in row:
                if cell.lstrip()[:1] in tuple("=+-@＝＋－＠"):
                    float(cell)
    assert not re.search(r"[^\n -~\xa0-\U0010ffff]", table)
    return list(csv.reader(io.StringIO(table), strict=True))


def has_text(cells: list[list[str]], text: str) -> bool:
    """Whether a cell is the text, but for apostrophes and for what cannot be shown."""
    wanted = "".join(c if c.isprintable() else " " for c in text).replace("'", "")
    return any(cell.replace("'", "") == wanted for row in cells for cell in row)


@texts
def test_the_page_of_a_report(master: Path, report_with: Any, text: str) -> None:
    look = page_media(master, -60.0)

    def made(name: str) -> str:
        return page(report_with(name), Changes(name, (Change(name, name, name, name),)), look)

    found = same_elements(made, text)
    assert sum(as_shown(text) in as_shown(piece) for piece in found.texts) >= 4
    assert found.data["report"]["mix"] == text
    assert found.data["report"]["provenance"][text] == text


def as_shown(text: str) -> str:
    """A text without what a parser of HTML changes by itself: ends of lines, and nothing."""
    return " ".join(text.replace("\x00", "\ufffd").split())


@texts
def test_the_overview_of_a_batch(report_with: Any, text: str) -> None:
    def results(name: str) -> list[MixResult]:
        made = MixResult(name, name, name, {name: name}, report_with(name), name)
        return [made, MixResult(name, name, name, {name: name}, None, name, name)]

    found = same_elements(lambda name: overview_html(results(name)), text)
    assert sum(as_shown(text) in as_shown(piece) for piece in found.texts) >= 4
    cells = cells_of(overview_csv(results(text)))
    assert {len(row) for row in cells} == {len(cells[0])}
    assert len(cells) == 3
    assert has_text(cells, text)
    assert json.loads(overview_json(results(text)))["mixes"][0]["overrides"] == {text: text}


@texts
def test_tables_of_reports(report_with: Any, text: str) -> None:
    report = report_with(text)
    for table, rows in ((files_csv([report]), 2), (sections_csv([report]), 3)):
        cells = cells_of(table)
        assert len(cells) == rows
        assert {len(row) for row in cells} == {len(cells[0])}
        assert has_text(cells, text)
    assert has_text(cells_of(to_csv((text, "b"), [(1.5, text)])), text)


@pytest.fixture(scope="module")
def takes(master: Path, report_with: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Take]:
    """Two files with their reports."""
    folder, made = tmp_path_factory.mktemp("takes"), []
    for name in ("one", "two"):
        copy = folder / f"{name}.wav"
        copy.write_bytes(master.read_bytes())
        copy.with_name(f"{name}.report.json").write_text(to_json(report_with(PLAIN)), encoding="utf-8")
        made.append(take_of(copy))
    return made


@pytest.fixture(scope="module")
def copies(takes: list[Take]) -> list[bytes]:
    return [listening_copy(take) for take in takes]


@texts
def test_the_review_page(
    takes: list[Take], copies: list[bytes], report_with: Any, tmp_path: Path, text: str
) -> None:
    def made(name: str) -> str:
        named = [replace(take, report=report_with(name)) for take in takes]
        out = tmp_path / "review.html"
        write_review(out, named, copies)
        return out.read_text(encoding="utf-8")

    same_elements(made, text)


@texts
def test_the_chunks_of_a_broadcast_wave(text: str) -> None:
    chunk = Ixml(text, text, RATES["24"], text).encoded(
        sample_rate_hz=48_000, channels=2, bits=24, time_reference_samples=0
    )
    tree = ElementTree.fromstring(chunk)
    shown = "".join(c if c.isprintable() or c in "\t\n" else "?" for c in text)
    assert [tree.findtext(name) for name in ("PROJECT", "SCENE", "NOTE")] == [shown] * 3
    assert len(list(tree)) == 6
    body = Bext(description=text, originator_reference=text).encoded()
    assert len(body) == 602
    assert body[:256].rstrip(b"\0").decode("ascii")[:3] == text.encode("ascii", "replace").decode()[
        :3
    ].replace("\0", "?")
    labels = label_list([Cue(text, 0)])
    size = struct.unpack("<I", labels[8:12])[0]
    assert labels[16 : 12 + size].rstrip(b"\0").decode("utf-8") == text.replace("\0", "?")


def test_pictures(master: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(master)
    cues = [(text, (n + 0.5) / len(TEXTS)) for n, text in enumerate(TEXTS.values())]
    draw_mix(samples, rate, cues, " ".join(TEXTS.values()), tmp_path / "mix.svg")
    ElementTree.fromstring((tmp_path / "mix.svg").read_bytes())


@pytest.fixture
def call(call: Call) -> Call:
    """The command in this process; what it prints can be shown, whatever it is."""

    def called(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        done = call(folder, *arguments)
        for line in (done.stdout + done.stderr).split("\n"):
            assert line.isprintable(), line
        assert "internal error" not in done.stderr
        return done

    return called


@texts
def test_what_compare_and_measure_print(
    master: Path, report_with: Any, tmp_path: Path, call: Call, text: str
) -> None:
    name = text.replace("/", "∕").replace("\0", "0")  # what no file can be called
    (tmp_path / f"{name}.wav").write_bytes(master.read_bytes())
    for file, mix in ((f"{name}.report.json", text), ("b.report.json", PLAIN)):
        (tmp_path / file).write_text(to_json(report_with(mix)), encoding="utf-8")
    two = (f"./{name}.report.json", "b.report.json")
    call(tmp_path, "compare", *two)
    assert json.loads(call(tmp_path, "compare", *two, "--json").stdout)["names"][0] == name
    assert has_text(cells_of(call(tmp_path, "compare", *two, "--csv").stdout), name)
    for line in call(tmp_path, "compare", *two, "--markdown").stdout.splitlines():
        assert "<" not in line
        if line.startswith("| figure"):
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 5, line
    assert json.loads(call(tmp_path, "measure", f"./{name}.wav", "--json").stdout)["files"].keys() == {
        f"{name}.wav"
    }
    assert has_text(cells_of(call(tmp_path, "measure", f"./{name}.wav", "--csv").stdout), f"{name}.wav")
    call(tmp_path, "measure", f"./{name}.wav", "b.report.json")
    shown = call(tmp_path, "inspect", f"./{name}.wav", "--json").stdout
    assert json.loads(shown)["what"] == f"{name}.wav"


@pytest.mark.parametrize("which", ["mathematics", "controls", "wide", "the end of a comment"])
def test_pictures_of_files(
    master: Path, report_with: Any, tmp_path: Path, call: Call, which: str
) -> None:
    name = TEXTS[which].replace("\0", "0")
    (tmp_path / f"{name}.wav").write_bytes(master.read_bytes())
    for file in (f"{name}.report.json", "b.report.json"):
        (tmp_path / file).write_text(to_json(report_with(TEXTS[which])), encoding="utf-8")
    call(tmp_path, "compare", f"./{name}.report.json", "b.report.json", "--plot", "curves.svg")
    call(tmp_path, "inspect", f"./{name}.wav", "--plot", "sound.svg")
    for picture in ("curves.svg", "sound.svg"):
        ElementTree.fromstring((tmp_path / picture).read_bytes())


@texts
def test_what_presets_and_plans_print(tmp_path: Path, call: Call, text: str) -> None:
    film = tiny_project(tmp_path / "film")
    preset = film / "presets" / "tiny.toml"
    told = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    told = f'"{told}"'
    preset.write_text(
        preset.read_text().replace('"Tiny"', told).replace('"Two words and grain: three seconds."', told)
    )
    call(film, "presets")
    call(film, "presets", "tiny")
    assert json.loads(call(film, "presets", "--json").stdout)[0]["description"] == text
    values = json.loads(call(film, "presets", "tiny", "--json").stdout)["values"]
    assert text in [value["value"] for value in values]
    call(film, "batch", "tiny", "--dry-run", "--vary", f"title={told},b", "--name", "x_{title}")
    call(film, "--preset", text)


def test_names_of_files_that_are_no_text(master: Path, tmp_path: Path, call: Call) -> None:
    film = tiny_project(tmp_path / "film")
    name = os.fsdecode(b"caf\xe9-\x1b[31m")
    (film / "presets" / f"{name}.toml").write_bytes((film / "presets" / "tiny.toml").read_bytes())
    (film / f"{name}.wav").write_bytes(master.read_bytes())
    for order in (["presets"], ["presets", "--json"], ["presets", name], ["--preset", name]):
        call(film, *order)
    for options in ([], ["--json"], ["--csv"]):
        call(film, "measure", f"{name}.wav", *options)
    call(film, "batch", name)
    call(film, "inspect", f"{name}.wav", "--plot", "x.svg")
    call(film, "compare", f"{name}.wav", f"{name}.wav")


def test_a_report_with_half_a_character_is_refused(report_with: Any, tmp_path: Path, call: Call) -> None:
    text = to_json(report_with("HALF")).replace("HALF", "\\ud800")
    (tmp_path / "a.report.json").write_text(text, encoding="utf-8")
    done = call(tmp_path, "compare", "a.report.json", "a.report.json")
    assert done.returncode == 1
    assert "holds half a character" in done.stderr
