"""The programme in a file: the whole file, or the part between the leaders of a render.

Such a file says in its `bext` chunk who wrote it, and has both of the cues `start` and `end`; without leaders
it has no `end`. What is before and after them is for sync: it is not measured, checked, compared or drawn.
Markers of other programs are left alone: they may bear the same names and mean something else.
Sources as in `audio_io.write.chunks`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from audio_pipeline.audio_io.read.audio_file import BLOCK, AudioInfo, blocks, probe, read
from audio_pipeline.audio_io.read.own_time import own_time
from audio_pipeline.audio_io.write.chunks import ORIGINATOR
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.timeline.spans import Span

START, END = "start", "end"
"""The cues between which the programme lies."""


def programme_span(path: str | os.PathLike[str], info: AudioInfo) -> Span:
    """Where the programme is in a file, in samples from its first. Raises StemError as `probe`."""
    own = own_time(path, info.frames, info.sample_rate_hz)
    at = dict(own.cues)
    if own.originator != ORIGINATOR or not {START, END} <= at.keys() or not at[START] < at[END]:
        return Span(0, info.frames)
    return Span(at[START], at[END])


def programme_info(path: str | os.PathLike[str], *, track: int | None = None) -> AudioInfo:
    """What a file is, as `probe` says it, but for `frames`, which are the programme's."""
    info = probe(path, track=track)
    return replace(info, frames=len(programme_span(path, info)))


def programme_blocks(
    path: str | os.PathLike[str], frames: int = BLOCK, *, track: int | None = None
) -> Iterator[Samples]:
    """The programme in pieces, as `blocks` gives a file; the first begins where the programme does."""
    info = probe(path, track=track)
    span = programme_span(path, info)
    every = blocks(path, frames, track=track)
    yield from every if len(span) == info.frames else _cut(every, span, frames)


def read_programme(path: str | os.PathLike[str]) -> tuple[Samples, AudioInfo]:
    """The programme as one array, as `read` gives a file."""
    samples, info = read(path)
    span = programme_span(path, info)
    return samples[span.start : span.stop], replace(info, frames=len(span))


def _cut(every: Iterator[Samples], span: Span, frames: int) -> Iterator[Samples]:
    """What lies in `span`, in pieces of `frames`: as the same samples without leaders would come, so that
    their sums are the same to the last bit."""
    waiting: list[Samples] = []
    at, held = 0, 0
    for block in every:
        here = Span(at, at + len(block))
        at = here.stop
        part = block[here.intersect(span).inside(here)] if here.meets(span) else block[:0]
        waiting.append(part)
        held += len(part)
        while held >= frames:
            joined = np.concatenate(waiting)
            yield np.asfortranarray(joined[:frames])
            waiting, held = [joined[frames:]], held - frames
    if held:
        yield np.asfortranarray(np.concatenate(waiting))
