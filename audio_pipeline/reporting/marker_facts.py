"""What a marker list says of a programme: its sections, its dropout and its cues.

A section goes on to its own end where the list has one, to the next marker otherwise. Markers called `dropout`
and `silence` say where those are.
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
"""Times that the programme's length may be in all its sections together; each is measured by itself."""


def facts_of_markers(
    path: Path, clock: Clock, length: int, sample_rate_hz: int, fade_s: Fraction
) -> MixFacts:
    """The facts of a programme of `length` samples whose sections a marker list names.

    `fade_s` is how long the fall at a marker called `dropout` was meant to take. A note names the kind of the
    list. Raises ReportError as `read_markers`, and where every marker lies after the end.
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
    """The markers that the programme has, and what is to be said of the list."""
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
