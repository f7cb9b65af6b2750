"""The times in an `iXML` chunk. Source: the iXML specification 2.10.

Its few fields are searched by name, because an untrusted chunk is not given to an XML parser.
"""

from __future__ import annotations

import html
import re
from fractions import Fraction

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.timecode import RATES, PictureRate

_MOST_POINTS = 1000
_NEAR = Fraction(1, 4000)
"""Rates with a smaller relative difference are equal: 23.976, 23.98 and 24000/1001; 24 is farther away."""
_NUMBER = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\s*/\s*(\d{1,9}))?")
_POINT = re.compile(r"<SYNC_POINT>(.*?)</SYNC_POINT>", re.DOTALL)
_NO_MARKERS = ("PRE_RECORD_SAMPLECOUNT", "GROUP_OFFSET")


@dataclass(frozen=True)
class SyncPoint:
    """A sync point: its name, and its sample counted from the start of the file or from midnight."""

    name: str
    samples: int
    from_midnight: bool


@dataclass(frozen=True)
class Ixml:
    """The contents of an `iXML` chunk.

    `stated_rate` is the picture rate as text; `rate` is the parsed rate, None if it is unknown.
    """

    stated_rate: str = ""
    rate: PictureRate | None = None
    timestamp_samples: int | None = None
    timestamp_rate_hz: int | None = None
    sync_points: tuple[SyncPoint, ...] = ()

    def start_s(self, sample_rate_hz: int) -> Fraction | None:
        """The start in seconds since midnight; `sample_rate_hz` is used if the chunk states no rate."""
        if self.timestamp_samples is None:
            return None
        return Fraction(self.timestamp_samples, self.timestamp_rate_hz or sample_rate_hz)


def ixml_of(body: bytes) -> Ixml:
    """Parse the body of a chunk; fields that are missing or invalid are empty or None."""
    text = _text(body)
    stated = (
        _field(text, "TIMECODE_RATE") or _field(text, "CURRENT_SPEED") or _field(text, "MASTER_SPEED")
    )
    high, low = (_whole(text, f"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_{half}") for half in ("HI", "LO"))
    points = [_sync_point(match[1]) for match in _POINT.finditer(text)]
    return Ixml(
        stated_rate=stated[:20] if stated.isprintable() else "",
        rate=_rate(stated, _field(text, "TIMECODE_FLAG").upper() == "DF"),
        timestamp_samples=None if low is None else ((high or 0) << 32) + low,
        timestamp_rate_hz=_whole(text, "TIMESTAMP_SAMPLE_RATE") or None,
        sync_points=tuple(point for point in points[:_MOST_POINTS] if point is not None),
    )


def _text(body: bytes) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", errors="replace")
    return body.decode("utf-8-sig", errors="replace")


def _field(text: str, name: str) -> str:
    """The text of the first element with that name, or ""."""
    begin = text.find(f"<{name}>")
    end = text.find("</", begin)
    return html.unescape(text[begin + len(name) + 2 : end]).strip() if 0 <= begin < end else ""


def _whole(text: str, name: str) -> int | None:
    written = _field(text, name)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 20 else None


def _rate(stated: str, drop: bool) -> PictureRate | None:
    match = _NUMBER.fullmatch(stated)
    if match is None:
        return None
    value = Fraction(f"{match[1]}.{match[2] or 0}") / (int(match[3] or 1) or 1)
    if not value:
        return None
    near = [r for r in RATES.values() if abs(r.frames_per_s / value - 1) < _NEAR]
    return next((r for r in near if r.drop == drop), near[0] if near else None)


def _sync_point(text: str) -> SyncPoint | None:
    low, function = _whole(text, "SYNC_POINT_LOW"), _field(text, "SYNC_POINT_FUNCTION")
    if low is None or function in _NO_MARKERS:
        return None
    samples = ((_whole(text, "SYNC_POINT_HIGH") or 0) << 32) + low
    name = _field(text, "SYNC_POINT_COMMENT") or function.lower().replace("_", " ")
    return SyncPoint(name, samples, _field(text, "SYNC_POINT_TYPE").upper() == "ABSOLUTE")
