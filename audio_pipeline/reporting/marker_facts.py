"""What a marker list says of a programme: its sections, its dropout and its cues.

A section goes on to its own end where the list has one, to the next marker otherwise. Markers called `dropout`
and `silence` say where those are.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from audio_pipeline.reporting.facts import DropoutPlan, MixFacts, Section
from audio_pipeline.reporting.markers.reading import read_markers
from audio_pipeline.reporting.sections import sections_between
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span


def facts_of_markers(
    path: Path, clock: Clock, length: int, sample_rate_hz: int, fade_s: Fraction
) -> MixFacts:
    """The facts of a programme of `length` samples whose sections a marker list names.

    `fade_s` is how long the fall at a marker called `dropout` was meant to take. The report names the kind of
    the list. Raises ReportError as `read_markers`.
    """
    found = read_markers(path, clock)
    starts = [(marker.name, to_samples(marker.at, sample_rate_hz)) for marker in found.markers]
    sections = sections_between(starts, length)
    if any(marker.stop is not None for marker in found.markers):
        ends = {section.span.start: section.span.stop for section in sections}
        stops = [
            ends.get(at, length) if marker.stop is None else to_samples(marker.stop, sample_rate_hz)
            for marker, (_, at) in zip(found.markers, starts, strict=True)
        ]
        sections = tuple(
            Section(name, Span(at, max(at, stop)))
            for (name, at), stop in zip(starts, stops, strict=True)
        )
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
    )
