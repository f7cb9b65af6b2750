"""The programme in a file: the complete file, or the part between the leaders of a render.

A render with leaders has this program as originator in its `bext` chunk, and the cues `start` and `end`;
without leaders it has no `end`. The audio before and after them is for sync: it is not measured, checked,
compared or drawn. Markers of other programs are ignored, because the same names may have another meaning.
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
"""The cues at the start and the end of the programme."""


def programme_span(path: str | os.PathLike[str], info: AudioInfo) -> Span:
    """The span of the programme in a file, in samples from its start. Raises StemError as `probe` does."""
    own = own_time(path, info.frames, info.sample_rate_hz)
    at = dict(own.cues)
    if own.originator != ORIGINATOR or not {START, END} <= at.keys() or not at[START] < at[END]:
        return Span(0, info.frames)
    return Span(at[START], at[END])


def programme_info(path: str | os.PathLike[str], *, track: int | None = None) -> AudioInfo:
    """The format of a file as in `probe`, with `frames` of the programme only."""
    info = probe(path, track=track)
    return replace(info, frames=len(programme_span(path, info)))


def programme_blocks(
    path: str | os.PathLike[str], frames: int = BLOCK, *, track: int | None = None
) -> Iterator[Samples]:
    """The programme in blocks, as `blocks` for a file; the first block begins at the programme's start."""
    info = probe(path, track=track)
    span = programme_span(path, info)
    every = blocks(path, frames, track=track)
    yield from every if len(span) == info.frames else _cut(every, span, frames)


def read_programme(path: str | os.PathLike[str]) -> tuple[Samples, AudioInfo]:
    """The programme as one array with its format, as `read` for a file."""
    samples, info = read(path)
    span = programme_span(path, info)
    return samples[span.start : span.stop], replace(info, frames=len(span))


def _cut(every: Iterator[Samples], span: Span, frames: int) -> Iterator[Samples]:
    """The samples of `span`, in blocks of `frames`.

    The blocks are the same as in a file without leaders, so that sums over them are bit-identical.
    """
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
