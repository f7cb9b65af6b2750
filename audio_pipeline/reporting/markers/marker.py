"""The markers of a list: names, and times in seconds of the programme."""

from __future__ import annotations

from fractions import Fraction

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN

MAX_MARKERS = 10_000
MAX_NAME = 100
MAX_S = 6 * 3600


@dataclass(frozen=True)
class Marker:
    """A point or, with `stop`, a region: exact seconds from the first sample of the programme.

    `line` is its line in the file, from 1.
    """

    name: str
    at: Fraction
    stop: Fraction | None = None
    line: int = 0


@dataclass(frozen=True)
class MarkerList:
    """The markers of a file in the file's order. `kind` names the format, `notes` are assumptions about its
    times."""

    kind: str
    markers: tuple[Marker, ...]
    notes: tuple[str, ...] = ()


def named_marker(where: str, name: str, at: Fraction, stop: Fraction | None, line: int) -> Marker:
    """A checked marker. `where` names its file and line.

    The apostrophe of a spreadsheet (`'=`) is removed, line breaks become spaces, a name of more than
    `MAX_NAME` characters is truncated, and a marker without a name is named after its line. A region without
    length is a point. Raises ReportError for an unprintable name, for a time outside the first six hours, and
    for a region that stops before it starts.
    """
    name = " ".join(name.split())
    name = name.removeprefix("'") if name[:2] in ("'=", "'+", "'-", "'@") else name
    name = name or f"line {line}"
    name = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}…"
    if not name.isprintable():
        raise ReportError(f"{where}: {name[:40]!r} is not a valid marker name", hint=EXPORT_AGAIN)
    for seconds in (at, stop):
        if seconds is not None and not 0 <= seconds <= MAX_S:
            raise ReportError(
                f"{where}: {name!r} is at {float(seconds):g} s, outside the first six hours",
                hint="State the start of the programme, e.g. --start 00:00:00:00.",
            )
    if stop is not None and stop < at:
        raise ReportError(f"{where}: the section stops before it starts", hint="Correct its times.")
    return Marker(name, at, None if stop == at else stop, line)
