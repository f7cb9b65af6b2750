"""Final Cut's XML: version 7 (xmeml, which Premiere and Resolve write, too) and X (fcpxml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.timeline.moments import Clock

_TIME = re.compile(r"(-?\d{1,18})(?:/(\d{1,12}))?s")
_MOST_NESTED = 100


def is_xml(text: str) -> bool:
    """Whether a text is XML."""
    return text.lstrip().startswith("<")


def read_final_cut(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of a sequence. Frames count at the rate that the file states.

    Raises ReportError for XML of another kind, and for a marker that cannot be read.
    """
    root = _root(path, text)
    if root.tag == "xmeml":
        return MarkerList("Final Cut Pro 7 XML", tuple(_of_xmeml(path, root, clock)))
    if root.tag == "fcpxml":
        return MarkerList("Final Cut Pro X XML", tuple(_of_fcpxml(path, root, clock)))
    raise ReportError(
        f"{path} is XML of another kind ({root.tag[:40]!r})",
        hint="Export Final Cut Pro 7 XML or FCPXML.",
    )


def _root(path: Path, text: str) -> Element:
    if "<!ENTITY" in text:  # which could make a small file large
        raise ReportError(f"{path} defines entities, which no editor writes: not a marker list")
    try:
        # the declaration of an encoding no longer holds: the text is decoded already
        return ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - no entities
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ReportError(f"{path} is not XML: {error}") from error


def _of_xmeml(path: Path, root: Element, clock: Clock) -> Iterator[Marker]:
    sequence = next(root.iter("sequence"), None)
    if sequence is None:
        raise ReportError(f"{path} holds no sequence")
    frames_per_s = _rate_of(path, sequence, clock)
    for n, element in enumerate(sequence.findall("marker"), 1):
        where, begin = f"{path}, marker {n}", _whole(element.findtext("in"))
        if begin is None:
            raise ReportError(f"{where}: its in point is missing or not a frame")
        end = _whole(element.findtext("out"))
        stop = None if end is None or end < 0 else end / frames_per_s
        name = element.findtext("name") or element.findtext("comment") or ""
        yield named_marker(where, name, begin / frames_per_s, stop, n)


def _rate_of(path: Path, sequence: Element, clock: Clock) -> Fraction:
    base = _whole(sequence.findtext("rate/timebase"))
    if base is None:
        return clock.rate.frames_per_s
    if not 1 <= base <= 1000:
        raise ReportError(f"{path}: a time base of {base} frames is not valid")
    ntsc = (sequence.findtext("rate/ntsc") or "").strip().upper() == "TRUE"
    return Fraction(base * 1000, 1001) if ntsc else Fraction(base)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\s*-?\d{1,12}\s*", text) else None


def _of_fcpxml(path: Path, root: Element, clock: Clock) -> Iterator[Marker]:
    """Markers stand in clips, in the clip's own time: a clip's `start` is shown at its `offset`."""
    sequence = next(root.iter("sequence"), None)
    if sequence is None:
        raise ReportError(f"{path} holds no sequence")
    count = 0
    waiting: list[tuple[Element, Fraction, int]] = [(sequence, Fraction(0), 0)]
    while waiting:
        element, shift, deep = waiting.pop()
        inner = []
        for child in element:
            if child.tag in ("marker", "chapter-marker"):
                count += 1
                where = f"{path}, marker {count}"
                at = _seconds(where, child, "start") + shift
                length = _seconds(where, child, "duration")
                stop = at + length if length > 1 / clock.rate.frames_per_s else None
                yield named_marker(where, child.get("value") or "", at, stop, count)
            elif deep < _MOST_NESTED:
                where = f"{path}, {child.tag[:20]}"
                offset, start = _seconds(where, child, "offset"), _seconds(where, child, "start")
                placed = "offset" in child.attrib or "start" in child.attrib
                inner.append((child, shift + offset - start if placed else shift, deep + 1))
        waiting += reversed(inner)


def _seconds(where: str, element: Element, attribute: str) -> Fraction:
    text = element.get(attribute)
    if text is None:
        return Fraction(0)
    match = _TIME.fullmatch(text.strip())
    if match is None or (match[2] is not None and int(match[2]) == 0):
        raise ReportError(f"{where}: its {attribute} {text[:40]!r} is not a time")
    return Fraction(int(match[1]), int(match[2] or 1))
