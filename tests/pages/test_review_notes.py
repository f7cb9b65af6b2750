"""Notes of a review as markers: they leave as Resolve EDL, REAPER CSV and Final Cut XML, and open again."""

from __future__ import annotations

import json

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.pages.review import clock_of, write_review
from audio_pipeline.pages.review_notes import read_notes
from audio_pipeline.reporting.markers.reading import read_markers
from tests.pages.in_browser import loaded

KINDS = {
    "edl": "Resolve markers (EDL)",
    "reaper": "REAPER markers",
    "xml": "Final Cut Pro 7 XML",
}
NAMES = ["short", "loud"]


@pytest.fixture
def noted(review_page, open_page):
    """The page with a note on each mix, begun at 2.5 s and at 5 s."""
    opened = loaded(open_page(review_page))
    for at, mix, text in ((2.5, "loud", '=too | "loud", & <bright>\nthere'), (5.0, "short", "é 🎬")):
        opened.evaluate(f"renderEnding.transport.seek({at})")
        opened.fill(f"[aria-label='Note on {mix}']", text)
    return opened


def exported(opened, kind, tmp_path):
    with opened.expect_download() as download:
        opened.click(f"#export-{kind}")
    path = tmp_path / download.value.suggested_filename
    path.write_bytes(download.value.path().read_bytes())
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_notes_leave_as_markers_that_read_at_the_frame(noted, takes, tmp_path, kind):
    path = exported(noted, kind, tmp_path)
    clock = clock_of(takes[0].report)
    found = read_markers(path, clock)
    assert found.kind == KINDS[kind]
    text = 'loud: =too | "loud", & <bright> there'
    assert [(m.name, float(m.at)) for m in found.markers] == [
        (text.replace("|", "/") if kind == "edl" else text, 2.5),
        ("short: é 🎬", 5.0),
    ]


@pytest.mark.parametrize("kind", ["json", "csv", *KINDS])
def test_exported_notes_open_again(noted, takes, copies, open_page, tmp_path, kind):
    path = exported(noted, kind, tmp_path)
    notes = read_notes(path, NAMES, clock_of(takes[0].report))
    assert notes["open"]["loud"]["at_s"] == 2.5
    page = tmp_path / "again.html"
    write_review(page, takes, copies, notes)
    opened = loaded(open_page(page))
    said = opened.input_value("[aria-label='Note on loud']")
    assert said.replace("\n", " ").replace("/", "|") == '=too | "loud", & <bright> there'
    assert opened.inner_text(".note-at >> nth=0") == "at 01:00:05:00"
    opened.fill("[aria-label='Note on short']", "more")
    opened.reload()
    assert loaded(opened).input_value("[aria-label='Note on short']") == "more"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "is not JSON"),
        ('{"schema": "LoudnessReport.2"}', "does not hold the notes of a review"),
        (
            json.dumps({"schema": "ReviewNotes.1", "mixes": [{"name": "other", "note": "a"}]}),
            "has no note",
        ),
        (json.dumps({"schema": "ReviewNotes.1", "mixes": 7, "blind": [3], "abx": {}}), "has no note"),
        ("nonsense", "does not name the columns"),
    ],
)
def test_what_holds_no_notes_is_refused(takes, tmp_path, text, named):
    path = tmp_path / "notes.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=named):
        read_notes(path, NAMES, clock_of(takes[0].report))
