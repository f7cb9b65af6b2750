"""Marker lists: sections from a CSV file, as editors and workstations export them.

A head with `name` and one of `at`, `start`, `time`, `start_s`, and after it a row for every marker:

    name,at
    voices,8s
    black,01:00:44:00
    dropout,56s
    silence,57s

A section goes on to its `stop` (`end`, `stop_s`) where that column is filled in, to the next marker
otherwise. Columns with `_s` hold plain seconds. Times are written as in a preset, or as workstations
show them, "0:44.000". Markers called `dropout` and `silence` say where those are.
"""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction
from pathlib import Path

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.facts import DropoutPlan, MixFacts, Section
from audio_pipeline.reporting.sections_of_cues import sections_between
from audio_pipeline.timeline.moments import Clock, parse_moment
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span

MAX_BYTES = 1_000_000
MAX_MARKERS = 10_000
MAX_NAME = 100
MAX_S = 6 * 3600
MAX_OVERLAP = 32
"""Times that the programme's length may be in all its sections together; each is measured by itself."""

_STARTS = ("at", "start", "time", "start_s")
_STOPS = ("stop", "end", "stop_s")
_SECONDS = re.compile(r"\d{1,6}(\.\d{1,9})?")
_CLOCK_FACE = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2}(?:\.\d{1,6})?)")


def facts_of_markers(
    path: Path, clock: Clock, length: int, sample_rate_hz: int, fade_s: Fraction
) -> MixFacts:
    """The facts of a programme of `length` samples whose sections a marker list names.

    `fade_s` is how long the fall at a marker called `dropout` was meant to take. Raises ReportError that
    names the file and the line for anything that cannot be understood.
    """
    rows = _rows(path, clock)
    starts = [(name, to_samples(at, sample_rate_hz)) for name, at, _ in rows]
    if any(stop is not None for _, _, stop in rows):
        spans = {
            at: end.span.stop for end in sections_between(starts, length) for at in [end.span.start]
        }
        sections = tuple(
            Section(name, Span(at, max(at, _stop(stop, sample_rate_hz, spans.get(at, length)))))
            for (name, at), (_, _, stop) in zip(starts, rows, strict=True)
        )
        _refuse_overlap(path, sections, length)
    else:
        sections = sections_between(starts, length)
    named = {name.lower(): at for name, at in reversed(starts)}
    plan = None
    if "dropout" in named:
        plan = DropoutPlan(named["dropout"], to_samples(fade_s, sample_rate_hz), named.get("silence"))
    return MixFacts(
        mix=path.stem,
        sections=sections,
        dropout=plan,
        clock=clock,
        cues=tuple(sorted(starts, key=lambda cue: cue[1])),
    )


def _refuse_overlap(path: Path, sections: tuple[Section, ...], length: int) -> None:
    whole = Span(0, length)
    together = sum(len(section.span.intersect(whole)) for section in sections)
    if together > MAX_OVERLAP * length:
        raise ReportError(
            f"{path}: its sections together last {together / max(1, length):.0f} times as long as the"
            f" programme; {MAX_OVERLAP} times are allowed",
            hint="Remove sections that overlap, or measure with several marker lists.",
        )


def _stop(stop: Fraction | None, rate: int, otherwise: int) -> int:
    return otherwise if stop is None else to_samples(stop, rate)


def _rows(path: Path, clock: Clock) -> list[tuple[str, Fraction, Fraction | None]]:
    text = read_small_text(path, str(path), "marker list", MAX_BYTES, ReportError)
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(reader, [])]
        name_column, start_column, stop_column = _columns(path, head)
        rows: list[tuple[str, Fraction, Fraction | None]] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) >= MAX_MARKERS:
                raise ReportError(f"{path}: more than {MAX_MARKERS} markers")
            where = f"{path}, line {reader.line_num}"
            start = _time(where, _cell(cells, start_column), head[start_column], clock)
            if start is None:
                raise ReportError(f"{where}: the marker has no {head[start_column]!r}")
            stop = None
            if stop_column is not None:
                stop = _time(where, _cell(cells, stop_column), head[stop_column], clock)
            if stop is not None and stop < start:
                raise ReportError(f"{where}: the section stops before it starts")
            rows.append((_name(where, _cell(cells, name_column)), start, stop))
    except csv.Error as error:
        raise ReportError(f"{path}, line {reader.line_num}: it is not CSV: {error}") from error
    if not rows:
        raise ReportError(f"{path} holds no markers")
    return rows


def _columns(path: Path, head: list[str]) -> tuple[int, int, int | None]:
    start = next((head.index(name) for name in _STARTS if name in head), None)
    if "name" not in head or start is None:
        raise ReportError(
            f"{path}: its first line does not name the columns",
            hint='Begin it with "name,at" (or start, time, start_s), and then a line for every marker.',
        )
    stop = next((head.index(name) for name in _STOPS if name in head), None)
    return head.index("name"), start, stop


def _cell(cells: list[str], column: int) -> str:
    return cells[column].strip() if column < len(cells) else ""


def _name(where: str, text: str) -> str:
    name = text.removeprefix("'") if text[:2] in ("'=", "'+", "'-", "'@") else text
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ReportError(f"{where}: {name[:40]!r} is no name for a section")
    return name


def _time(where: str, text: str, column: str, clock: Clock) -> Fraction | None:
    if not text:
        return None
    seconds: Fraction | None = None
    if column.endswith("_s"):
        seconds = Fraction(text) if _SECONDS.fullmatch(text) else None
    elif (face := _CLOCK_FACE.fullmatch(text)) and not (face[1] and "." not in text):
        seconds = Fraction(face[1] or 0) * 3600 + Fraction(face[2]) * 60 + Fraction(face[3])
    else:
        try:
            moment = parse_moment(text)
            seconds = None if moment.names() else clock.duration(moment)
        except ValueError as error:
            raise ReportError(f"{where}: {error}") from error
    if seconds is None:
        raise ReportError(f"{where}: {text[:40]!r} is not a time", hint='Write "8s", "01:00:44:00".')
    if not 0 <= seconds <= MAX_S:
        raise ReportError(f"{where}: {text[:40]!r} is not within the first six hours")
    return seconds
