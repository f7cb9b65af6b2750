from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.pages.csv_tables import sections_csv
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.marker_facts import facts_of_markers
from audio_pipeline.reporting.report import report_of_file
from audio_pipeline.timeline.spans import Span
from tests.endings import CLOCK, RATE, at, ending, facts, written

LENGTH = 60 * RATE


def read(tmp_path: Path, text: str | bytes) -> MixFacts:
    path = tmp_path / "cues.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return facts_of_markers(path, CLOCK, LENGTH, RATE, Fraction(1, 4))


def spans(facts_: MixFacts) -> dict[str, Span]:
    return {section.name: section.span for section in facts_.sections}


@pytest.mark.parametrize(
    "written_as", ["8s", "8000 ms", "192f", "01:00:08:00", "12+00", "0:08.000", "0:00:08.0"]
)
def test_a_time_may_be_written_in_every_way_that_people_use(tmp_path: Path, written_as: str) -> None:
    found = read(tmp_path, f"name,at\nvoices,{written_as}\nend of it,10s\n")
    assert spans(found)["voices"] == Span(8 * RATE, 10 * RATE)


def test_a_marker_goes_on_to_the_next_and_the_last_to_the_end(tmp_path: Path) -> None:
    found = read(tmp_path, "name,at\nb,20s\na,10s\n")
    assert spans(found) == {"a": Span(10 * RATE, 20 * RATE), "b": Span(20 * RATE, LENGTH)}


def test_a_stop_ends_a_section_where_it_says_and_sections_may_overlap(tmp_path: Path) -> None:
    found = read(tmp_path, "name,start,stop\na,10s,30s\nb,20s,\n")
    assert spans(found) == {"a": Span(10 * RATE, 30 * RATE), "b": Span(20 * RATE, LENGTH)}


def test_a_region_list_of_a_workstation_reads(tmp_path: Path) -> None:
    found = read(tmp_path, "\ufeff#,Name,Start,End,Length\r\nR1,black,0:44.000,0:56.000,0:12.000\r\n")
    assert spans(found) == {"black": Span(44 * RATE, 56 * RATE)}


def test_markers_called_dropout_and_silence_say_where_those_are(tmp_path: Path) -> None:
    plan = read(tmp_path, "name,at\nDropout,56s\nSilence,57s\n").dropout
    assert plan is not None
    assert (plan.at, plan.fade, plan.silence) == (56 * RATE, 12_000, 57 * RATE)


def test_sections_that_were_written_as_csv_read_back_as_markers(tmp_path: Path) -> None:
    path = written(tmp_path / "e.wav", ending())
    report = report_of_file(path, facts(), "e.wav")
    (tmp_path / "sections.csv").write_text(sections_csv([report]), encoding="utf-8")
    again = facts_of_markers(tmp_path / "sections.csv", CLOCK, at("end"), RATE, Fraction(1, 4))
    assert again.sections == facts().sections


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "does not name the columns"),
        ("voices,black\n", "does not name the columns"),
        ("name,at\n", "holds no markers"),
        ("name,at\nvoices\n", "line 2: the marker has no 'at'"),
        ("name,at\nvoices,black + 6s\n", "line 2: 'black + 6s' is not a time"),
        ("name,at\nvoices,01:00:08:30\n", "line 2: '01:00:08:30' has frame 30"),
        ("name,at\nvoices,00:00:08:00\n", "outside the first six hours"),
        ("name,at\nvoices,7h\n", "outside the first six hours"),
        ("name,start_s\nvoices,nan\n", "is not a time"),
        ("name,start,stop\nvoices,8s,7s\n", "stops before it starts"),
        ("name,at\n\x1b[31mred,8s\n", "is not text"),
        ("name,at\nr\u202eed,8s\n", "line 2: 'r\\u202eed' is not a valid marker name"),
        ("name,at\nvoices,5.1.00\n", "line 2: '5.1.00' is a time in bars and beats"),
        ('name,at\n"voices,8s\n', "invalid CSV"),
        (b"name,at\n\x81\xff,8s\n", "is not text in a known encoding"),
        ("name,at\n" + "a,1s\n" * 10_001, "more than 10000"),
        ("name,at\n" + "a" * 4_000_001, "larger than 4 MB"),
    ],
)
def test_what_is_no_marker_list_is_refused_by_file_and_line(
    tmp_path: Path, text: str | bytes, named: str
) -> None:
    with pytest.raises(ReportError) as error:
        read(tmp_path, text)
    assert named in error.value.message
    assert "cues.csv" in error.value.message
    assert error.value.message.isprintable()
