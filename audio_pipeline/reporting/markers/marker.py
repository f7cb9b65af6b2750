"""What a marker list comes to: names and times, in seconds of the programme."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from audio_pipeline.errors import ReportError

MAX_MARKERS = 10_000
MAX_NAME = 100
MAX_S = 6 * 3600


@dataclass(frozen=True)
class Marker:
    """A point or, with `stop`, a region: exact seconds from the first sample of the programme.

    `line` is where it stands in its file, from 1.
    """

    name: str
    at: Fraction
    stop: Fraction | None = None
    line: int = 0


@dataclass(frozen=True)
class MarkerList:
    """The markers of a file in the file's order. `kind` says which program writes such files, `notes` what was
    assumed of its times."""

    kind: str
    markers: tuple[Marker, ...]
    notes: tuple[str, ...] = ()


def named_marker(where: str, name: str, at: Fraction, stop: Fraction | None, line: int) -> Marker:
    """A marker, checked. `where` names its file and line.

    A spreadsheet's mark of a text (`'=`) is taken off, line breaks become spaces, a name of more than
    `MAX_NAME` characters (a comment) is cut, and a marker without a name is called after its line. A region
    without length is a point. Raises ReportError for a name that cannot be shown, for a time that is
    not within the first six hours, and for a region that stops before it starts.
    """
    name = " ".join(name.split())
    name = name.removeprefix("'") if name[:2] in ("'=", "'+", "'-", "'@") else name
    name = name or f"line {line}"
    name = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}…"
    if not name.isprintable():
        raise ReportError(f"{where}: {name[:40]!r} is not a valid marker name")
    for seconds in (at, stop):
        if seconds is not None and not 0 <= seconds <= MAX_S:
            raise ReportError(
                f"{where}: {name!r} is at {float(seconds):g} s, which is not within the first six hours",
                hint="Say where the programme starts, e.g. --start 00:00:00:00",
            )
    if stop is not None and stop < at:
        raise ReportError(f"{where}: the section stops before it starts")
    return Marker(name, at, None if stop == at else stop, line)
