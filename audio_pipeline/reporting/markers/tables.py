"""Marker lists that are tables: REAPER, Premiere, Audition, Audacity, Avid, and whatever a spreadsheet saves.

Cells stand between commas, semicolons or tabs. A first line that names columns is followed; without one,
the columns of times are found by what they hold.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.reporting.markers.times import (
    ToSeconds,
    is_time,
    seconds_at,
    seconds_of_samples,
)
from audio_pipeline.timeline.moments import Clock

_NAMES = ("name", "marker name", "label", "marker", "comment", "description", "notes")
_STARTS = ("at", "start", "in", "time", "start_s", "start time", "position", "timecode", "start tc")
_STOPS = ("stop", "end", "out", "stop_s", "end time", "end tc")
_LENGTHS = ("duration", "length")
_AVID = re.compile(r"[^\t]*\t\d\d[:;]\d\d[:;]\d\d[:;]\d\d\t(?:V|A|TC|D|DX|ST)?\d*\t[^\t]*\t")
_AUDACITY = re.compile(r"\d+[.,]\d+\t\d+[.,]\d+(?:\t|$)")


@dataclass(frozen=True)
class _Columns:
    """Which cell of a row is what; None is a column that the table lacks."""

    kind: str
    name: int | None
    start: int
    stop: int | None = None
    length: int | None = None
    time_format: int | None = None
    start_label: str = "time"


Row = tuple[int, list[str]]
"""The line of a row in its file, from 1, and its cells."""


def read_table(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of a table. Raises ReportError that names the file and the line."""
    rows = _rows(path, text)
    columns, rows = _columns(path, text, rows)
    markers = [_marker(path, columns, row, seconds_at(clock)) for row in rows]
    return MarkerList(columns.kind, tuple(markers))


def _rows(path: Path, text: str) -> list[Row]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", first)
    delimiter = max(
        "\t;,", key=lambda sign: (unquoted.count(sign) > 0, sign == "\t", unquoted.count(sign))
    )
    if _AUDACITY.match(first) or _AVID.match(first):  # whose quotation marks are part of a name
        reader = csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise ReportError(f"{path}, line {reader.line_num}: it is not CSV: {error}") from error
    return rows


def _columns(path: Path, text: str, rows: list[Row]) -> tuple[_Columns, list[Row]]:
    """The columns, and the rows that hold markers."""
    first = rows[0][1] if rows else []
    lines = text.lstrip().splitlines()
    if lines and _AUDACITY.match(lines[0]):
        # a line that begins with a backslash holds the frequencies of the label above it
        return _Columns("Audacity labels", 2, 0, 1), [r for r in rows if r[1][0] != "\\"]
    if lines and _AVID.match(lines[0]):
        return _Columns("Avid markers", 4, 1), rows
    head = [cell.lower() for cell in first]
    start = _first(head, _STARTS)
    if start is not None and not any(is_time(cell) for cell in first):
        columns = _Columns(
            _kind(head),
            _first(head, _NAMES),
            start,
            _first(head, _STOPS),
            _first(head, _LENGTHS),
            head.index("time format") if "time format" in head else None,
            head[start],
        )
        return columns, rows[1:]
    times = [n for n, cell in enumerate(first) if is_time(cell)]
    if times and len(first) > 1:
        name = next((n for n, cell in enumerate(first) if n not in times and cell), None)
        stop = times[1] if len(times) > 1 else None
        return _Columns("table without a head", name, times[0], stop), rows
    raise ReportError(
        f"{path}: its first line does not name the columns",
        hint='Begin it with "name,at" (or start, time, start_s), and then a line for every marker.',
    )


def _kind(head: Sequence[str]) -> str:
    if head[:3] == ["#", "name", "start"]:
        return "REAPER markers"
    if "marker name" in head or {"in", "out", "marker type"} <= set(head):
        return "Premiere markers"
    if "time format" in head:
        return "Audition markers"
    return "table"


def _first(head: Sequence[str], names: Sequence[str]) -> int | None:
    return next((head.index(name) for name in names if name in head), None)


def _marker(path: Path, columns: _Columns, row: Row, seconds: ToSeconds) -> Marker:
    line, cells = row
    where = f"{path}, line {line}"

    def cell(column: int | None) -> str:
        return cells[column] if column is not None and column < len(cells) else ""

    if columns.time_format is not None:
        seconds = _by_format(where, cell(columns.time_format), seconds)
    if columns.start_label.endswith("_s"):
        seconds = _plain(seconds)
    if not cell(columns.start):
        raise ReportError(f"{where}: the marker has no {columns.start_label!r}")
    at = seconds(where, cell(columns.start))
    stop = seconds(where, cell(columns.stop)) if cell(columns.stop) else None
    if columns.stop is None and columns.kind == "Audition markers" and cell(columns.length):
        stop = at + seconds(where, cell(columns.length))
    return named_marker(where, cell(columns.name), at, stop, line)


def _plain(seconds: ToSeconds) -> ToSeconds:
    """Plain seconds only, which is what a column with _s holds."""

    def checked(where: str, text: str) -> Fraction:
        if not re.fullmatch(r"\d{1,6}(\.\d{1,9})?", text):
            raise ReportError(f"{where}: {text[:40]!r} is not a time in seconds")
        return seconds(where, text)

    return checked


def _by_format(where: str, name: str, seconds: ToSeconds) -> ToSeconds:
    """The reader of times in one of Audition's formats."""
    if (samples := re.fullmatch(r"(\d{4,6}) Hz", name)) is not None:
        return seconds_of_samples(Fraction(samples[1]))
    if "bars" in name.lower():
        raise ReportError(
            f"{where}: its times count bars and beats", hint="Export the markers in decimal time."
        )
    return seconds
