"""CMX 3600 edit lists: their events, and the markers that Resolve writes into them."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.reporting.markers.times import ToSeconds, at_rate, seconds_at, stated_rate
from audio_pipeline.timeline.moments import Clock

_TC = r"\d{2}[:;]\d{2}[:;]\d{2}[:;.]\d{2}"
_EVENT = re.compile(
    rf"\s*(\d{{1,8}})\s+(\S+)\s+(\S+)\s+(\S+(?:\s+[BO])?)(?:\s+(\d+))?\s+({_TC})\s+({_TC})\s+({_TC})\s+({_TC})\s*"
)
_MARK = re.compile(r"\s*\|C:[^|]*\|M:(.*)\|D:(\d+)\s*")
_FCM = re.compile(r"\s*FCM:\s*(NON[- ])?DROP[- ]FRAME\s*", re.IGNORECASE)
_LIKE_AN_EVENT = re.compile(r"\s*\d{3,8}\s+\S+\s+\S+\s+\S+\s+.*\d\d[:;]\d\d")
_LIKE_A_MARK = re.compile(r"\s*\|C:|\s*\*\s*LOC:")
_LOCATOR = re.compile(rf"\s*\*\s*LOC:\s*({_TC})\s+(\S+)\s*(.*)")


@dataclass(frozen=True)
class Event:
    """One event of an edit list, as timecode texts: its span in the source and in the record.

    `drop` is the list's `FCM:` line; None without one.
    """

    line: int
    reel: str
    track: str
    source_in: str
    source_out: str
    record_in: str
    record_out: str
    drop: bool | None = None


def is_edl(text: str) -> bool:
    """Whether a text looks like an edit list."""
    lines = [line for line in text.split("\n") if line.strip()][:40]
    titled = any(line.lstrip().startswith(("TITLE:", "FCM:")) for line in lines[:3])
    return titled or any(_EVENT.fullmatch(line) for line in lines)


def events_of(path: Path, text: str) -> list[Event]:
    """Every event in order. Raises ReportError for a list without events, and for an invalid event."""
    events = _events(path, text)
    if not events:
        raise ReportError(f"{path} holds no events", hint=EXPORT_AGAIN)
    return events


def seconds_of_list(clock: Clock, drop: bool | None) -> ToSeconds:
    """The reader of an edit list's times, drop frame or not as the list states.

    Colons are drop frame under `FCM: DROP FRAME` and non-drop under `FCM: NON-DROP FRAME`, whatever the
    picture's rate; semicolons are always drop frame.
    """
    plain = stated_rate(clock.rate.frames_per_s, drop=False)
    colons = seconds_at(at_rate(clock, plain) if drop is False and plain is not None else clock)
    semicolons = seconds_at(clock)

    def seconds(where: str, text: str) -> Fraction:
        if drop:
            return semicolons(where, _dropped(text))
        return semicolons(where, text) if ";" in text else colons(where, text)

    return seconds


def _dropped(timecode: str) -> str:
    """A timecode with the semicolon of drop frame."""
    return f"{timecode[:8].replace(';', ':')};{timecode[9:]}"


def read_edl(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of an edit list: Resolve's, a line under each event, or the locators of Avid and others.

    Raises ReportError that names the file and the line.
    """
    events = {event.line: event for event in _events(path, text)}
    event: Event | None = None
    drop: bool | None = None
    markers: list[Marker] = []
    kind = "Resolve markers (EDL)"
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}, line {number}"
        event, drop = events.get(number, event), _drop_said(line, drop)
        if (mark := _MARK.fullmatch(line)) is not None:
            if event is None:
                raise ReportError(f"{where}: the marker comes before the first event", hint=EXPORT_AGAIN)
            at = seconds_of_list(clock, event.drop)(where, event.record_in)
            frames = int(mark[2])
            stop = at + clock.rate.seconds(frames) if 1 < frames < 10**8 else None
            markers.append(named_marker(where, mark[1], at, stop, number))
        elif (locator := _LOCATOR.fullmatch(line)) is not None:
            kind = "locators (EDL)"
            at = seconds_of_list(clock, drop)(where, locator[1])
            markers.append(named_marker(where, locator[3], at, None, number))
        elif _LIKE_A_MARK.match(line):
            raise ReportError(f"{where}: invalid marker {line.strip()[:60]!r}", hint=EXPORT_AGAIN)
    if not markers:
        raise ReportError(
            f"{path} is an edit list without markers",
            hint="In Resolve: Timelines > Export > Timeline Markers to EDL.",
        )
    return MarkerList(kind, tuple(markers))


def _events(path: Path, text: str) -> list[Event]:
    events = []
    drop: bool | None = None
    for number, line in enumerate(text.split("\n"), 1):
        drop = _drop_said(line, drop)
        match = _EVENT.fullmatch(line)
        if match is not None:
            _, reel, track, _, _, s_in, s_out, r_in, r_out = match.groups()
            events.append(Event(number, reel, track, s_in, s_out, r_in, r_out, drop))
        elif _LIKE_AN_EVENT.match(line):
            raise ReportError(
                f"{path}, line {number}: invalid event {line.strip()[:60]!r}",
                hint=EXPORT_AGAIN,
            )
    return events


def _drop_said(line: str, before: bool | None) -> bool | None:
    """Whether timecode is drop frame from this line on."""
    said = _FCM.fullmatch(line)
    return before if said is None else said[1] is None
