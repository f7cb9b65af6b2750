"""Reads a marker list of any supported format; the format is recognised by the file's content."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.edl import is_edl, read_edl
from audio_pipeline.reporting.markers.final_cut import is_xml, read_final_cut
from audio_pipeline.reporting.markers.marker import MAX_MARKERS, MAX_S, MarkerList
from audio_pipeline.reporting.markers.pro_tools import is_pro_tools, read_pro_tools
from audio_pipeline.reporting.markers.tables import read_table
from audio_pipeline.reporting.markers.text import read_text
from audio_pipeline.reporting.markers.times import Programme
from audio_pipeline.reporting.markers.wave_cues import is_wave, read_wave_cues
from audio_pipeline.timeline.moments import Clock


def read_markers(
    path: Path, clock: Clock, sample_rate_hz: int = 48_000, length_s: Fraction = Fraction(MAX_S)
) -> MarkerList:
    """The markers of a list that REAPER, Premiere, Audition, Audacity, Resolve, Avid, Pro Tools, Final Cut or a
    spreadsheet wrote, or the cues of a WAV, in the file's order.

    Timecode counts from the clock's start. `sample_rate_hz` and `length_s` are the programme's: a list may
    count samples without stating their rate. Raises ReportError with the file and the line or marker.
    """
    if is_wave(path):
        found = read_wave_cues(path)
    else:
        found = _of_text(path, read_text(path), Programme(clock, sample_rate_hz, length_s))
    if not found.markers:
        raise ReportError(f"{path} holds no markers", hint="Write one line for each marker.")
    if len(found.markers) > MAX_MARKERS:
        raise ReportError(
            f"{path}: more than {MAX_MARKERS} markers", hint="Remove markers from the list."
        )
    return found


def _of_text(path: Path, text: str, programme: Programme) -> MarkerList:
    clock = programme.clock
    if is_xml(text):
        return read_final_cut(path, text, clock)
    if is_pro_tools(text):
        return read_pro_tools(path, text, clock)
    if is_edl(text):
        return read_edl(path, text, clock)
    return read_table(path, text, programme)
