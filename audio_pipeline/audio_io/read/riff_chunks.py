"""All chunks of a WAV, those behind the data included, and what its `bext` says of the start.

Sources: Microsoft's RIFF; EBU Tech 3306 and ITU-R BS.2088 (RF64, BW64: sizes in `ds64`); EBU Tech 3285.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from audio_pipeline.audio_io.regular_file import RegularFile

MAGICS = (b"RIFF", b"RF64", b"BW64")
_MOST = 4096
_IN_DS64 = 0xFFFF_FFFF
_TIME_REFERENCE_AT = 338


@dataclass(frozen=True)
class RiffChunk:
    """One chunk: its name, where its body begins, and the bytes of it that the file holds."""

    name: bytes
    body: int
    size: int


def riff_chunks(file: RegularFile) -> list[RiffChunk]:
    """The chunks of a little-endian WAV in order; empty if the file is not such a WAV.

    A chunk whose stated size leads past the end of the file ends there.
    """
    head = file.bytes_at(0, 12)
    if head[:4] not in MAGICS or head[8:12] != b"WAVE":
        return []
    found: list[RiffChunk] = []
    at, large = 12, 0
    for _ in range(_MOST):
        header = file.bytes_at(at, 8)
        if len(header) < 8 or not all(32 <= c < 127 for c in header[:4]):
            break
        name, size = header[:4], struct.unpack("<I", header[4:])[0]
        if name == b"ds64":
            large = struct.unpack("<Q", file.bytes_at(at + 16, 8).ljust(8, b"\0"))[0]
        if name == b"data" and size == _IN_DS64 and large:
            size = large
        found.append(RiffChunk(name, at + 8, max(0, min(size, file.size - at - 8))))
        at += 8 + size + size % 2
    return found


def start_samples(file: RegularFile) -> int | None:
    """The time reference of `bext`: samples from midnight; None without a `bext` chunk."""
    for chunk in riff_chunks(file):
        if chunk.name == b"bext" and chunk.size >= _TIME_REFERENCE_AT + 8:
            field = file.bytes_at(chunk.body + _TIME_REFERENCE_AT, 8)
            return int(struct.unpack("<Q", field)[0]) if len(field) == 8 else None
    return None
