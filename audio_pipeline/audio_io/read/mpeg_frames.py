"""The length of an MPEG audio file, counted from its frames.

libsndfile trusts the length in the first frame, or guesses from it: it reads only a part of a variable-bitrate
file without a Xing header, or of two joined files, without an error.
Source: ISO/IEC 11172-3 and 13818-3, the header of a frame.
"""

from __future__ import annotations

from audio_pipeline.audio_io.regular_file import RegularFile

FORGIVEN = 5
"""Tolerance in frames: the frame of the Xing header, the decoder's delay and the encoder's padding."""

_KBPS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by version (2 includes 2.5) and layer."""
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_AT_ONCE = 1 << 20


def states_its_length(file: RegularFile, frames: int) -> bool:
    """Whether the file states its length, and `frames`, libsndfile's count, covers all of its frames.

    A file with fewer frames than stated is detected later, when it is read.
    """
    held, of_a_frame, stated = _count(file)
    return stated and held - frames <= FORGIVEN * of_a_frame


def _count(file: RegularFile) -> tuple[int, int, bool]:
    """The samples in all frames, the samples per frame, and whether the first frame states a length."""
    position, held, of_a_frame, stated = after_tag(file), 0, 1152, False
    start, data = position, b""
    while True:
        if position + 4 - start > len(data):
            start, data = position, file.bytes_at(position, _AT_ONCE)
            if len(data) < 4:
                return held, of_a_frame, stated
        at = position - start
        size, samples = _frame(data[at : at + 4])
        if size:
            if not held:
                head = file.bytes_at(position, 192)
                stated = any(word in head for word in (b"Xing", b"Info", b"VBRI"))
            held, of_a_frame = held + samples, samples
            position += size
        else:  # a tag or damaged data: search for the next possible frame
            found = data.find(b"\xff", at + 1)
            position = start + (found if found >= 0 else len(data))


def after_tag(file: RegularFile) -> int:
    """The end of an ID3v2 tag at the start of the file, or 0."""
    head = file.bytes_at(0, 10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = 0
    for byte in head[6:]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(head: bytes) -> tuple[int, int]:
    """The size of a frame in bytes and its samples; (0, 0) if `head` is not a frame header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0, 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0, 0
    generation = 1 if version == 3 else 2
    bits_per_s = 1000 * _KBPS[generation, layer][bitrate - 1]
    rate_hz = _RATES_HZ[version][rate]
    samples = {1: 384, 2: 1152, 3: 1152 if generation == 1 else 576}[layer]
    if layer == 1:
        return (12 * bits_per_s // rate_hz + padding) * 4, samples
    return samples // 8 * bits_per_s // rate_hz + padding, samples
