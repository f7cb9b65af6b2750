"""Sections from cues: a section has the name of the cue at its start and ends at the next cue."""

from __future__ import annotations

from collections.abc import Iterable

from audio_pipeline.reporting.facts import Section
from audio_pipeline.timeline.spans import Span


def sections_between(cues: Iterable[tuple[str, int]], stop: int) -> tuple[Section, ...]:
    """The programme up to sample `stop`, split at the cues; of several cues at one sample the last counts."""
    starts = sorted(cues, key=lambda cue: cue[1])
    if not starts:
        return ()
    ends = [*(at for _, at in starts[1:]), stop]
    return tuple(
        Section(name, Span(at, end)) for (name, at), end in zip(starts, ends, strict=True) if end > at
    )
