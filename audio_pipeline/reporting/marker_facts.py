"""The facts of a programme in a marker list: sections, dropout and cues.

A section ends at its own end if the list has one, otherwise at the next marker. Markers called `dropout` and
`silence` give the start of the dropout and of the silence.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.facts import DropoutPlan, MixFacts, Section
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.reading import read_markers
from audio_pipeline.reporting.notes import Note, NoteCode
from audio_pipeline.reporting.sections_of_cues import sections_between
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span

MAX_OVERLAP = 32
"""The maximum total length of all sections, in lengths of the programme; each is measured separately."""


def facts_of_markers(
    path: Path, clock: Clock, length: int, sample_rate_hz: int, fade_s: Fraction
) -> MixFacts:
    """The facts of a programme of `length` samples whose sections a marker list names.

    `fade_s` is the planned length of the fall at a marker called `dropout`. A note names the format of the
    list. Raises ReportError as `read_markers`, and when every marker is after the end.
    """
    read = read_markers(path, clock, sample_rate_hz, Fraction(length, sample_rate_hz))
    found, notes = _within(path, read, clock, length, sample_rate_hz)
    starts = [(marker.name, to_samples(marker.at, sample_rate_hz)) for marker in found.markers]
    sections = sections_between(starts, length)
    if any(marker.stop is not None for marker in found.markers):
        ends = {section.span.start: section.span.stop for section in sections}
        stops = [
            ends.get(at, length) if marker.stop is None else to_samples(marker.stop, sample_rate_hz)
            for marker, (_, at) in zip(found.markers, starts, strict=True)
        ]
        sections = tuple(
            Section(name, Span(at, min(length, max(at, stop))))
            for (name, at), stop in zip(starts, stops, strict=True)
        )
        _refuse_overlap(path, sections, length)
    named = {name.lower(): at for name, at in reversed(starts)}
    plan = None
    if "dropout" in named:
        plan = DropoutPlan(named["dropout"], to_samples(fade_s, sample_rate_hz), named.get("silence"))
    return MixFacts(
        mix=path.stem,
        sections=sections,
        dropout=plan,
        clock=clock,
        cues=tuple(sorted(starts, key=lambda cue: cue[1])),
        provenance={"markers": {"kind": found.kind, "count": len(found.markers)}},
        notes=notes,
    )


def _refuse_overlap(path: Path, sections: tuple[Section, ...], length: int) -> None:
    whole = Span(0, length)
    together = sum(len(section.span.intersect(whole)) for section in sections)
    if together > MAX_OVERLAP * length:
        raise ReportError(
            f"{path}: its sections together last {together / max(1, length):.0f} times as long as the"
            f" programme; {MAX_OVERLAP} times are allowed",
            hint="Remove sections that overlap, or measure with several marker lists.",
        )


def _within(
    path: Path, read: MarkerList, clock: Clock, length: int, sample_rate_hz: int
) -> tuple[MarkerList, tuple[Note, ...]]:
    """The markers within the programme, and notes on the list."""
    kept = tuple(m for m in read.markers if to_samples(m.at, sample_rate_hz) <= length)
    late = [m for m in read.markers if to_samples(m.at, sample_rate_hz) > length]
    says = [f"{path.name}: {read.kind}, {len(read.markers)} markers", *read.notes]
    if late:
        first = f"{late[0].name!r} at {clock.timecode(late[0].at)}"
        if not kept:
            raise ReportError(
                f"{path}: every marker lies after the end of the programme, the first is {first}",
                hint="State the picture rate (--rate) and the timecode of the first sample (--start).",
            )
        says.append(f"{len(late)} after the end of the programme are left out, the first is {first}")
    message = "; ".join(says) + "."
    return MarkerList(read.kind, kept, read.notes), (Note(NoteCode.MARKERS, message),)
