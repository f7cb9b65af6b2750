"""Read times as other programs write them: seconds, clock times, timecode, frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.timeline.moments import Clock, parse_moment
from audio_pipeline.timeline.timecode import RATES, PictureRate, is_timecode

ToSeconds = Callable[[str, str], Fraction]
"""Exact seconds of the programme from (where, text). Raises ReportError with `where`."""


@dataclass(frozen=True)
class Programme:
    """The time base of a list: the picture's clock, the programme's sample rate and its length."""

    clock: Clock
    sample_rate_hz: int
    length_s: Fraction


_SECONDS = re.compile(r"[+-]?\d{1,6}(?:[.,]\d{1,12})?")
_CLOCK_FACE = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,9}))?")
_TIMECODE = re.compile(r"(\d{1,2})([:;.])(\d{2})([:;.])(\d{2})([:;.,])(\d{2,3})")
_BARS = re.compile(r"\d+\.\d+\.\d+|\d+\|\d+\|\s*\d+|\d+:\d+:\d+:\d+:\d+")
_EXAMPLES = '"8s", "0:08.000", "01:00:08:00"'


def seconds_at(clock: Clock) -> ToSeconds:
    """The reader of times on the picture's clock: timecode counts from its start, other times from 0.

    "8", "8.5" and "8,5" are seconds; "0:44.000" and "00:00:44.000" are clock times; "01:00:44:00",
    "01:00:44;00" and "01;00;44;00" are timecode; the notations of a preset are accepted, too.
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
                f"{where}: {text[:40]!r} is a time in bars and beats, which is not supported",
                hint="Export the list with timecode or seconds on the ruler.",
            )
        return _on_clock(where, text, clock)

    return seconds


def length_at(clock: Clock) -> ToSeconds:
    """The reader of lengths: as `seconds_at`, but timecode counts from zero."""
    return seconds_at(replace(clock, start_frame=0))


def at_rate(clock: Clock, rate: PictureRate) -> Clock:
    """The clock of a list that states its own rate: the programme begins at the same label."""
    if rate == clock.rate:
        return clock
    *whole, frames = clock.rate.timecode(clock.start_frame).replace(";", ":").split(":")
    shown = f"{min(int(frames), rate.nominal - 1):02d}"
    try:
        start = rate.frame(":".join([*whole, shown]))
    except ValueError:  # a label that drop frame leaves out
        start = rate.frame(":".join([*whole, f"{rate.nominal // 15:02d}"]))
    return replace(clock, rate=rate, start_frame=start)


def stated_rate(frames_per_s: Fraction, drop: bool) -> PictureRate | None:
    """The picture rate with this number of frames and this drop flag; None for an unknown rate."""
    rates = (rate for rate in RATES.values() if rate.frames_per_s == frames_per_s)
    return next((rate for rate in rates if rate.drop == drop), None)


def _on_clock(where: str, text: str, clock: Clock) -> Fraction:
    try:
        moment = parse_moment(text)
        if moment.names():
            raise ValueError(f"{text[:40]!r} is not a time; write {_EXAMPLES}")
        return clock.duration(moment)
    except ValueError as error:
        raise ReportError(f"{where}: {error}", hint=_rate_hint(text, clock.rate)) from error


def _rate_hint(text: str, rate: PictureRate) -> str | None:
    """A hint with the --rate that reads a timecode which is invalid at this rate; None for other text."""
    if not is_timecode(text):
        return None
    if ";" in text and not rate.drop:
        return f"State its picture rate: --rate {'59.94df' if _shown_frames(text) > 29 else '29.97df'}"
    if _shown_frames(text) >= rate.nominal:
        fits = (r.name for r in RATES.values() if r.nominal > _shown_frames(text) and not r.drop)
        found = next(fits, None)
        return None if found is None else f"State its picture rate, e.g. --rate {found}"
    if rate.drop:
        return f"For non-drop timecode: --rate {rate.name.removesuffix('df')}"
    return None


def _shown_frames(timecode: str) -> int:
    return int(timecode[-2:])


def _as_timecode(text: str) -> str | None:
    """`text` as "01:00:08:00" or "01:00:08;00"; None for anything but timecode.

    Editors mark drop frame by a semicolon or a full stop before the frames, or by semicolons everywhere.
    "00:00:08.000" has thousandths: it is a clock time.
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
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise ReportError(f"{where}: {text[:40]!r} is not a number of samples", hint=EXPORT_AGAIN)
        return Fraction(text) / sample_rate_hz

    return seconds


def seconds_of_frames(rate: PictureRate) -> ToSeconds:
    """The reader of times that are numbers of frames from the first."""

    def seconds(where: str, text: str) -> Fraction:
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise ReportError(f"{where}: {text[:40]!r} is not a number of frames", hint=EXPORT_AGAIN)
        return rate.seconds(1) * int(text)

    return seconds


def is_time(text: str) -> bool:
    """Whether a cell looks like a time."""
    return bool(
        _SECONDS.fullmatch(text)
        or _CLOCK_FACE.fullmatch(text)
        or _TIMECODE.fullmatch(text)
        or re.fullmatch(r"\d+(?:\.\d+)?\s*(?:ms|s|min|h|f)|\d{1,6}\+\d\d", text)
    )
