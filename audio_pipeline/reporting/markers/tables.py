"""Marker lists as tables: REAPER, Premiere, Audition, Audacity, Avid, and spreadsheets.

The delimiter is a comma, a semicolon or a tab. A first line may name the columns; without one, the columns of
times are found by their content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.reporting.markers.rows import AUDACITY, AVID, Row, rows_of
from audio_pipeline.reporting.markers.times import (
    Programme,
    ToSeconds,
    at_rate,
    is_time,
    length_at,
    seconds_at,
    seconds_of_frames,
    seconds_of_samples,
)
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.rate_names import rate_named

_NAMES = (
    "name",
    "marker name",
    "label",
    "marker",
    "title",
    "comment",
    "comments",
    "description",
    "notes",
)
_STARTS = (
    *("at", "start", "in", "time", "start_s", "start time", "position", "timecode", "start tc"),
    *("tc", "tc in", "timecode in", "record in", "source in", "in point", "timestamp"),
)
_STOPS = (
    *("stop", "end", "out", "stop_s", "end time", "end tc"),
    *("tc out", "timecode out", "record out", "source out", "out point"),
)
_LENGTHS = ("duration", "length")


@dataclass(frozen=True)
class _Columns:
    """The columns of a table; None for a missing column."""

    kind: str
    name: int | None
    start: int
    stop: int | None = None
    length: int | None = None
    time_format: int | None = None
    start_label: str = "time"


@dataclass(frozen=True)
class _Times:
    """The readers of a row's times and of its length."""

    seconds: ToSeconds
    length: ToSeconds


def read_table(path: Path, text: str, programme: Programme) -> MarkerList:
    """The markers of a table. Raises ReportError that names the file and the line."""
    columns, rows = _columns(path, text, rows_of(path, text))
    kind, times = columns.kind, _clock_times(programme.clock)
    if kind == "REAPER markers":
        ruler, times = _ruler(columns, rows, programme, times)
        kind += ruler
    elif kind == "Avid markers":
        times = replace(times, length=seconds_of_frames(programme.clock.rate))
    markers = [_marker(path, columns, row, times, programme.clock) for row in rows]
    return MarkerList(kind, tuple(markers))


def _clock_times(clock: Clock) -> _Times:
    return _Times(seconds_at(clock), length_at(clock))


def _ruler(
    columns: _Columns, rows: Sequence[Row], programme: Programme, otherwise: _Times
) -> tuple[str, _Times]:
    """The unit of REAPER's ruler, as text and as readers: whole numbers are frames or samples.

    They are frames if all of them are within the programme as frames; as samples they would all be at its very
    start. Seconds have decimals.
    """
    starts = [row[1][columns.start] for row in rows if columns.start < len(row[1])]
    if not starts or not all(re.fullmatch(r"[0-9]{1,12}", start) for start in starts):
        return "", otherwise
    latest, rate = max(map(int, starts)), programme.clock.rate
    if rate.seconds(1) * latest <= programme.length_s:
        frames = seconds_of_frames(rate)
        return f" (frames at {rate.name})", _Times(frames, frames)
    samples = seconds_of_samples(Fraction(programme.sample_rate_hz))
    return f" (samples at {programme.sample_rate_hz} Hz)", _Times(samples, samples)


def _columns(path: Path, text: str, rows: list[Row]) -> tuple[_Columns, list[Row]]:
    """The columns, and the rows that hold markers."""
    first = rows[0][1] if rows else []
    line = next((line for line in text.split("\n") if line.strip()), "")
    if AUDACITY.match(line):
        # a line with a backslash first holds the frequency range of the label before it
        return _Columns("Audacity labels", 2, 0, 1), [r for r in rows if r[1][0] != "\\"]
    if AVID.match(line):
        return _Columns("Avid markers", 4, 1, length=5), rows
    head = [" ".join(cell.lower().split()) for cell in first]
    start = _first(head, _STARTS)
    if start is not None and not any(is_time(cell) for cell in first):
        return _headed(head, start), rows[1:]
    times = _time_columns(rows)
    if times and len(first) > 1:
        name = next((n for n, cell in enumerate(first) if n not in times and not is_time(cell)), None)
        if name is None:
            name = next((n for n in range(len(first)) if n not in times), None)
        return _Columns("table without a head", name, times[0], times[1] if times[1:] else None), rows
    raise ReportError(
        f"{path}: the first line does not name the columns",
        hint='Write "name,at" (or start, time, start_s) as first line, then a line for each marker.',
    )


