"""Session info that Pro Tools exports as text: its list of markers."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.sequence import Placed, on_programme
from audio_pipeline.reporting.markers.times import length_at, seconds_of_samples
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.rate_names import rate_named
from audio_pipeline.timeline.timecode import PictureRate

KIND = "Pro Tools session info"
_LISTING = "M A R K E R S  L I S T I N G"
_TIMECODE = re.compile(r"(\d\d[:;]\d\d[:;]\d\d[:;.]\d\d)(?:\.(\d\d))?")
_FEET = re.compile(r"(\d{1,6}\+\d\d)(?:\.(\d\d))?")
_SAMPLE_RATE = re.compile(r"^SAMPLE RATE:\s*(\d{4,6}(?:\.\d+)?)", re.MULTILINE)
_START = re.compile(r"^SESSION START TIMECODE:\s*(\d\d[:;]\d\d[:;]\d\d[:;.]\d\d)", re.MULTILINE)
_FORMAT = re.compile(r"^TIMECODE FORMAT:\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class _Session:
    """The time base of a session. `start` is its first frame, counted from midnight."""

    rate: PictureRate
    start: int
    sample_rate_hz: Fraction
    clock: Clock


def is_pro_tools(text: str) -> bool:
    """Whether a text is session info of Pro Tools."""
    return text.lstrip().startswith("SESSION NAME:") or _LISTING in text


def read_pro_tools(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of a session: by their timecode or feet, or by their number of samples.

    Samples, feet and minutes count from the session's start. A rate stated by the session takes precedence.
    Raises ReportError that names the file and the line.
    """
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.strip() == _LISTING), None)
    if start is None:
        raise ReportError(
            f"{path} is session info without markers",
            hint="Select Include Markers when you export the session info as text.",
        )
    session = _session(path, text, clock)
    placed: list[Placed] = []
    for number, line in enumerate(lines[start + 2 :], start + 3):
        if not line.strip():
            break
        if placed and "\t" not in line:
            continue  # a comment of several lines
        placed.append(_marker(f"{path}, line {number}", line, number, session))
    return on_programme(KIND, placed, session.start, session.rate, clock)


def _session(path: Path, text: str, clock: Clock) -> _Session:
    rate, stated, begins = clock.rate, _FORMAT.search(text), _START.search(text)
    if stated is not None:
        try:
            rate = rate_named(re.sub(r"\s*frames?\b", "", stated[1], count=1, flags=re.IGNORECASE))
        except ValueError:
            rate = _dropping(stated[1]) or clock.rate
    sample_rate = _SAMPLE_RATE.search(text)
    start = clock.start_frame if rate == clock.rate else None
    if begins is not None:
        start = _frame(f"{path}, session start", begins[1], rate)
    if start is None:
        start = rate.frame("01:00:00:00") if clock.start_frame else 0
    hz = Fraction(sample_rate[1]) if sample_rate is not None else Fraction(48_000)
    return _Session(rate, start, hz, clock)


def _dropping(stated: str) -> PictureRate | None:
    """The rate of "29.97 Drop Frame" and "29.97 Frame (drop)"."""
    number = re.match(r"\d+(?:\.\d+)?", stated)
    if number is None or "drop" not in stated.lower() or "non" in stated.lower():
        return None
    try:
        return rate_named(f"{number[0]} DF")
    except ValueError:
        return None


def _frame(where: str, timecode: str, rate: PictureRate) -> int:
    drop = ";" if rate.drop else ":"
    whole = timecode.replace(";", ":").replace(".", ":")
    try:
        return rate.frame(f"{whole[:8]}{drop}{whole[9:]}")
    except ValueError as error:
        raise ReportError(f"{where}: {error}", hint='Write it like "01:00:44:00".') from error


def _marker(where: str, line: str, number: int, session: _Session) -> Placed:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) < 5 or not cells[0].isdigit():
        raise ReportError(f"{where}: invalid marker {line.strip()[:60]!r}", hint=EXPORT_AGAIN)
    _, location, reference, units, name, *_ = cells
    rate = session.rate
    if (timecode := _TIMECODE.fullmatch(location)) is not None:
        frames = _frame(where, timecode[1], rate) - session.start
        at = rate.seconds(1) * (frames + Fraction(int(timecode[2] or 0), 100))
    elif units.lower() == "samples":
        at = seconds_of_samples(session.sample_rate_hz)(where, reference)
    elif (feet := _FEET.fullmatch(location)) is not None:
        part = rate.seconds(1) * Fraction(int(feet[2] or 0), 100)
        at = length_at(session.clock)(where, feet[1]) + part
    else:
        at = length_at(session.clock)(where, location)
    return Placed(where, name, at, None, number)
