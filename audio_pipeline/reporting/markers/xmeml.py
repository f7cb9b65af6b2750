"""Final Cut Pro 7's XML (xmeml), which Premiere and Resolve write, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.sequence import Placed, on_programme
from audio_pipeline.reporting.markers.times import stated_rate
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import PictureRate

KIND = "Final Cut Pro 7 XML"


def read_xmeml(path: Path, root: Element, clock: Clock) -> MarkerList:
    """The markers of the first sequence: its own, and the visible ones of its clips.

    Frames count at the file's rate, from the first frame of the sequence; drop frame changes labels, not
    frames. Raises ReportError with the marker's number.
    """
    sequence = next(root.iter("sequence"), None)
    if sequence is None:
        raise ReportError(f"{path} holds no sequence", hint=EXPORT_AGAIN)
    frames_per_s = _frames_per_s(path, sequence, clock.rate.frames_per_s)
    placed = list(_own(path, sequence, frames_per_s))
    known = {(marker.name, marker.at) for marker in placed}
    for clip in sequence.findall("media/*/track/clipitem"):
        for marker in _of_clip(path, clip, frames_per_s, len(placed)):
            if (
                marker.name,
                marker.at,
            ) not in known:  # picture and sound of a clip have the same markers
                known.add((marker.name, marker.at))
                placed.append(marker)
    start, rate = _start(sequence, frames_per_s)
    return on_programme(KIND, placed, start, rate, clock)


def _own(path: Path, sequence: Element, frames_per_s: Fraction) -> Iterator[Placed]:
    for n, element in enumerate(sequence.findall("marker"), 1):
        where, begin = f"{path}, marker {n}", whole(element.findtext("in"))
        if begin is None:
            raise ReportError(f"{where}: the in point is missing or invalid", hint=EXPORT_AGAIN)
        end = whole(element.findtext("out"))
        stop = None if end is None or end < 0 else end / frames_per_s
        yield Placed(where, _name(element), begin / frames_per_s, stop, n)


def _of_clip(path: Path, clip: Element, frames_per_s: Fraction, before: int) -> Iterator[Placed]:
    """The markers between a clip's in and out points: the others are not in the sequence."""
    own = _frames_per_s(path, clip, frames_per_s)
    first, last = whole(clip.findtext("in")), whole(clip.findtext("out"))
    begin, finish = whole(clip.findtext("start")), whole(clip.findtext("end"))
    if first is None or last is None or begin is None:
        return
    at = begin / frames_per_s
    if begin < 0:  # the start is under a transition: computed from the end
        if finish is None or finish < 0:
            return
        at = finish / frames_per_s - (last - first) / own
    for n, element in enumerate(clip.findall("marker"), before + 1):
        where, place = f"{path}, marker {n}", whole(element.findtext("in"))
        if place is None:
            raise ReportError(f"{where}: the in point is missing or invalid", hint=EXPORT_AGAIN)
        if first <= place < last:
            end = whole(element.findtext("out"))
            stop = None if end is None or end < 0 else at + (min(end, last) - first) / own
            yield Placed(where, _name(element), at + (place - first) / own, stop, n)


def _name(element: Element) -> str:
    return (element.findtext("name") or "").strip() or (element.findtext("comment") or "").strip()


def _start(sequence: Element, frames_per_s: Fraction) -> tuple[int, PictureRate | None]:
    """The first frame of the sequence, counted from midnight, and its rate; None for an unstated rate."""
    timecode = sequence.find("timecode")
    drop = timecode is not None and (timecode.findtext("displayformat") or "").strip().upper() == "DF"
    rate = stated_rate(frames_per_s, drop) or stated_rate(frames_per_s, drop=False)
    frame = None if timecode is None else whole(timecode.findtext("frame"))
    text = "" if timecode is None else (timecode.findtext("string") or "").strip()
    if frame is None and rate is not None and re.fullmatch(r"\d\d([:;]\d\d){3}", text):
        try:
            frame = rate.frame(text.replace(";", ":"))
        except ValueError:
            frame = None
    return (0, None) if frame is None or frame < 0 else (frame, rate)


def _frames_per_s(path: Path, element: Element, otherwise: Fraction) -> Fraction:
    base = whole(element.findtext("rate/timebase"))
    if base is None:
        return otherwise
    if not 1 <= base <= 1000:
        raise ReportError(f"{path}: invalid time base of {base} frames", hint=EXPORT_AGAIN)
    ntsc = (element.findtext("rate/ntsc") or "").strip().upper() == "TRUE"
    return Fraction(base * 1000, 1001) if ntsc else Fraction(base)


def whole(text: str | None) -> int | None:
    """A whole number of an element; or None."""
    return int(text) if text is not None and re.fullmatch(r"\s*-?[0-9]{1,12}\s*", text) else None
