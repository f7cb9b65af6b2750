"""Converts the time of a sequence or session to the programme's clock."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker
from audio_pipeline.reporting.markers.times import at_rate
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import PictureRate


@dataclass(frozen=True)
class Placed:
    """A marker in the time of its sequence: seconds from the sequence's first frame. `where` names it."""

    where: str
    name: str
    at: Fraction
    stop: Fraction | None
    line: int


def on_programme(
    kind: str, placed: Sequence[Placed], start_frame: int, rate: PictureRate | None, clock: Clock
) -> MarkerList:
    """The markers of a sequence that begins at the label of `start_frame`.

    If the labels of all markers are before the programme's start, the sequence starts at a different label, and
    its first frame is taken as the programme's: a note says so. Raises ReportError as `named_marker`.
    """
    shift = Fraction(0)
    if rate is not None:
        here = at_rate(clock, rate)
        shift = rate.seconds(start_frame - here.start_frame)
    notes: tuple[str, ...] = ()
    if rate is not None and shift and all(marker.at + shift < 0 for marker in placed):
        begins, from_ = rate.timecode(start_frame), here.rate.timecode(here.start_frame)
        notes = (
            f"its timecode begins at {begins}, that of the programme at {from_}: counted from there",
        )
        shift = Fraction(0)
    markers = [_shifted(marker, shift) for marker in placed]
    return MarkerList(kind, tuple(markers), notes)


def _shifted(placed: Placed, shift: Fraction) -> Marker:
    stop = None if placed.stop is None else placed.stop + shift
    return named_marker(placed.where, placed.name, placed.at + shift, stop, placed.line)
