"""Reports as CSV: one row a file, or one row a section. Safe to open in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from audio_pipeline.reporting.figures import DROPOUT_FIGURES, HEADLINE, SECTION_FIGURES

Report = dict[str, Any]

_FORMULA = re.compile(r"""(^|;)(?=[\s"]*[=+\-@＝＋－＠])""")
"""Before what begins a formula: at the start, or after ";", which stands between cells in many countries.
The wide signs count for spreadsheets in the languages that have them."""

FILE_COLUMNS = (
    "file",
    "mix",
    *HEADLINE,
    *(f"dropout_{name}" for name in DROPOUT_FIGURES),
    "delivery",
    "verdict",
    "warnings",
)
SECTION_COLUMNS = ("file", "mix", "name", *SECTION_FIGURES)


def files_csv(reports: Iterable[Report]) -> str:
    """A row of headline figures for every report."""
    return to_csv(FILE_COLUMNS, [_file_row(report) for report in reports])


def sections_csv(reports: Iterable[Report]) -> str:
    """A row for every section of every report."""
    rows = [
        [report["file"], report["mix"], *(section[name] for name in ("name", *SECTION_FIGURES))]
        for report in reports
        for section in report["sections"]
    ]
    return to_csv(SECTION_COLUMNS, rows)


def to_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text. Numbers stay numbers, null is an empty cell; text that a spreadsheet would run as a
    formula gets an apostrophe in front (OWASP, "CSV Injection")."""
    return "".join(",".join(map(_cell, row)) + "\n" for row in (head, *rows))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = "".join(c if c.isprintable() else " " for c in value)
    safe = _FORMULA.sub(r"\1'", text)
    return '"' + safe.replace('"', '""') + '"' if "," in safe or '"' in safe else safe


def _file_row(report: Report) -> list[object]:
    dropout = report["dropout"] or {}
    return [
        report["file"],
        report["mix"],
        *(report[name] for name in HEADLINE),
        *(dropout.get(name) for name in DROPOUT_FIGURES),
        report["delivery"]["name"],
        report["delivery"]["verdict"],
        "; ".join(report["warnings"]),
    ]
