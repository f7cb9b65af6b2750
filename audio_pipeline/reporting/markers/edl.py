"""CMX 3600 edit lists: the markers that Resolve writes into them, and the events themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.reporting.markers.times import seconds_at
from audio_pipeline.timeline.moments import Clock

_TC = r"\d{2}[:;]\d{2}[:;]\d{2}[:;.]\d{2}"
_EVENT = re.compile(
    rf"\s*(\d{{1,8}})\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+(\d+))?\s+({_TC})\s+({_TC})\s+({_TC})\s+({_TC})\s*"
)
_MARK = re.compile(r"\s*\|C:[^|]*\|M:([^|]*)\|D:(\d+)\s*")
_LOCATOR = re.compile(rf"\s*\*\s*LOC:\s*({_TC})\s+(\S+)\s*(.*)")


@dataclass(frozen=True)
class Event:
    """One cut of an edit list, as timecode texts: what is taken from `source`, and where it is put."""

    line: int
    reel: str
    track: str
    source_in: str
    source_out: str
    record_in: str
    record_out: str


def is_edl(text: str) -> bool:
    """Whether a text looks like an edit list."""
    lines = [line for line in text.splitlines() if line.strip()][:40]
    titled = any(line.startswith(("TITLE:", "FCM:")) for line in lines[:3])
    return titled or any(_EVENT.fullmatch(line) for line in lines)


def events_of(path: Path, text: str) -> list[Event]:
    """Every event in order. Raises ReportError for a list without one, and for a line that begins like an
    event and is none."""
    events = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _EVENT.fullmatch(line)
        if match is not None:
            _, reel, track, _, _, *times = match.groups()
            events.append(Event(number, reel, track, *times))
        elif re.match(r"\s*\d{3,8}\s+\S+\s+\S+\s+\S+\s+.*\d\d[:;]\d\d", line):
            raise ReportError(f"{path}, line {number}: the event cannot be read: {line.strip()[:60]!r}")
    if not events:
        raise ReportError(f"{path} holds no events")
    return events


def read_edl(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of an edit list: Resolve's, a line under each event, or the locators of Avid and others.

    Raises ReportError that names the file and the line.
    """
    seconds = seconds_at(clock)
    events = {event.line: event for event in events_of(path, text)}
    event: Event | None = None
    markers: list[Marker] = []
    kind = "Resolve markers (EDL)"
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}, line {number}"
        event = events.get(number, event)
        if (mark := _MARK.fullmatch(line)) is not None:
            if event is None:
                raise ReportError(f"{where}: the marker stands before the first event")
            at = seconds(where, event.record_in)
            frames = int(mark[2])
            stop = at + clock.rate.seconds(frames) if 1 < frames < 10**8 else None
            markers.append(named_marker(where, mark[1], at, stop, number))
        elif (locator := _LOCATOR.fullmatch(line)) is not None:
            kind = "locators (EDL)"
            markers.append(named_marker(where, locator[3], seconds(where, locator[1]), None, number))
    if not markers:
        raise ReportError(
            f"{path} is an edit list without markers",
            hint="In Resolve: Timelines > Export > Timeline Markers to EDL.",
        )
    return MarkerList(kind, tuple(markers))
