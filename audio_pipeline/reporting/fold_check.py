"""Checks a stereo mix for a single loudspeaker, as in phones: each section's fold to mono, and its holes."""

from __future__ import annotations

from collections.abc import Sequence

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.mono_fold import MonoFoldMeter
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.facts import Section
from audio_pipeline.timeline.spans import Span

HOLE_DB = 6.0
"""The minimum loss of a hole: a third octave of L + R against the sum of its powers in L and R.
Uncorrelated channels lose nothing; a correlation of -0.75 on a phase meter loses this much."""


@dataclass(frozen=True)
class SectionFold:
    """The third octave of a section with the largest loss in L + R, in dB, and its centre frequency."""

    section: str
    deepest_db: float
    at_hz: float


class FoldCheck:
    """Folds every section of a file to mono: feed it the `(n, 2)` blocks in order, of any length."""

    def __init__(self, sections: Sequence[Section], sample_rate_hz: int) -> None:
        self._sections = [(s, MonoFoldMeter(sample_rate_hz)) for s in sections if len(s.span)]
        self._at = 0

    def feed(self, block: Samples) -> None:
        """Feed the next block. Raises ValueError when it is not `(n, 2)`."""
        here = Span(self._at, self._at + len(block))
        for section, meter in self._sections:
            part = section.span.intersect(here)
            if len(part):
                meter.feed(block[part.inside(here)])
        self._at = here.stop

    def result(self) -> list[SectionFold]:
        """The deepest third octave of each section; sections that are too soft are left out."""
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
