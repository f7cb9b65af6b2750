"""Reports as CSV: one row a file, or one row a section. Safe to open in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from audio_pipeline.errors import encodable
from audio_pipeline.reporting.figures import DROPOUT_FIGURES, HEADLINE, SECTION_FIGURES
from audio_pipeline.reporting.model import LoudnessReport

_FORMULA = re.compile(r"""(^|;)(?=[\s"]*[=+\-@＝＋－＠])""")
"""The position before a formula: at the start, or after ";", the cell delimiter in many countries.
Spreadsheets in languages with full-width signs accept those, too."""

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


def files_csv(reports: Iterable[LoudnessReport]) -> str:
    """A row of headline figures for every report."""
    return to_csv(FILE_COLUMNS, [_file_row(report) for report in reports])


def sections_csv(reports: Iterable[LoudnessReport]) -> str:
    """A row for every section of every report."""
    rows = [
        [report.file, report.mix, section.name, *(getattr(section, name) for name in SECTION_FIGURES)]
        for report in reports
        for section in report.sections
    ]
    return to_csv(SECTION_COLUMNS, rows)


def to_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text. Numbers stay numbers, null is an empty cell; text that a spreadsheet would run as a
    formula starts with an apostrophe (OWASP, "CSV Injection")."""
    return "".join(",".join(map(_cell, row)) + "\n" for row in (head, *rows))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = "".join(c if c.isprintable() else " " for c in encodable(value))
    safe = _FORMULA.sub(r"\1'", text)
    return '"' + safe.replace('"', '""') + '"' if "," in safe or '"' in safe else safe


def _file_row(report: LoudnessReport) -> list[object]:
    dropout = report.dropout
    return [
        report.file,
        report.mix,
        *(report.figure(name) for name in HEADLINE),
        *(getattr(dropout, name, None) for name in DROPOUT_FIGURES),
        report.delivery.name,
        report.delivery.verdict,
        "; ".join(warning.message for warning in report.warnings),
    ]
