"""The rows of a table: its delimiter, its cells, its quoting."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN

AVID = re.compile(r"[^\t]*\t\d\d[:;]\d\d[:;]\d\d[:;]\d\d\t(?:[A-Z]{1,4}\d{0,3})?\t[^\t]*\t")
"""A line of Avid: user, timecode, track, colour, comment; newer versions add frames and more."""
AUDACITY = re.compile(r"\d+[.,]\d+\t\d+[.,]\d+(?:\t|$)")
"""A line of Audacity: start, end, label."""
Row = tuple[int, list[str]]
"""The line of a row in its file, from 1, and its cells."""

_SEPARATOR = re.compile(r"sep=([\t;,|])\s*", re.IGNORECASE)
_TIMECODE = re.compile(r"(?<!\d)\d\d([:;])\d\d\1\d\d[:;.,]\d\d(?!\d)")
_KEPT = "\x1f"
"""Replaces a semicolon that is not a delimiter; `read_text` refuses texts that hold it."""


def rows_of(path: Path, text: str) -> list[Row]:
    """The rows that are not empty. Raises ReportError for invalid CSV."""
    lines = text.split("\n")
    begin = next((n for n, line in enumerate(lines) if line.strip()), 0)
    said = _SEPARATOR.fullmatch(lines[begin].strip("\ufeff\r"))  # some spreadsheets write this line
    if said is not None:
        begin += 1
    first = next((line for line in lines[begin:] if line.strip()), "")
    delimiter = said[1] if said is not None else _delimiter(first)
    body = "\n".join(lines[begin:])
    if AUDACITY.match(first) or AVID.match(first):  # quotation marks are part of a name here
        return _read(path, body, "\t", begin, quoted=False)
    if delimiter == ";":  # drop-frame timecode holds semicolons, too
        body = _TIMECODE.sub(lambda match: match[0].replace(";", _KEPT), body)
    try:
        return _read(path, body, delimiter, begin, quoted=True)
    except ReportError:
        if delimiter != "\t":
            raise
        return _read(
            path, body, delimiter, begin, quoted=False
        )  # some programs do not quote cells between tabs


def _delimiter(first: str) -> str:
    """The delimiter of a line; signs inside quotes and timecodes do not count."""
    bare = _TIMECODE.sub("", re.sub(r'"[^"]*"', "", first))
    return max("\t;,", key=lambda sign: (bare.count(sign) > 0, sign == "\t", bare.count(sign)))


def _read(path: Path, text: str, delimiter: str, before: int, *, quoted: bool) -> list[Row]:
    if quoted:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    else:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    rows: list[Row] = []
    begin = before + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begin, [cell.replace(_KEPT, ";").strip() for cell in cells]))
            begin = before + reader.line_num + 1
    except csv.Error as error:
        line = before + reader.line_num
        raise ReportError(f"{path}, line {line}: invalid CSV: {error}", hint=EXPORT_AGAIN) from error
    return rows
