"""A comparison as tables: rows of text for a terminal or Markdown, plain values for CSV and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from audio_pipeline.pages.changes import as_text
from audio_pipeline.reporting.comparison import Comparison, Row, Widest
from audio_pipeline.reporting.figures import shown

Cells = tuple[str, ...]

MARK = " *"
"""The mark after a value that differs by more than its tolerance."""


def head(comparison: Comparison) -> Cells:
    """The head of `figure_rows`, `section_rows` and `dropout_rows`."""
    first, *others = comparison.names
    return ("figure", first, *(cell for name in others for cell in (name, "delta")))


def figure_rows(comparison: Comparison) -> list[Cells]:
    """The figures of the whole programme that at least one report has."""
    return [_cells(row, row.figure.label) for row in _table(comparison, "figures")]


def section_rows(comparison: Comparison) -> list[Cells]:
    """The loudness of every section, and of the other figures that all reports have, those that differ."""
    rows = _table(comparison, "sections")
    everywhere = {row.section for row in rows if row.name == "start_s" and None not in row.values}
    return [
        _cells(row, f"{row.section}: {row.figure.label}")
        for row in rows
        if row.name == "integrated_lufs" or (any(row.different) and row.section in everywhere)
    ]


def dropout_rows(comparison: Comparison) -> list[Cells]:
    """All figures of the dropout."""
    return [_cells(row, row.figure.label) for row in _table(comparison, "dropout")]


def _table(comparison: Comparison, name: str) -> list[Row]:
    """The rows of one table with a value in at least one report."""
    rows = (row for row in comparison.rows if row.table == name)
    return [row for row in rows if any(value is not None for value in row.values)]


def _cells(row: Row, label: str) -> Cells:
    unit = f", {row.figure.unit}" if row.figure.unit else ""
    cells = [label + unit, _number(row.values[0], row)]
    for value, delta, different in zip(row.values[1:], row.deltas[1:], row.different[1:], strict=True):
        signed = "" if delta is None else f"{delta:+.{max(row.figure.decimals, 2)}f}"
        signed = "=" if delta == 0.0 else signed
        cells += [_number(value, row), f"{signed:>7}" + (MARK if different else "")]
    return tuple(cells)


def _number(value: float | None, row: Row) -> str:
    return f"{shown(value, row.figure.decimals):>7}"


def preset_rows(comparison: Comparison) -> list[Cells]:
    """The preset keys that differ; for a layer that one preset lacks, only its kind."""
    absent = [key.removesuffix("kind") for key, values in comparison.preset if _lacks_kind(key, values)]
    return [
        (key, *(as_text(value, missing="-") for value in values))
        for key, values in comparison.preset
        if key not in ("title", "description")
        and (key.endswith(".kind") or not key.startswith(tuple(absent)))
    ]


def _lacks_kind(key: str, values: tuple[Any, ...]) -> bool:
    return key.endswith(".kind") and None in values


def notes(comparison: Comparison) -> list[str]:
    """The largest difference over time of each report from the first, and whether all is within tolerance."""
    sentences = [
        _widest(comparison.names[0], name, widest)
        for name, widest in zip(comparison.names, comparison.widest, strict=True)
        if widest is not None
    ]
    count = sum(any(row.different) for row in comparison.rows)
    if comparison.same:
        sentences.append("Same: every figure is within its tolerance.")
    else:
        plural = "figure differs" if count == 1 else "figures differ"
        sentences.append(f"Different: {count} {plural} by more than the tolerance (marked *).")
    return sentences


def _widest(first: str, name: str, widest: Widest) -> str:
    if abs(widest.delta_lu) < 0.05:
        return f"{name} is as loud as {first} all the time (momentary, within 0.1 LU)."
    where = f", in section {widest.section}" if widest.section else ""
    return (
        f"{name} differs most from {first} at {widest.timecode} ({widest.at_s:.1f} s{where}): "
        f"{widest.delta_lu:+.1f} LU momentary, {_loud(widest.first_lufs)} in {first}, "
        f"{_loud(widest.other_lufs)} in {name}."
    )


def _loud(value: float | None) -> str:
    return "silence" if value is None else f"{value:.1f} LUFS"


def as_table(comparison: Comparison) -> tuple[Cells, list[list[object]]]:
    """Head and rows for CSV: every figure with its tolerance, its values and its deltas as numbers."""
    first, *others = comparison.names
    columns: Cells = ("table", "section", "figure", "unit", "tolerance", "different", first)
    columns += tuple(cell for name in others for cell in (name, f"{name} delta"))
    rows: list[list[object]] = []
    for row in comparison.rows:
        cells: list[object] = [row.table, row.section, row.name, row.figure.unit, row.tolerance]
        cells += ["yes" if any(row.different) else "no", row.values[0]]
        for value, delta in zip(row.values[1:], row.deltas[1:], strict=True):
            cells += [value, None if delta is None else round(delta, 4)]
        rows.append(cells)
    return columns, rows


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON values."""
    return {
        "names": list(comparison.names),
        "same": comparison.same,
        "figures": [
            {
                "table": row.table,
                "section": row.section or None,
                "name": row.name,
                "unit": row.figure.unit,
                "tolerance": row.tolerance,
                "values": list(row.values),
                "deltas": [None if d is None else round(d, 4) for d in row.deltas],
                "different": list(row.different),
            }
            for row in comparison.rows
        ],
        "widest": [None if w is None else asdict(w) for w in comparison.widest],
        "preset": [{"key": key, "values": list(values)} for key, values in comparison.preset],
    }


def markdown(title: str, header: Cells, rows: list[Cells]) -> str:
    """A table in GitHub-flavoured Markdown with its title; all text is escaped."""
    align = ["---", *("---:" for _ in header[1:])]
    lines = [f"### {markdown_text(title)}", ""] if title else []
    for cells in (header, align, *rows):
        shown_cells = cells if cells is align else [markdown_text(cell.strip()) for cell in cells]
        lines.append("| " + " | ".join(shown_cells) + " |")
    return "\n".join([*lines, ""])


def markdown_text(text: str) -> str:
    """Text with the special characters of Markdown escaped."""
    safe = "".join(c if c.isprintable() else " " for c in text)
    for sign in ("\\", "|", "*", "_", "`", "[", "#", "~"):
        safe = safe.replace(sign, "\\" + sign)
    return safe.replace("&", "&amp;").replace("<", "&lt;")
