"""Tables in Markdown, which a terminal shows as well as a page does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Table: TypeAlias = list[tuple[str, ...]]
"""Rows; the first one is the head."""


def print_and_keep(heading: str, table: Table) -> list[str]:
    """Print a table under its heading; returns its lines for the page."""
    lines = [heading, "", *_lines(table), ""]
    print("\n".join(lines), flush=True)
    return lines


def ratio(value: float, reference: float | None) -> str:
    """As "1.23 ×"; a dash when there is nothing to compare with."""
    return f"{value / reference:.2f} ×" if reference else "–"


def _lines(table: Table) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    rule = ["-" * max(3, width) for width in widths]
    return [_line(table[0], widths), _line(rule, widths), *(_line(row, widths) for row in table[1:])]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |"
