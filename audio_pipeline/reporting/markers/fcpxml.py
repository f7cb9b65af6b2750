"""Final Cut Pro X's XML (fcpxml), which Resolve writes, too.

The time of a marker is the local time of its clip: the clip's `start` is at its `offset` in the time of its
parent. The time of a sequence begins at its `tcStart`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.sequence import Placed, on_programme
from audio_pipeline.reporting.markers.times import stated_rate
from audio_pipeline.timeline.moments import Clock

KIND = "Final Cut Pro X XML"
_TIME = re.compile(r"(-?[0-9]{1,18})(?:/([0-9]{1,12}))?s|(-?[0-9]{1,9}\.[0-9]{1,12})s")
_MOST_NESTED = 100
_CLIPS = ("asset-clip", "clip", "gap", "mc-clip", "ref-clip", "sync-clip", "title", "video", "audio")
_HOLDERS = ("sequence", "spine", "audition", *_CLIPS)
_MARKERS = ("marker", "chapter-marker")


@dataclass(frozen=True)
class _Element:
    """An element on the timeline: `shift` converts its local time to the sequence's; `first` and `last` are the
    ends of its visible part, in its local time."""

    element: Element
    shift: Fraction
    first: Fraction | None
    last: Fraction | None
    deep: int


def read_fcpxml(path: Path, root: Element, clock: Clock) -> MarkerList:
    """The visible markers of the project's sequence. Raises ReportError with the marker's number."""
    sequence = next((s for project in root.iter("project") for s in project.iter("sequence")), None)
    if sequence is None:  # a file without a project; compound clips also hold sequences
        sequence = next(root.iter("sequence"), None)
    if sequence is None:
        raise ReportError(f"{path} holds no sequence", hint=EXPORT_AGAIN)
    frame_s = _frame_s(path, root, sequence) or 1 / clock.rate.frames_per_s
    begins = _seconds(f"{path}, sequence", sequence, "tcStart") or Fraction(0)
    drop = sequence.get("tcFormat") == "DF"
    rate = stated_rate(1 / frame_s, drop) or stated_rate(1 / frame_s, drop=False)
    placed = list(_placed(path, sequence, begins, frame_s))
    return on_programme(KIND, placed, round(begins / frame_s), rate, clock)


def _frame_s(path: Path, root: Element, sequence: Element) -> Fraction | None:
    """The frame duration of the sequence's format, in seconds."""
    wanted = sequence.get("format")
    for found in root.iter("format"):
        if found.get("id") == wanted and found.get("frameDuration"):
            length = _seconds(f"{path}, format", found, "frameDuration")
            return length if length else None
    return None


def _placed(path: Path, sequence: Element, begins: Fraction, frame_s: Fraction) -> Iterator[Placed]:
    count = 0
    waiting = [_Element(sequence, -begins, None, None, 0)]
    while waiting:
        here = waiting.pop()
        inner: list[_Element] = []
        for child in here.element:
            if child.tag in _MARKERS:
                count += 1
                marker = _marker(f"{path}, marker {count}", child, count, here, frame_s)
                if marker is not None:
                    yield marker
            elif child.tag in _HOLDERS and here.deep < _MOST_NESTED:
                inner.append(_inside(path, child, here))
                if here.element.tag == "audition":
                    break  # the others are inactive alternatives
        waiting += reversed(inner)


def _inside(path: Path, child: Element, holder: _Element) -> _Element:
    if child.tag in ("sequence", "audition"):
        return _Element(child, holder.shift, None, None, holder.deep + 1)
    where = f"{path}, {child.tag}"
    offset, start = _seconds(where, child, "offset"), _seconds(where, child, "start")
    length = _seconds(where, child, "duration") if child.tag in _CLIPS else None
    if offset is None and start is None:
        return _Element(child, holder.shift, None, None, holder.deep + 1)
    begin = start or Fraction(0)
    last = None if length is None else begin + length
    shift = holder.shift + (offset or Fraction(0)) - begin
    return _Element(child, shift, begin, last, holder.deep + 1)


def _marker(
    where: str, element: Element, number: int, here: _Element, frame_s: Fraction
) -> Placed | None:
    """A marker in seconds from the start of the sequence; None outside the visible part of its clip."""
    begin = _seconds(where, element, "start")
    if begin is None:
        raise ReportError(f"{where}: the start is missing", hint=EXPORT_AGAIN)
    if here.last is not None and here.first is not None and not here.first <= begin < here.last:
        return None
    at, length = begin + here.shift, _seconds(where, element, "duration") or Fraction(0)
    stop = at + length if length * 2 > frame_s * 3 else None  # a point marker lasts one frame
    return Placed(where, (element.get("value") or "").strip(), at, stop, number)


def _seconds(where: str, element: Element, attribute: str) -> Fraction | None:
    text = element.get(attribute)
    if text is None:
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None or (match[2] is not None and int(match[2]) == 0):
        raise ReportError(f"{where}: invalid time {text[:40]!r} in {attribute}", hint=EXPORT_AGAIN)
    return Fraction(match[3]) if match[3] else Fraction(int(match[1]), int(match[2] or 1))
