"""Reads a marker list of any kind that is known; the kind is recognised by its text."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.edl import is_edl, read_edl
from audio_pipeline.reporting.markers.final_cut import is_xml, read_final_cut
from audio_pipeline.reporting.markers.marker import MAX_MARKERS, MarkerList
from audio_pipeline.reporting.markers.pro_tools import is_pro_tools, read_pro_tools
from audio_pipeline.reporting.markers.tables import read_table
from audio_pipeline.reporting.markers.text import read_text
from audio_pipeline.timeline.moments import Clock


def read_markers(path: Path, clock: Clock) -> MarkerList:
    """The markers of a list that REAPER, Premiere, Audition, Audacity, Resolve, Avid, Pro Tools, Final Cut or a
    spreadsheet wrote, in its order.

    Timecode counts from the clock's start. Raises ReportError that names the file and the line, or the marker.
    """
    text = read_text(path)
    if is_xml(text):
        found = read_final_cut(path, text, clock)
    elif is_pro_tools(text):
        found = read_pro_tools(path, text, clock)
    elif is_edl(text):
        found = read_edl(path, text, clock)
    else:
        found = read_table(path, text, clock)
    if not found.markers:
        raise ReportError(f"{path} holds no markers")
    if len(found.markers) > MAX_MARKERS:
        raise ReportError(f"{path}: more than {MAX_MARKERS} markers")
    return found
