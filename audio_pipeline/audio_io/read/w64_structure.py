"""Location of the samples in a Sony Wave64, and a corrected header for libsndfile if sizes are wrong.

A chunk has a GUID and a size that includes its own header of 24 bytes; some writers do not count the header, or
leave the size of the data open. Source: Sonic Foundry, "Wave64".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from audio_pipeline.audio_io.read.structure import Chunk, Structure
from audio_pipeline.audio_io.read.wave_structure import (
    FORGIVEN_BYTES,
    WaveHead,
    cut,
    size_never_written,
    size_wrong,
    spliced,
)
from audio_pipeline.audio_io.regular_file import RegularFile

_HEAD_BYTES = 24
_FIRST_CHUNK = 40
_ALIGNMENT = 8
_OPEN_FROM = 0x7FFF_0000_0000_0000
_MOST_CHUNKS = 4096
_MOST_FORM_BYTES = 4096
_TAIL_BYTES = 8 << 20
_GUID_ENDS = (bytes.fromhex("f3acd3118cd100c04f8edb8a"), bytes.fromhex("a2c0e8118ad100c04f8edb8a"))


def is_w64(head: bytes) -> bool:
    """Whether `head`, the first bytes of a file, is the start of a Wave64."""
    return head[:4] == b"riff" and head[4:6] == b"\x2e\x91"


def w64_head(file: RegularFile) -> WaveHead | None:
    """The header before the samples; None if `fmt ` or `data` is missing."""
    form = b""
    for chunk in _chunks(file):
        if chunk.name == b"fmt ":
            form = file.bytes_at(chunk.body, min(chunk.size, _MOST_FORM_BYTES)).ljust(16, b"\0")
        if chunk.name == b"data":
            whole = struct.unpack("<Q", file.bytes_at(chunk.body - 8, 8))[0]
            said = f"{file.name} states sizes that do not count the headers of its chunks."
            notes = (said,) if whole == chunk.size > 0 else ()
            return WaveHead(b"riff", 0, form, b"", chunk, 0, 0, notes) if form else None
    return None


def w64_structure(file: RegularFile, head: WaveHead) -> Structure:
    """The structure of the Wave64. Raises StemError when the file is truncated."""
    data = head.data
    stop = _sound_end(file, data.body)
    held = Chunk(b"data", data.body, (stop - data.body) // head.frame_bytes * head.frame_bytes)
    if held.size and (data.size == 0 or data.size >= _OPEN_FROM or _is_32_bits(data.size)):
        return spliced(head, held, (size_never_written(file, held.size),), "W64")
    if data.stop > stop:
        if data.stop - stop > max(FORGIVEN_BYTES, data.body) and stop == file.size:
            raise cut(file, data.size, stop - data.body)
        return spliced(head, held, (size_wrong(file, data.size, held.size),), "W64")
    if 0 < stop - data.stop - (-data.stop % _ALIGNMENT) <= _HEAD_BYTES and held.size > data.size:
        return spliced(head, held, (size_wrong(file, data.size, held.size),), "W64")
    return spliced(head, data, head.warnings, "W64") if head.warnings else Structure()


def w64_chunks(file: RegularFile) -> list[Chunk]:
    """All chunks except the data."""
    return [chunk for chunk in _chunks(file) if chunk.name != b"data"]


def _is_32_bits(size: int) -> bool:
    return size in (0xFFFF_FFFF, 0xFFFF_FFFF - _HEAD_BYTES)


def _chunks(file: RegularFile) -> Iterator[Chunk]:
    """The chunks, with the sizes of their bodies."""
    position, counted = _FIRST_CHUNK, _HEAD_BYTES
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, _HEAD_BYTES)
        if not _is_head(header):
            return
        size = struct.unpack("<Q", header[16:])[0]
        following = position + max(_HEAD_BYTES, size)
        following += -following % _ALIGNMENT
        if not _is_head(file.bytes_at(following, _HEAD_BYTES)) and header[:4] != b"data":
            uncounted = position + _HEAD_BYTES + size
            uncounted += -uncounted % _ALIGNMENT
            if _is_head(file.bytes_at(uncounted, _HEAD_BYTES)):
                following, counted = uncounted, 0
        yield Chunk(header[:4], position + _HEAD_BYTES, max(0, size - counted))
        position = following


def _is_head(header: bytes) -> bool:
    return len(header) == _HEAD_BYTES and header[4:16] in _GUID_ENDS


def _sound_end(file: RegularFile, body: int) -> int:
    """The end of the samples: the first chunk in the tail of the file, otherwise the end of the file."""
    start = max(body, file.size - _TAIL_BYTES)
    tail = file.bytes_at(start, file.size - start)
    found = [at for at in (tail.find(end) for end in _GUID_ENDS) if at >= 4]
    return start + min(found) - 4 if found else file.size
