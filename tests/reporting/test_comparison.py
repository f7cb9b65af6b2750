from __future__ import annotations

import copy
import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.errors import RenderError, ReportError
from audio_pipeline.pages import compare_words
from audio_pipeline.pages.csv_tables import FILE_COLUMNS, files_csv, to_csv
from audio_pipeline.pages.curves import write_curves
from audio_pipeline.reporting.comparison import Comparison, Tolerance, compare_reports
from audio_pipeline.reporting.figures import HEADLINE
from audio_pipeline.reporting.report import report_of_file
from tests.endings import ending, facts, written

Report = dict[str, Any]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Report]:
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


def compared(*reports: Report, tolerance: Tolerance | None = None) -> Comparison:
    names = [f"mix {n}" for n in range(len(reports))]
    return compare_reports(names, reports, tolerance or Tolerance())


def row(comparison: Comparison, table: str, name: str, section: str = "") -> Any:
    found = [r for r in comparison.rows if (r.table, r.name, r.section) == (table, name, section)]
    return found[0]


def test_a_report_is_the_same_as_itself(reports: tuple[Report, Report]) -> None:
    comparison = compared(reports[0], reports[0], tolerance=Tolerance(0.0))
    assert comparison.same
    assert comparison.preset == ()
    assert all(delta in (0.0, None) for r in comparison.rows for delta in r.deltas)


def test_what_was_changed_is_what_differs(reports: tuple[Report, Report]) -> None:
    comparison = compared(*reports)
    assert not comparison.same
    assert row(comparison, "dropout", "floor_dbfs").deltas[1] == pytest.approx(-3.0, abs=0.1)
    assert row(comparison, "dropout", "fall_s").different == (False, True)
    assert not any(row(comparison, "sections", "integrated_lufs", "voices").different)
    assert comparison.preset == (("layers.grain.level", ("-60 dBFS", "-63 dBFS")),)


def test_the_widest_difference_has_its_timecode_and_section(reports: tuple[Report, Report]) -> None:
    widest = compared(*reports).widest[1]
    assert widest is not None
    assert widest.section == "dropout"
    assert widest.timecode.startswith("01:00:06:")
    assert widest.delta_lu < -3.0


def test_three_reports_are_each_compared_with_the_first(reports: tuple[Report, Report]) -> None:
    comparison = compared(reports[0], reports[1], reports[0])
    assert row(comparison, "dropout", "floor_dbfs").different == (False, True, False)
    assert comparison.widest[2] is not None
    assert comparison.widest[2].delta_lu == 0.0


@given(st.floats(-60, 0), st.floats(-60, 0), st.floats(0, 20))
def test_a_level_differs_exactly_when_it_is_farther_than_the_tolerance(
    a: float, b: float, tolerance: float
) -> None:
    comparison = compared(bare(a), bare(b), tolerance=Tolerance(tolerance))
    expected = abs(a - b) > tolerance + 1e-9
    assert row(comparison, "figures", "integrated_lufs").different[1] == expected
    back = compared(bare(b), bare(a), tolerance=Tolerance(tolerance))
    assert back.same == comparison.same


def bare(integrated: float | None) -> Report:
    """As much of a report as a comparison looks at."""
    curves = {"step_s": 0.1, "momentary_lufs": [], "short_term_lufs": [], "level_dbfs": []}
    return {
        **dict.fromkeys(HEADLINE),
        "duration_s": 1.0,
        "integrated_lufs": integrated,
        "sections": [],
        "dropout": None,
        "curves": curves,
        "provenance": {},
    }


def test_null_differs_from_every_number_and_not_from_null() -> None:
    assert not compared(bare(None), bare(-20.0), tolerance=Tolerance(1000.0)).same
    assert not compared(bare(-20.0), bare(None), tolerance=Tolerance(1000.0)).same
    assert compared(bare(None), bare(None)).same


def test_a_named_tolerance_goes_before_that_for_all_levels() -> None:
    loose = Tolerance(5.0, {"integrated_lufs": 0.1})
    assert not compared(bare(-20.0), bare(-20.2), tolerance=loose).same
    assert compared(bare(-20.0), bare(-20.2), tolerance=Tolerance(5.0)).same


def test_the_tolerance_for_levels_does_not_loosen_times(reports: tuple[Report, Report]) -> None:
    comparison = compared(*reports, tolerance=Tolerance(100.0))
    assert row(comparison, "dropout", "fall_s").different[1]


def test_a_section_that_only_one_has_is_a_difference(reports: tuple[Report, Report]) -> None:
    shorter = copy.deepcopy(reports[0])
    shorter["sections"].pop(1)
    comparison = compared(reports[0], shorter)
    assert not comparison.same
    assert row(comparison, "sections", "start_s", "voices").values == (1.0, None)


def test_sections_of_one_name_are_kept_apart(reports: tuple[Report, Report]) -> None:
    twice = copy.deepcopy(reports[0])
    twice["sections"].append({**twice["sections"][0], "integrated_lufs": -1.0})
    comparison = compared(twice, twice)
    assert row(comparison, "sections", "integrated_lufs", "start (2)").values == (-1.0, -1.0)


def test_equal_figures_are_quiet_and_different_ones_are_marked(reports: tuple[Report, Report]) -> None:
    comparison = compared(*reports)
    cells = {cells[0]: cells for cells in compare_words.figure_rows(comparison)}
    assert cells["Duration, s"][3].strip() == "="
    dropout = {cells[0]: cells for cells in compare_words.dropout_rows(comparison)}
    assert dropout["floor after, dBFS"][3].endswith("*")


def test_a_sound_that_only_one_preset_has_is_one_row_of_its_kind() -> None:
    a, b = bare(-20.0), bare(-20.0)
    a["provenance"] = {"preset": {"seed": 1}}
    b["provenance"] = {"preset": {"seed": 1, "layers.x.kind": "exhale", "layers.x.pan": "C"}}
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


def test_a_row_of_csv_has_a_cell_for_every_column(reports: tuple[Report, Report]) -> None:
    rows = list(csv.reader(io.StringIO(files_csv(reports))))
    assert tuple(rows[0]) == FILE_COLUMNS
    assert len(rows) == 3
    assert {len(cells) for cells in rows} == {len(FILE_COLUMNS)}
    assert float(rows[1][rows[0].index("dropout_floor_dbfs")]) == reports[0]["dropout"]["floor_dbfs"]


def test_markdown_shows_names_as_they_are_and_keeps_its_columns() -> None:
    text = compare_words.markdown("t|x", ("a", "b"), [("<b>|*c*", "[d](e)\n#")])
    assert "\\|" in text
    assert "<b>" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 3


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_plot_is_written_the_same_twice(
    tmp_path: Path, reports: tuple[Report, Report], suffix: str
) -> None:
    comparison = compare_reports(["a$b", "c_{d}\x07"], reports, Tolerance())
    for name in ("one", "two"):
        write_curves(comparison, tmp_path / f"{name}{suffix}")
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")


def test_a_plot_of_another_kind_is_refused_and_leaves_nothing(
    tmp_path: Path, reports: tuple[Report, Report]
) -> None:
    with pytest.raises(ReportError, match="png"):
        write_curves(compared(*reports), tmp_path / "plot.pdf")
    with pytest.raises(RenderError, match="cannot be written"):
        write_curves(compared(*reports), tmp_path / "no folder" / "plot.png")
    assert list(tmp_path.iterdir()) == []


def test_fewer_than_two_reports_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_reports(["a"], [bare(-20.0)], Tolerance())