def _headed(head: list[str], start: int) -> _Columns:
    return _Columns(
        _kind(head),
        _first(head, _NAMES),
        start,
        _first(head, _STOPS),
        _first(head, _LENGTHS),
        head.index("time format") if "time format" in head else None,
        head[start],
    )


def _time_columns(rows: Sequence[Row]) -> list[int]:
    """The columns that hold times, from the first row.

    A column of whole numbers is left out if it numbers the rows, or if another column has times with units.
    """
    cells = rows[0][1] if rows else []
    times = [n for n, cell in enumerate(cells) if is_time(cell)]
    plain = [n for n in times if re.fullmatch(r"[0-9]+", cells[n])]
    if plain != times:
        return [n for n in times if n not in plain]
    if len(times) > 1:
        counted = [n for n in times if _counts(rows, n)]
        times = [n for n in times if n not in counted[:1]]
    return times


def _counts(rows: Sequence[Row], column: int) -> bool:
    """Whether a column numbers its rows, from 0 or 1."""
    cells = [row[1][column] if column < len(row[1]) else "" for row in rows]
    return any(cells == [str(n + first) for n in range(len(cells))] for first in (0, 1))


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


def _marker(path: Path, columns: _Columns, row: Row, times: _Times, clock: Clock) -> Marker:
    line, cells = row
    where = f"{path}, line {line}"

    def cell(column: int | None) -> str:
        return cells[column] if column is not None and column < len(cells) else ""

    if columns.time_format is not None:
        times = _by_format(where, cell(columns.time_format), times, clock)
    if columns.start_label.endswith("_s"):
        times = replace(times, seconds=_plain(times.seconds))
    if not cell(columns.start):
        raise ReportError(f"{where}: the marker has no {columns.start_label!r}", hint=EXPORT_AGAIN)
    at = times.seconds(where, cell(columns.start))
    stop = times.seconds(where, cell(columns.stop)) if cell(columns.stop) else None
    if stop is None and cell(columns.length):
        length = times.length(where, cell(columns.length))
        is_frame = columns.kind == "Avid markers" and length <= clock.rate.seconds(1)
        stop = None if is_frame else at + length
    return named_marker(where, cell(columns.name), at, stop, line)


def _plain(seconds: ToSeconds) -> ToSeconds:
    """A reader of plain seconds only, for a column whose name ends in _s."""

    def checked(where: str, text: str) -> Fraction:
        if not re.fullmatch(r"[0-9]{1,6}([.,][0-9]{1,9})?", text):
            raise ReportError(f"{where}: {text[:40]!r} is not a time in seconds", hint=EXPORT_AGAIN)
        return seconds(where, text)

    return checked


def _by_format(where: str, name: str, times: _Times, clock: Clock) -> _Times:
    """The readers of times in one of Audition's formats."""
    if (samples := re.fullmatch(r"([0-9]{4,6}) Hz", name)) is not None:
        reader = seconds_of_samples(Fraction(samples[1]))
        return _Times(reader, reader)
    if "bars" in name.lower():
        raise ReportError(
            f"{where}: times in bars and beats are not supported",
            hint="Export the markers in decimal time.",
        )
    if "fps" in name.lower():
        try:
            return _clock_times(at_rate(clock, rate_named(name)))
        except ValueError:  # an unknown picture rate
            return times
    return times
