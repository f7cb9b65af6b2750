from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.errors import RenderError, ReportError
from audio_pipeline.pages import compare_words
from audio_pipeline.pages.csv_tables import FILE_COLUMNS, files_csv, to_csv
from audio_pipeline.pages.curves import write_curves
from audio_pipeline.reporting.comparison import (
    Comparison,
    Tolerance,
    aligned_pieces,
    compare_reports,
)
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report import report_of_file
from audio_pipeline.reporting.sections_of_cues import sections_between
from audio_pipeline.timeline.spans import Span
from tests.endings import RATE, ending, facts, white, written
from tests.reports import made_report

Pair = tuple[LoudnessReport, LoudnessReport]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The ending, and the same with a fall in one frame and grain 3 dB softer."""
    folder = tmp_path_factory.mktemp("compare")
    soft = {"preset": {"layers.grain.level": "-60 dBFS", "seed": 1}}
    cut = {"preset": {"layers.grain.level": "-63 dBFS", "seed": 1}}
    first = written(folder / "a.wav", ending())
    second = written(folder / "b.wav", ending("tri", 1 / 24, grain_dbfs=-63.0))
    return (
        report_of_file(first, facts(provenance=soft), "a.wav"),
        report_of_file(second, facts(fade_s=1 / 24, provenance=cut), "b.wav"),
    )


def compared(*reports: LoudnessReport, tolerance: Tolerance | None = None) -> Comparison:
    names = [f"mix {n}" for n in range(len(reports))]
    return compare_reports(names, reports, tolerance or Tolerance())


def row(comparison: Comparison, table: str, name: str, section: str = "") -> Any:
    found = [r for r in comparison.rows if (r.table, r.name, r.section) == (table, name, section)]
    return found[0]


def test_a_report_is_the_same_as_itself(reports: Pair) -> None:
    comparison = compared(reports[0], reports[0], tolerance=Tolerance(0.0))
    assert comparison.same
    assert comparison.preset == ()
    assert all(delta in (0.0, None) for r in comparison.rows for delta in r.deltas)


def test_what_was_changed_is_what_differs(reports: Pair) -> None:
    comparison = compared(*reports)
    assert not comparison.same
    assert row(comparison, "dropout", "floor_dbfs").deltas[1] == pytest.approx(-3.0, abs=0.1)
    assert row(comparison, "dropout", "fall_s").different == (False, True)
    assert not any(row(comparison, "sections", "integrated_lufs", "voices").different)
    assert comparison.preset == (("layers.grain.level", ("-60 dBFS", "-63 dBFS")),)


def test_the_widest_difference_has_its_timecode_and_section(
    reports: Pair,
) -> None:
    widest = compared(*reports).widest[1]
    assert widest is not None
    assert widest.section == "dropout"
    assert widest.timecode.startswith("01:00:06:")
    assert widest.delta_lu < -3.0


def test_three_reports_are_each_compared_with_the_first(
    reports: Pair,
) -> None:
    comparison = compared(reports[0], reports[1], reports[0])
    assert row(comparison, "dropout", "floor_dbfs").different == (False, True, False)
    assert comparison.widest[2] is not None
    assert comparison.widest[2].delta_lu == 0.0


@given(st.floats(-60, 0), st.floats(-60, 0), st.floats(0, 20))
def test_a_level_differs_exactly_when_it_is_farther_than_the_tolerance(
    a: float, b: float, tolerance: float
) -> None:
    a, b = round(a, 4), round(b, 4)  # as a report holds them
    comparison = compared(bare(a), bare(b), tolerance=Tolerance(tolerance))
    expected = abs(a - b) > tolerance + 1e-9
    assert row(comparison, "figures", "integrated_lufs").different[1] == expected
    back = compared(bare(b), bare(a), tolerance=Tolerance(tolerance))
    assert back.same == comparison.same


def bare(integrated: float | None) -> LoudnessReport:
    """As much of a report as a comparison looks at."""
    return made_report(integrated_lufs=integrated)


def test_null_differs_from_every_number_and_not_from_null() -> None:
    assert not compared(bare(None), bare(-20.0), tolerance=Tolerance(1000.0)).same
    assert not compared(bare(-20.0), bare(None), tolerance=Tolerance(1000.0)).same
    assert compared(bare(None), bare(None)).same


def test_a_named_tolerance_goes_before_that_for_all_levels() -> None:
    loose = Tolerance(5.0, {"integrated_lufs": 0.1})
    assert not compared(bare(-20.0), bare(-20.2), tolerance=loose).same
    assert compared(bare(-20.0), bare(-20.2), tolerance=Tolerance(5.0)).same


def test_the_tolerance_for_levels_does_not_loosen_times(
    reports: Pair,
) -> None:
    comparison = compared(*reports, tolerance=Tolerance(100.0))
    assert row(comparison, "dropout", "fall_s").different[1]


def test_a_section_that_only_one_has_is_a_difference(
    reports: Pair,
) -> None:
    sections = reports[0].sections
    shorter = reports[0].model_copy(update={"sections": (sections[0], *sections[2:])})
    comparison = compared(reports[0], shorter)
    assert not comparison.same
    assert row(comparison, "sections", "start_s", "voices").values == (1.0, None)


def test_sections_of_one_name_are_kept_apart(reports: Pair) -> None:
    again = reports[0].sections[0].model_copy(update={"integrated_lufs": -1.0})
    twice = reports[0].model_copy(update={"sections": (*reports[0].sections, again)})
    comparison = compared(twice, twice)
    assert row(comparison, "sections", "integrated_lufs", "start (2)").values == (-1.0, -1.0)


def test_equal_figures_are_quiet_and_different_ones_are_marked(
    reports: Pair,
) -> None:
    comparison = compared(*reports)
    cells = {cells[0]: cells for cells in compare_words.figure_rows(comparison)}
    assert cells["Duration, s"][3].strip() == "="
    dropout = {cells[0]: cells for cells in compare_words.dropout_rows(comparison)}
    assert dropout["floor after, dBFS"][3].endswith("*")


def test_a_sound_that_only_one_preset_has_is_one_row_of_its_kind() -> None:
    a, b = (
        made_report(provenance={"preset": preset})
        for preset in ({"seed": 1}, {"seed": 1, "layers.x.kind": "exhale", "layers.x.pan": "C"})
    )
    assert compare_words.preset_rows(compared(a, b)) == [("layers.x.kind", "-", "exhale")]


def test_csv_keeps_numbers_numbers_and_disarms_formulas() -> None:
    text = to_csv(("a", "b"), [("=1+1", -3.5), ("@cmd", None), ("+x", 2), ("-y", True), (" =z", "a\nb")])
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1:] == [
        ["'=1+1", "-3.5"],
        ["'@cmd", ""],
        ["'+x", "2"],
        ["'-y", "True"],
        ["' =z", "a b"],
    ]


def test_a_row_of_csv_has_a_cell_for_every_column(
    reports: Pair,
) -> None:
    rows = list(csv.reader(io.StringIO(files_csv(reports))))
    assert tuple(rows[0]) == FILE_COLUMNS
    assert len(rows) == 3
    assert {len(cells) for cells in rows} == {len(FILE_COLUMNS)}
    assert float(rows[1][rows[0].index("dropout_floor_dbfs")]) == reports[0].dropout.floor_dbfs


def test_markdown_shows_names_as_they_are_and_keeps_its_columns() -> None:
    text = compare_words.markdown("t|x", ("a", "b"), [("<b>|*c*", "[d](e)\n#")])
    assert "\\|" in text
    assert "<b>" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 3


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_plot_is_written_the_same_twice(tmp_path: Path, reports: Pair, suffix: str) -> None:
    comparison = compare_reports(["a$b", "c_{d}\x07"], reports, Tolerance())
    for name in ("one", "two"):
        write_curves(comparison, tmp_path / f"{name}{suffix}")
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")


def test_a_plot_of_another_kind_is_refused_and_leaves_nothing(tmp_path: Path, reports: Pair) -> None:
    with pytest.raises(ReportError, match="png"):
        write_curves(compared(*reports), tmp_path / "plot.pdf")
    with pytest.raises(RenderError, match="cannot be written"):
        write_curves(compared(*reports), tmp_path / "no folder" / "plot.png")
    assert list(tmp_path.iterdir()) == []


def test_fewer_than_two_reports_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_reports(["a"], [bare(-20.0)], Tolerance())


def _noise(
    folder: Path, name: str, level_db: float, cues: dict[str, float], loud_s: float
) -> LoudnessReport:
    """Six seconds and more of noise with a louder second at `loud_s`, and its cues."""
    seconds = max(cues.values()) + 1.0
    samples = white("noise", Span(0, round(seconds * RATE))) * 10 ** (level_db / 20)
    samples[round(loud_s * RATE) : round((loud_s + 1.0) * RATE)] *= 4.0
    starts = [(cue, round(at_s * RATE)) for cue, at_s in cues.items()]
    known = MixFacts(name, sections=sections_between(starts, len(samples)))
    return report_of_file(written(folder / f"{name}.wav", samples), known, f"{name}.wav")


def test_mixes_of_unlike_length_are_aligned_by_their_cues(tmp_path: Path) -> None:
    """The second waits two seconds longer before `black`; behind it both are alike, but for 1 dB."""
    first = _noise(tmp_path, "a", -40.0, {"start": 0.0, "black": 2.0, "end": 6.0}, 4.0)
    later = _noise(tmp_path, "b", -40.0, {"start": 0.0, "black": 4.0, "end": 8.0}, 6.0)
    assert first.duration_s != later.duration_s
    widest = compared(first, later).widest[1]
    assert widest is not None
    assert abs(widest.delta_lu) < 1.0  # 12 LU at 4 s, were they held against each other from the start
    assert aligned_pieces(first, later)[1].other - aligned_pieces(first, later)[1].first == 20

    apart = _noise(tmp_path, "c", -40.0, {"intro": 0.0, "outro": 7.0}, 6.0)
    (piece,) = aligned_pieces(first, apart)
    assert (piece.first, piece.other) == (0, 0)
    unaligned = compared(first, apart).widest[1]
    assert unaligned is not None
    assert abs(unaligned.delta_lu) > 10.0
    write_curves(compared(first, later), tmp_path / "aligned.svg")


SILENCES = {
    "digital": lambda: np.zeros((4 * RATE, 2)),
    "shorter": lambda: np.zeros((3 * RATE, 2)),
    "24-bit dither": lambda: white("dither", Span(0, 4 * RATE)) * 2.0**-23,
    "16-bit dither": lambda: white("dither", Span(0, 4 * RATE)) * 2.0**-16,
}


@pytest.mark.parametrize("one", SILENCES)
@pytest.mark.parametrize("other", SILENCES)
def test_two_silences_do_not_differ(tmp_path: Path, one: str, other: str) -> None:
    reports = [
        report_of_file(written(tmp_path / f"{n}.wav", SILENCES[name]()), MixFacts(name), name)
        for n, name in enumerate((one, other))
    ]
    comparison = compared(*reports)
    differing = {row.name for row in comparison.rows if any(row.different)}
    assert differing == ({"duration_s"} if (one == "shorter") != (other == "shorter") else set())
    widest = comparison.widest[1]
    assert widest is not None
    assert widest.delta_lu == 0.0


def test_silence_differs_from_sound(tmp_path: Path) -> None:
    quiet = report_of_file(written(tmp_path / "q.wav", SILENCES["digital"]()), MixFacts("q"), "q")
    soft = white("soft", Span(0, 4 * RATE)) * 10 ** (-70 / 20)
    heard = report_of_file(written(tmp_path / "s.wav", soft), MixFacts("s"), "s")
    assert {row.name for row in compared(quiet, heard).rows if any(row.different)} >= {
        "true_peak_dbtp",
        "sample_peak_dbfs",
    }
