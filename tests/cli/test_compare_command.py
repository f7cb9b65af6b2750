from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audio_pipeline.cli.compare import command
from audio_pipeline.reporting.report import report_of_file, to_json
from tests.endings import ending, facts, written


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """monday/ and tuesday/, each with the renders x and y; y of tuesday has softer grain."""
    root = tmp_path_factory.mktemp("renders")
    for day in ("monday", "tuesday"):
        (root / day).mkdir()
        for name in ("x", "y"):
            grain = -66.0 if (day, name) == ("tuesday", "y") else -60.0
            path = written(root / day / f"{name}.wav", ending(grain_dbfs=grain))
            report = report_of_file(path, facts(), path.name)
            (root / day / f"{name}.report.json").write_text(to_json(report), encoding="utf-8")
    return root


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_equal_reports_exit_with_0_and_different_ones_with_1(renders: Path) -> None:
    x, y = renders / "monday" / "x.report.json", renders / "tuesday" / "y.report.json"
    same, different = run(x, x), run(x, y)
    assert (same.exit_code, different.exit_code) == (0, 1)
    assert "Same: every figure is within its tolerance." in same.output
    assert "floor after, dBFS" in different.output
    assert "\x1b" not in different.output


def test_the_tolerance_decides_the_exit_status(renders: Path) -> None:
    x, y = renders / "monday" / "x.report.json", renders / "tuesday" / "y.report.json"
    assert run(x, y, "--tolerance", "7").exit_code == 0
    assert run(x, y, "--tolerance", "7", "--tolerance", "floor_dbfs=0.1").exit_code == 1


def test_audio_files_are_measured_and_compared(renders: Path) -> None:
    x, y = renders / "monday" / "x.wav", renders / "tuesday" / "x.wav"
    result = run(x, y, "--tolerance", "0")
    assert result.exit_code == 0
    assert "monday/x.wav" in result.output


def test_folders_are_compared_by_the_names_of_their_renders(renders: Path) -> None:
    result = run(renders / "monday", renders / "tuesday")
    assert result.exit_code == 1
    assert "== x" in result.output
    assert "== y" in result.output
    assert result.output.index("Same:") < result.output.index("Different:")


def test_of_folders_what_both_have_is_compared_and_the_rest_listed(
    renders: Path, tmp_path: Path
) -> None:
    report = (renders / "monday" / "x.report.json").read_bytes()
    for name in ("x", "extra"):
        (tmp_path / f"{name}.report.json").write_bytes(report)
    result = run(renders / "monday", tmp_path)
    assert result.exit_code == 0
    assert "== x" in result.stdout
    assert "== y" not in result.stdout
    assert f"Not compared, only in {renders / 'monday'}: y." in result.stdout
    assert f"Not compared, only in {tmp_path}: extra." in result.stdout
    parsed = json.loads(run(renders / "monday", tmp_path, "--json").stdout)
    assert parsed["left_out"] == {str(renders / "monday"): ["y"], str(tmp_path): ["extra"]}
    assert "Not compared" in run(renders / "monday", tmp_path, "--markdown").stdout
    assert "Not compared" in run(renders / "monday", tmp_path, "--csv").stderr


@pytest.mark.parametrize("held", [[], ["another"]], ids=["an empty folder", "other names"])
def test_folders_with_nothing_in_common_are_not_comparable(
    renders: Path, tmp_path: Path, held: list[str]
) -> None:
    for name in held:
        report = (renders / "monday" / "x.report.json").read_bytes()
        (tmp_path / f"{name}.report.json").write_bytes(report)
    result = run(renders / "monday", tmp_path)
    assert result.exit_code == 3
    assert "not comparable" in result.stderr
    assert f"only in {renders / 'monday'}: x, y." in result.stderr
    assert result.stdout == ""


def test_a_program_reads_json_csv_and_markdown(renders: Path) -> None:
    x, y = renders / "monday" / "x.report.json", renders / "tuesday" / "y.report.json"
    parsed = json.loads(run(x, y, "--json").output)
    assert parsed["same"] is False
    floor = next(f for f in parsed["figures"] if f["name"] == "floor_dbfs")
    assert floor["deltas"][1] == pytest.approx(-6.0, abs=0.1)
    assert floor["different"] == [False, True]
    rows = list(csv.DictReader(io.StringIO(run(x, y, "--csv").output)))
    assert {row["table"] for row in rows} == {"figures", "sections", "dropout"}
    assert "### Dropout" in run(x, y, "--markdown").output


def test_a_plot_is_drawn_beside_the_table(renders: Path, tmp_path: Path) -> None:
    x, y = renders / "monday" / "x.report.json", renders / "tuesday" / "y.report.json"
    run(x, y, "--plot", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ["x.report.json"],
        ["a", "b", "--tolerance", "much"],
        ["a", "b", "--tolerance", "-1"],
        ["a", "b", "--tolerance", "nan"],
        ["a", "b", "--tolerance", "inf"],
        ["a", "b", "--tolerance", "tru_peak=1"],
        ["a", "b", "--json", "--csv"],
    ],
)
def test_wrong_usage_exits_with_2(words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_an_unknown_figure_names_the_nearest() -> None:
    assert "did you mean 'true_peak_dbtp'?" in run("a", "b", "--tolerance", "tru_peak_dbtp=1").output


def test_a_plot_of_many_comparisons_is_refused(renders: Path, tmp_path: Path) -> None:
    result = run(renders / "monday", renders / "tuesday", "--plot", tmp_path / "p.png")
    assert result.exit_code == 2
