"""Location of the samples in an AIFF or AIFF-C, and a corrected header for libsndfile if sizes are wrong.

Source: Apple, "Audio Interchange File Format 1.3" and the draft of AIFF-C of 1991.
"""

from __future__ import annotations

import struct

from audio_pipeline.audio_io.read.structure import Chunk, Splice, Structure
from audio_pipeline.audio_io.read.wave_structure import (
    FORGIVEN_BYTES,
    cut,
    size_never_written,
    size_wrong,
)
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.records import dataclass

_PLAIN = (b"NONE", b"twos", b"sowt", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64", b"raw ")
_BITS = {b"in24": 24, b"in32": 32, b"fl32": 32, b"FL32": 32, b"fl64": 64, b"FL64": 64}
_LATER = (
    b"MARK",
    b"INST",
    b"NAME",
    b"AUTH",
    b"(c) ",
    b"ANNO",
    b"COMT",
    b"APPL",
    b"ID3 ",
    b"MIDI",
    b"AESD",
)
_NEAR = 1 << 16
_MOST_CHUNKS = 4096
_MOST_HEADER_BYTES = 1 << 20
_TAIL_BYTES = 8 << 20
_SOUND_HEAD = 8
"""The fields offset and block size, before the samples of `SSND`."""


@dataclass(frozen=True)
class _Head:
    common: Chunk
    sound: Chunk
    kind: bytes
    frame_bytes: int


def is_aiff(head: bytes) -> bool:
    """Whether `head`, the first bytes of a file, is the start of an AIFF or AIFF-C."""
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def aiff_structure(file: RegularFile, begin: bytes) -> Structure:
    """The structure of the AIFF. Raises StemError when the file is truncated."""
    head = _head(file, begin)
    if head is None:
        return Structure()
    body = head.sound.body + _SOUND_HEAD
    size, stop = head.sound.size - _SOUND_HEAD, _sound_end(file, body)
    held = (stop - body) // head.frame_bytes * head.frame_bytes
    is_open = size <= 0 or abs(size - 0x7FFF_FFFF) <= _NEAR or size >= 0xFFFF_FFFF - _NEAR
    if held > 0 and is_open and not 0 < size <= stop - body:
        notes = (size_never_written(file, held),)
    elif size > file.size - body or (stop < file.size and body + size > stop + 1):
        excess = body + size - stop
        if (excess > max(FORGIVEN_BYTES, body) and stop == file.size) or not head.frame_bytes:
            raise cut(file, size, stop - body)
        notes = (size_wrong(file, size, held),)
    else:
        return Structure()
    if head.kind not in _PLAIN:
        return Structure(notes)
    return Structure(notes, None, Splice(_header(file, head, held), body, body + held), "AIFF")


def aiff_chunks(file: RegularFile) -> list[Chunk]:
    """All chunks except `SSND`, as far as they can be followed."""
    found, position = [], 12
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 8)
        if len(header) < 8:
            break
        chunk = Chunk(header[:4], position + 8, struct.unpack(">I", header[4:])[0])
        if chunk.name != b"SSND":
            found.append(chunk)
        position = chunk.stop + chunk.size % 2
    return found


def _head(file: RegularFile, begin: bytes) -> _Head | None:
    """The chunks `COMM` and `SSND`; None if `SSND` is first or missing."""
    common, position = None, 12
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 8)
        if len(header) < 8:
            return None
        chunk = Chunk(header[:4], position + 8, struct.unpack(">I", header[4:])[0])
        if chunk.name == b"COMM":
            common = chunk
        if chunk.name == b"SSND":
            return None if common is None else _with_kind(file, common, chunk, begin)
        position = chunk.stop + chunk.size % 2
    return None


def _with_kind(file: RegularFile, common: Chunk, sound: Chunk, begin: bytes) -> _Head:
    fields = file.bytes_at(common.body, 22).ljust(22, b"\0")
    channels, _, bits = struct.unpack(">HIH", fields[:8])
    kind = fields[18:22] if begin[8:12] == b"AIFC" else b"NONE"
    return _Head(common, sound, kind, max(1, channels * -(-_BITS.get(kind, bits) // 8)))


def _sound_end(file: RegularFile, body: int) -> int:
    """The end of the samples: the start of chunks that lead to the end of the file, otherwise that end."""
    start = max(body, file.size - _TAIL_BYTES)
    tail = file.bytes_at(start, file.size - start)
    for name in _LATER:
        at = tail.find(name)
        while at >= 0:
            if _leads_to_end(tail, at):
                return start + min(at, *(_before(tail, at)))
            at = tail.find(name, at + 1)
    return file.size


def _before(tail: bytes, at: int) -> list[int]:
    """The positions of earlier chunks that lead to the end of the file; otherwise only `at`."""
    places = [tail.find(name) for name in _LATER]
    return [place for place in places if 0 <= place < at and _leads_to_end(tail, place)] or [at]


def _leads_to_end(tail: bytes, at: int) -> bool:
    while at + 8 <= len(tail) and all(32 <= c < 127 for c in tail[at : at + 4]):
        size = struct.unpack_from(">I", tail, at + 4)[0]
        at += 8 + size + size % 2
    return at in (len(tail), len(tail) + 1)


def _header(file: RegularFile, head: _Head, held: int) -> bytes:
    """A header of the file's own chunks up to the samples, with correct sizes."""
    before = file.bytes_at(12, min(head.sound.body - 8 - 12, _MOST_HEADER_BYTES))
    kind = b"AIFC" if file.bytes_at(8, 4) == b"AIFC" else b"AIFF"
    frames = struct.pack(">I", held // head.frame_bytes)
    at = head.common.body + 2 - 12
    before = before[:at] + frames + before[at + 4 :]
    sound = b"SSND" + struct.pack(">III", held + _SOUND_HEAD, 0, 0)
    return b"FORM" + struct.pack(">I", 4 + len(before) + len(sound) + held) + kind + before + sound
