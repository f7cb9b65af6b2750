"""Whether a stereo mix survives a phone's one speaker: each section's fold to mono, and its holes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.mono_fold import MonoFoldMeter
from audio_pipeline.reporting.facts import Section
from audio_pipeline.timeline.spans import Span

HOLE_DB = 6.0
"""A third octave that loses more than this in L + R, against the sum of its powers in L and R, is called
a hole: unlike channels lose nothing, and this is what a phase meter's -0.75 comes to."""


@dataclass(frozen=True)
class SectionFold:
    """The third octave of a section that loses most in L + R, in dB, and its middle."""

    section: str
    deepest_db: float
    at_hz: float


class FoldCheck:
    """Folds every section of a file to mono, fed with its `(n, 2)` samples in order, in any blocks."""

    def __init__(self, sections: Sequence[Section], sample_rate_hz: int) -> None:
        self._sections = [(s, MonoFoldMeter(sample_rate_hz)) for s in sections if len(s.span)]
        self._at = 0

    def feed(self, block: Samples) -> None:
        """Take the next samples. Raises ValueError when they are not `(n, 2)`."""
        here = Span(self._at, self._at + len(block))
        for section, meter in self._sections:
            part = section.span.intersect(here)
            if len(part):
                meter.feed(block[part.inside(here)])
        self._at = here.stop

    def result(self) -> list[SectionFold]:
        """For each section its deepest third octave; none where too little sounds to tell."""
        found = []
        for section, meter in self._sections:
            fold = meter.result().only_certain()
            if fold is not None:
                found.append(SectionFold(section.name, fold.deepest_db, fold.deepest_at_hz))
        return found


def fold_warning(folds: Sequence[SectionFold]) -> str | None:
    """A sentence when a section has a hole, else None."""
    holes = [fold for fold in folds if fold.deepest_db < -HOLE_DB]
    if not holes:
        return None
    places = ", ".join(f"{h.section} ({h.deepest_db:.1f} dB at {h.at_hz:.0f} Hz)" for h in holes)
    return (
        f"Folded to mono the mix has holes, third octaves that lose more than {HOLE_DB:g} dB: {places}. "
        "It sounds thin and hollow from one speaker. Check the polarity and the delay of the channels."
    )
