"""The spans in which two mixes have equal samples, bus by bus, before any gain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.mixing.console import BUSES, Console
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import TILE, Span, tiles_over

ALL = "mix"
"""The key of the spans in which every bus is equal."""


@dataclass
class _Runs:
    """Runs of equal samples, joined over tiles."""

    spans: list[Span] = field(default_factory=list)

    def add(self, here: Span, equal: np.ndarray) -> None:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], equal.astype(np.int8), [0]))))
        for start, stop in edges.reshape(-1, 2).tolist():
            begin, end = here.start + start, here.start + stop
            if self.spans and self.spans[-1].stop == begin:
                self.spans[-1] = Span(self.spans[-1].start, end)
            else:
                self.spans.append(Span(begin, end))


def equal_spans(
    before: Console,
    after: Console,
    compared: Span,
    workers: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, tuple[Span, ...]]:
    """The spans of `compared` with equal samples in both mixes, for each bus and for all together ("mix").

    Every tile of both mixes is rendered and compared, sample by sample. Equal means bit-identical in
    both channels.
    """
    runs = {name: _Runs() for name in (*BUSES, ALL)}

    def kept(buses: dict[str, Samples | None]) -> dict[str, Samples | None]:
        return buses

    old = before.tiles(compared, workers, kept)  # type: ignore[arg-type]
    new = after.tiles(compared, workers, kept)  # type: ignore[arg-type]
    total = sum(1 for _ in tiles_over(compared))
    for done, ((here, ours), (_, theirs)) in enumerate(zip(old, new, strict=True), 1):
        part = here.intersect(compared)
        every = np.ones(len(part), dtype=bool)
        for bus in BUSES:
            equal = _equal(ours[bus], theirs[bus], part.inside(here))
            every &= equal
            runs[bus].add(part, equal)
        runs[ALL].add(part, every)
        progress(done / total)
    return {name: tuple(found.spans) for name, found in runs.items()}


def long_enough(spans: Sequence[Span], shortest: int) -> tuple[Span, ...]:
    """The spans of at least `shortest` samples; shorter ones may be equal by chance."""
    return tuple(span for span in spans if len(span) >= shortest)


def _equal(a: Samples | None, b: Samples | None, inside: slice) -> np.ndarray:
    zeros = np.zeros((TILE, 1))
    one = zeros if a is None else a
    other = zeros if b is None else b
    equal: np.ndarray = np.all(one[inside] == other[inside], axis=1)
    return equal
