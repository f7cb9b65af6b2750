"""Spans of samples, and the one grid of tiles that everything is computed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

TILE = 384_000
"""Samples in a tile: 8 s at 48 kHz, whole cells and whole batches of blocks of noise.

Smaller ones cost more Python for each sample, which threads cannot share; larger ones more memory.
"""


@dataclass(frozen=True, order=True)
class Span:
    """Samples `start` up to, not including, `stop`, on the programme's clock. `start ≤ stop`.

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
        """Whether the two have a sample in common."""
        return max(self.start, other.start) < min(self.stop, other.stop)

    def intersect(self, other: Span) -> Span:
        """What both hold; empty, at the later start, where they do not meet."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.stop, other.stop)))

    def inside(self, outer: Span) -> slice:
        """The slice that cuts this span out of an array that begins at `outer.start`."""
        return slice(self.start - outer.start, self.stop - outer.start)


def tile(index: int) -> Span:
    """The tile number `index`; tile 0 begins at sample 0, and numbers may be negative."""
    return Span(index * TILE, (index + 1) * TILE)


def tiles_over(span: Span) -> Iterator[Span]:
    """Every whole tile that has a sample in `span`, in order."""
    if len(span):
        for index in range(span.start // TILE, (span.stop - 1) // TILE + 1):
            yield tile(index)
