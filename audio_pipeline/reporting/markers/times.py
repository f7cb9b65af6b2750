"""Times as programs write them: seconds, clock faces, timecode, frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from audio_pipeline.errors import ReportError
from audio_pipeline.timeline.moments import Clock, parse_moment

ToSeconds = Callable[[str, str], Fraction]
"""Exact seconds of the programme from (where, text). Raises ReportError that begins with `where`."""

_SECONDS = re.compile(r"[+-]?\d{1,6}(?:[.,]\d{1,12})?")
_CLOCK_FACE = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,9}))?")
_TIMECODE = re.compile(r"(\d{1,2})([:;.])(\d{2})([:;.])(\d{2})([:;.,])(\d{2,3})")
_BARS = re.compile(r"\d+\.\d+\.\d+|\d+\|\d+\|\s*\d+|\d+:\d+:\d+:\d+:\d+")
_EXAMPLES = '"8s", "0:08.000", "01:00:08:00"'


def seconds_at(clock: Clock) -> ToSeconds:
    """The reader of times on the picture's clock: timecode counts from its start, all else from 0.

    "8", "8.5" and "8,5" are seconds; "0:44.000" and "00:00:44.000" are a clock face; "01:00:44:00",
    "01:00:44;00" and "01;00;44;00" are timecode; whatever a preset takes is taken, too.
    """

    def seconds(where: str, text: str) -> Fraction:
        if _SECONDS.fullmatch(text):
            return Fraction(text.replace(",", "."))
        if (timecode := _as_timecode(text)) is not None:
            return _on_clock(where, timecode, clock)
        if (face := _CLOCK_FACE.fullmatch(text)) is not None:
            hours, minutes, whole, part = face.groups()
            return (
                Fraction(hours or 0) * 3600 + Fraction(minutes) * 60 + Fraction(f"{whole}.{part or 0}")
            )
        if _BARS.fullmatch(text):
            raise ReportError(
                f"{where}: {text[:40]!r} counts bars and beats",
                hint="Export the list with timecode or seconds on the ruler.",
            )
        return _on_clock(where, text, clock)

    return seconds


def _on_clock(where: str, text: str, clock: Clock) -> Fraction:
    try:
        moment = parse_moment(text)
        if moment.names():
            raise ValueError(f"{text[:40]!r} is not a time; write {_EXAMPLES}")
        return clock.duration(moment)
    except ValueError as error:
        drop = "is drop frame" in str(error)
        hint = f"Say its picture rate, e.g. --rate {clock.rate.nominal / 1.001:.2f}df" if drop else None
        raise ReportError(f"{where}: {error}", hint=hint) from error


def _as_timecode(text: str) -> str | None:
    """`text` as timecode is written here, "01:00:08:00" or "01:00:08;00"; None where it is something else.

    Editors mark drop frame by a semicolon, or a full stop, before the frames, or by semicolons everywhere.
    "00:00:08.000" has thousandths: that is a clock face.
    """
    match = _TIMECODE.fullmatch(text)
    if match is None:
        return None
    hours, first, minutes, second, seconds, mark, frames = match.groups()
    if mark in ".," and (len(frames) == 3 or first != ";"):
        return None
    drop = ";" in (first, second, mark)
    return f"{int(hours):02d}:{minutes}:{seconds}{';' if drop else ':'}{frames}"


def seconds_of_samples(sample_rate_hz: Fraction) -> ToSeconds:
    """The reader of times that are numbers of samples."""

    def seconds(where: str, text: str) -> Fraction:
        if not re.fullmatch(r"\d{1,12}", text):
            raise ReportError(f"{where}: {text[:40]!r} is not a number of samples")
        return Fraction(text) / sample_rate_hz

    return seconds


def is_time(text: str) -> bool:
    """Whether a cell looks like a time."""
    return bool(
        _SECONDS.fullmatch(text)
        or _CLOCK_FACE.fullmatch(text)
        or _TIMECODE.fullmatch(text)
        or re.fullmatch(r"\d+(?:\.\d+)?\s*(?:ms|s|min|h|f)|\d{1,6}\+\d\d", text)
    )
