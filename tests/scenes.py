"""Small scenes for tests: a schedule of plain seconds, and voices that are arrays."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.effects.base import Processor, Strip
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import TILE, Span, tile, tiles_over
from audio_pipeline.timeline.timecode import RATES

CLOCK = Clock(RATES["24"], "35mm", 86_400)

CUES = {"start": 0, "black": 20, "dropout": 25, "silence": 27, "end": 30}


def make_scene(
    moments: Mapping[str, float] | None = None,
    *,
    seed: int = 1,
    sample_rate: int = 48_000,
    stems: Mapping[StemRequest, Samples] | None = None,
    speech: tuple[Span, ...] = (),
) -> Scene:
    """A scene of `CUES`, in seconds, with `moments` over them."""
    times = {**CUES, **(moments or {})}
    define = {name: lambda s, t=t: Fraction(t).limit_denominator(10**6) for name, t in times.items()}
    schedule = Schedule(CLOCK, define)
    length = round(times["end"] * sample_rate)
    return Scene(
        sample_rate=sample_rate,
        seed=seed,
        programme=Span(0, length),
        schedule=schedule,
        stems=stems or {},
        speech=speech,
    )


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
