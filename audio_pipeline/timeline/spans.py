"""Spans of samples, and the grid of tiles on which all audio is computed."""

from __future__ import annotations

from collections.abc import Iterator

from audio_pipeline.records import dataclass

TILE = 384_000
"""Samples in a tile: 8 s at 48 kHz; a whole number of noise cells and of batches of noise blocks.

Smaller tiles cost more Python per sample, which threads cannot share; larger tiles cost more memory.
"""


@dataclass(frozen=True, order=True)
class Span:
    """The samples from `start` to `stop`, excluding `stop`, on the programme's clock. `start ≤ stop`.

    Examples:
        >>> len(Span(10, 30)), 30 in Span(10, 30), Span(10, 30).intersect(Span(20, 90))
        (20, False, Span(start=20, stop=30))
    """

    start: int
    stop: int

    def __post_init__(self) -> None:
        if self.stop < self.start:
            raise ValueError(f"a span cannot stop ({self.stop}) before it starts ({self.start})")

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, sample: int) -> bool:
        return self.start <= sample < self.stop

    def meets(self, other: Span) -> bool:
        """Whether the two spans have a sample in common."""
        return max(self.start, other.start) < min(self.stop, other.stop)

    def intersect(self, other: Span) -> Span:
        """The samples common to both; if none, an empty span at the later start."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.stop, other.stop)))

    def inside(self, outer: Span) -> slice:
        """The slice of this span in an array that begins at `outer.start`."""
        return slice(self.start - outer.start, self.stop - outer.start)


def tile(index: int) -> Span:
    """The tile with number `index`; tile 0 begins at sample 0; numbers may be negative."""
    return Span(index * TILE, (index + 1) * TILE)


def tiles_over(span: Span) -> Iterator[Span]:
    """Every complete tile with a sample in `span`, in order."""
    if len(span):
        for index in range(span.start // TILE, (span.stop - 1) // TILE + 1):
            yield tile(index)
