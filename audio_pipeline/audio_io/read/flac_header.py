"""The stated length of a FLAC file, read without libsndfile and NumPy, with which `presets` takes a
quarter longer.

Source: RFC 9639, section 8. Only headers with common blocks and values are used.
"""

from __future__ import annotations

import os
import struct

from audio_pipeline.audio_io.read.usable import CHANNELS, RATES_HZ
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file

_STREAMINFO = b"\0\0\x22"
"""The length of the first block, 34 bytes."""
_PADDING, _SEEK_POINTS, _COMMENTS = 1, 3, 4
_SEEK_POINT_BYTES = 18
_MOST_BLOCKS = 64
_MOST_COMMENT_BYTES = 65_536
_BITS = (16, 24)
_USUAL_S = (0.1, 3600.0)


def stated_length(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """The frames and the sample rate in Hz of a common FLAC file, as in `probe`; None if `probe` is needed.

    Raises StemError, as `probe` does, for a file that cannot be read.
    """
    with regular_file(path) as file:
        head = file.bytes_at(0, 42)
        if head[:4] != b"fLaC" or head[5:8] != _STREAMINFO or not _leads_to_sound(file):
            return None
    # 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of frames
    packed = int.from_bytes(head[18:26], "big")
    rate_hz, frames = packed >> 44, packed & (1 << 36) - 1
    channels, bits = (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
    usable = RATES_HZ[0] <= rate_hz <= RATES_HZ[1] and channels <= CHANNELS[1] and bits in _BITS
    return (frames, rate_hz) if usable and _USUAL_S[0] <= frames / rate_hz <= _USUAL_S[1] else None


def _leads_to_sound(file: RegularFile) -> bool:
    """Whether STREAMINFO and blocks of common types lead to the first frame."""
    kind, position = file.bytes_at(4, 1)[0], 42
    if kind & 0x7F:
        return False
    for _ in range(_MOST_BLOCKS):
        if kind & 0x80:  # the last block
            return file.bytes_at(position, 2) in (b"\xff\xf8", b"\xff\xf9")
        header = file.bytes_at(position, 4)
        kind, size = header[0] if header else 0, int.from_bytes(header[1:], "big")
        if not _is_common(kind & 0x7F, size, file, position + 4):
            return False
        position += 4 + size
    return False


def _is_common(kind: int, size: int, file: RegularFile, position: int) -> bool:
    if kind == _COMMENTS:
        return size <= _MOST_COMMENT_BYTES and _is_whole(file.bytes_at(position, size), size)
    return kind == _PADDING or (kind == _SEEK_POINTS and size % _SEEK_POINT_BYTES == 0)


def _is_whole(comments: bytes, size: int) -> bool:
    """Whether the vendor text and the stated number of comments fill the block of `size` bytes."""
    try:
        at = 4 + int(struct.unpack_from("<I", comments)[0])
        (count,) = struct.unpack_from("<I", comments, at)
        at += 4
        for _ in range(count):
            at += 4 + struct.unpack_from("<I", comments, at)[0]
    except struct.error:
        return False
    return at == len(comments) == size
