"""Small scenes for tests: a schedule of plain seconds, and voices that are arrays."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.effects.base import Processor, Strip
from audio_pipeline.testing import make_scene
from audio_pipeline.timeline.spans import TILE, Span, tile, tiles_over

__all__ = ["CLOCK", "make_scene", "run"]

CLOCK = make_scene().clock


def run(processor: Processor, name: str, mono: Samples, span: Span) -> Strip:
    """`processor` over `span`, tile by tile, hearing `mono` `(n,)` that begins at sample 0."""
    whole = Span(0, len(mono))
    strips = []
    for here in tiles_over(span):
        window = Span(here.start - processor.look_back, here.stop)
        heard = np.zeros((len(window), 1))
        there = window.intersect(whole)
        if len(there):
            heard[there.inside(window), 0] = mono[there.start : there.stop]
        strip = processor.process(name, Strip(mono=heard), here)
        strips.append([np.zeros((TILE, 2)) if part is None else part for part in strip.parts()[1:]])
    grid = Span(tile(span.start // TILE).start, tile((span.stop - 1) // TILE).stop)
    joined = [np.concatenate(parts)[span.inside(grid)] for parts in zip(*strips, strict=True)]
    return Strip(None, *joined)
