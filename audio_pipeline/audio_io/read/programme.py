"""The programme in a file: the whole file, or the part between the leaders of a render.

Such a file says in its `bext` chunk who wrote it, and has both of the cues `start` and `end`; without leaders
it has no `end`. What is before and after them is for sync: it is not measured, checked, compared or drawn.
Markers of other programs are left alone: they may bear the same names and mean something else.
Sources as in `audio_io.write.chunks`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from audio_pipeline.audio_io.read.audio_file import BLOCK, AudioInfo, blocks, probe, read
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file
from audio_pipeline.audio_io.write.chunks import ORIGINATOR
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.timeline.spans import Span

START, END = "start", "end"
"""The cues between which the programme lies."""
_MOST_CHUNKS = 4096
_MOST_BYTES = 1 << 20
"""Of a chunk of cues or labels: more than the cues of any preset take."""
_LARGE = 0xFFFF_FFFF
_ORIGINATOR = slice(256, 288)  # in the body of `bext`, EBU Tech 3285
_CUE = struct.Struct("<II4sIII")


def programme_span(path: str | os.PathLike[str], info: AudioInfo) -> Span:
    """Where the programme is in a file, in samples from its first. Raises StemError as `probe`."""
    whole = Span(0, info.frames)
    with regular_file(path) as file:
        chunks = _chunks(file)
    if chunks.get(b"bext", b"")[_ORIGINATOR].rstrip(b"\0") != ORIGINATOR.encode():
        return whole
    places, names = _places(chunks.get(b"cue ", b"")), _names(chunks.get(b"LIST", b""))
    at = {names[number]: place for number, place in places.items() if number in names}
    if not {START, END} <= at.keys() or not at[START] < at[END] <= info.frames:
        return whole
    return Span(at[START], at[END])


def programme_info(path: str | os.PathLike[str]) -> AudioInfo:
    """What a file is, as `probe` says it, but for `frames`, which are the programme's."""
    info = probe(path)
    return replace(info, frames=len(programme_span(path, info)))


def programme_blocks(path: str | os.PathLike[str], frames: int = BLOCK) -> Iterator[Samples]:
    """The programme in pieces, as `blocks` gives a file; the first begins where the programme does."""
    info = probe(path)
    span = programme_span(path, info)
    every = blocks(path, frames)
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


def _chunks(file: RegularFile) -> dict[bytes, bytes]:
    """The bodies of the small chunks of a RIFF or RF64 that are of interest, by their names."""
    head = file.bytes_at(0, 12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return {}
    found: dict[bytes, bytes] = {}
    at, data_bytes = 12, 0
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(at, 8)
        if len(header) < 8:
            break
        name, size = struct.unpack("<4sI", header)
        if name == b"ds64":
            data_bytes = int.from_bytes(file.bytes_at(at + 16, 8), "little")
        if name in (b"bext", b"cue ", b"LIST") and size <= _MOST_BYTES:
            body = file.bytes_at(at + 8, size)
            if name != b"LIST" or body[:4] == b"adtl":
                found.setdefault(name, body)
        if name == b"data" and size == _LARGE and head[:4] == b"RF64":
            size = data_bytes
        at += 8 + size + size % 2
    return found


def _places(body: bytes) -> dict[int, int]:
    """The sample of each cue, by its number."""
    points = body[4 : 4 + (len(body) - 4) // _CUE.size * _CUE.size]
    return {number: sample for number, _, _, _, _, sample in _CUE.iter_unpack(points)}


def _names(body: bytes) -> dict[int, str]:
    """The label of each cue, by its number."""
    found: dict[int, str] = {}
    at = 4
    while at + 12 <= len(body):
        name, size, number = struct.unpack_from("<4sII", body, at)
        if name == b"labl":
            text = body[at + 12 : at + 8 + size].split(b"\0")[0]
            found.setdefault(number, text.decode("utf-8", errors="replace"))
        at += 8 + size + size % 2
    return found
