"""The session info that Pro Tools exports as text: its listing of markers."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.reporting.markers.times import seconds_at, seconds_of_samples
from audio_pipeline.timeline.moments import Clock

_LISTING = "M A R K E R S  L I S T I N G"
_TIMECODE = re.compile(r"\d\d[:;]\d\d[:;]\d\d[:;.]\d\d(?=$|\.)")
_RATE = re.compile(r"SAMPLE RATE:\s*(\d{4,6}(?:\.\d+)?)")


def is_pro_tools(text: str) -> bool:
    """Whether a text is session info of Pro Tools."""
    return text.lstrip().startswith("SESSION NAME:") or _LISTING in text


def read_pro_tools(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of a session: by their number of samples, where it is given, or by their location.

    Samples count from the session's start, and so do minutes and seconds; timecode is absolute. Raises
    ReportError that names the file and the line.
    """
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.strip() == _LISTING), None)
    if start is None:
        raise ReportError(
            f"{path} is session info without markers",
            hint="Check Include Markers when you export the session info as text.",
        )
    rate = _RATE.search(text)
    sample_rate_hz = Fraction(rate[1]) if rate is not None else Fraction(48_000)
    markers: list[Marker] = []
    for number, line in enumerate(lines[start + 2 :], start + 3):
        if not line.strip():
            break
        markers.append(_marker(f"{path}, line {number}", line, number, clock, sample_rate_hz))
    return MarkerList("Pro Tools session info", tuple(markers))


def _marker(where: str, line: str, number: int, clock: Clock, sample_rate_hz: Fraction) -> Marker:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) < 5 or not cells[0].isdigit():
        raise ReportError(f"{where}: the marker cannot be read: {line.strip()[:60]!r}")
    _, location, reference, units, name, *_ = cells
    absolute = _TIMECODE.match(location)
    if absolute is not None:
        at = seconds_at(clock)(where, absolute[0])  # without its hundredths of a frame
    elif units.lower() == "samples":
        at = seconds_of_samples(sample_rate_hz)(where, reference)
    else:
        at = seconds_at(clock)(where, location)
    return named_marker(where, name, at, None, number)
