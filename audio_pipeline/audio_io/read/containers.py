"""What a file's header promises, against what the file holds.

libsndfile reads a file that was cut, or that claims 4 GB, without a word. So the chunks of the
containers that state their size are walked here first (RIFF, RF64, AIFF, W64, CAF, AU), and an Ogg
must have its end.
Sources: EBU Tech 3306 (RF64), Apple's AIFF and CAF specifications, Sonic Foundry's W64 note.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.layouts import MOST_CHANNELS
from audio_pipeline.errors import StemError

RATES_HZ = (8_000, 192_000)
"""The sample rates that can be used, lowest and highest."""
CHANNELS = (1, MOST_CHANNELS)
"""The channel counts that can be used, fewest and most."""

_UNKNOWN_U32 = (0xFFFF_FFFF, 0x7FFF_F000)
"""Sizes that a program writes when it cannot go back: ffmpeg's and SoX's."""
_MOST_CHUNKS = 4096
_OGG_LARGEST_PAGE = 27 + 255 + 255 * 255
_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")


@dataclass(frozen=True)
class Chunk:
    """One chunk: its name, where its body begins, and how many bytes it claims to have."""

    name: bytes
    body: int
    size: int


@dataclass(frozen=True)
class Structure:
    """What is worth knowing of a header that has passed: warnings, and bytes to correct.

    `data` is where the samples of a little-endian WAV with nothing wrong lie; None for others. `corrections`
    holds (offset, bytes) to read in place of the file's own, so that libsndfile sees the length of a recording
    whose size was never written.
    """

    warnings: tuple[str, ...] = ()
    corrections: tuple[tuple[int, bytes], ...] = ()
    data: Chunk | None = None


def examine(file: RegularFile) -> Structure:
    """Walk the header. Raises StemError when it promises what cannot be, or cannot be used."""
    head = file.bytes_at(0, 40)
    if head[:2] == b"\xf0\x7e":  # libsndfile prints what is wrong with it on our standard output
        raise StemError(
            f"{file.name} is a MIDI sample dump, which is not supported.",
            hint="Export it as WAV or FLAC.",
        )
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE":
        return _examine_wave(file, head)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        _refuse_cut(file, _data(_chunks(file, 12, ">", 2), b"SSND"))
    elif head[:4] == b"riff" and head[4:6] == b"\x2e\x91":
        _refuse_cut(file, _data(_w64_chunks(file), b"data"))
    elif head[:4] == b"caff":
        return _stream_of(file, _data(_caf_chunks(file), b"data"), -1)
    elif head[:4] == b".snd" and len(head) >= 24:
        offset, size = struct.unpack(">II", head[4:12])
        return _stream_of(file, Chunk(b"data", offset, size), 0xFFFF_FFFF)
    elif head[:4] == b"OggS":
        _refuse_unfinished_ogg(file)
    return Structure()


def chunks_of(file: RegularFile) -> Iterator[Chunk]:
    """The chunks of a WAV, RF64, BW64, W64, AIFF or CAF, as far as they can be followed; of others none."""
    head = file.bytes_at(0, 12)
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:] == b"WAVE":
        return _chunks(file, 12, ">" if head[:4] == b"RIFX" else "<", 2)
    if head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
        return _chunks(file, 12, ">", 2)
    if head[:4] == b"riff":
        return _w64_chunks(file)
    return _caf_chunks(file) if head[:4] == b"caff" else iter(())


def refuse_unusable(name: str, rate_hz: int, channels: int) -> None:
    """Raises StemError when the sample rate or the channel count cannot be used."""
    low, high = RATES_HZ
    if not low <= rate_hz <= high:
        raise StemError(
            f"{name} has a sample rate of {rate_hz} Hz; {low} to {high} Hz are supported.",
            hint="Export it again at 48000 Hz.",
        )
    if not CHANNELS[0] <= channels <= CHANNELS[1]:
        raise StemError(
            f"{name} has {channels} channels; {CHANNELS[0]} to {CHANNELS[1]} are supported.",
            hint="Export it again as mono or stereo.",
        )


def _examine_wave(file: RegularFile, head: bytes) -> Structure:
    end = ">" if head[:4] == b"RIFX" else "<"
    riff_size = struct.unpack(end + "I", head[4:8])[0]
    large = 0
    before_data = []
    for chunk in _chunks(file, 12, end, 2):
        if chunk.name == b"ds64":
            riff_size, large = struct.unpack("<QQ", file.bytes_at(chunk.body, 16).ljust(16, b"\0"))
        if chunk.name == b"fmt ":
            channels, rate_hz = struct.unpack(
                end + "HI", file.bytes_at(chunk.body + 2, 6).ljust(6, b"\0")
            )
            refuse_unusable(file.name, rate_hz, channels)
        if chunk.name == b"data":
            if b"fmt " not in before_data:
                raise StemError(
                    f"{file.name} has its audio data before its format chunk.",
                    hint="Export it again.",
                )
            if large and chunk.size == 0xFFFF_FFFF:
                chunk = Chunk(chunk.name, chunk.body, large)
            return _wave_data(file, chunk, riff_size, end)
        before_data.append(chunk.name)
    raise _header_cut(file)


def _wave_data(file: RegularFile, data: Chunk, riff_size: int, end: str) -> Structure:
    held = file.size - data.body
    if data.size in _UNKNOWN_U32 and data.size > held:
        return Structure(warnings=(_size_never_written(file, held),))
    if data.size == 0 and held > 0 and not _is_chain(file, data.body, end):
        return Structure(
            warnings=(_size_never_written(file, held),),
            corrections=((data.body - 4, struct.pack(end + "I", min(held, 0xFFFF_FFFE))),),
        )
    _refuse_cut(file, data)
    riff_end, data_end = 8 + riff_size + riff_size % 2, data.body + data.size
    if data_end <= riff_end < file.size:
        return Structure(
            (f"{file.name} has {file.size - riff_end} bytes after its last chunk; they are ignored.",)
        )
    if riff_end < data_end and data_end + data.size % 2 < file.size:
        return Structure((f"{file.name} states a wrong file size; the size of its data chunk is used.",))
    return Structure(data=data if end == "<" else None)


def _size_never_written(file: RegularFile, held: int) -> str:
    return (
        f"{file.name} does not state its length (a stream, or an interrupted recording);"
        f" all {held} bytes of audio are read."
    )


def _is_chain(file: RegularFile, offset: int, end: str) -> bool:
    """Whether what follows `offset` is chunks up to the end of the file, and not samples."""
    last = offset
    for chunk in _chunks(file, offset, end, 2):
        last = chunk.body + chunk.size + chunk.size % 2
    return last > offset and last in (file.size, file.size + 1)


def _stream_of(file: RegularFile, data: Chunk, unknown: int) -> Structure:
    if data.size == unknown:
        return Structure(warnings=(_size_never_written(file, file.size - data.body),))
    _refuse_cut(file, data)
    return Structure()


def _refuse_cut(file: RegularFile, data: Chunk) -> None:
    held = max(0, file.size - data.body)
    if data.size > held:
        raise StemError(
            f"{file.name} is truncated: its header states {data.size} bytes of audio,"
            f" the file holds {held}.",
            hint="Copy or export it again.",
        )


def _refuse_unfinished_ogg(file: RegularFile) -> None:
    """An Ogg states no length, but its last page says that it is the last (RFC 3533, section 6)."""
    start = max(0, file.size - _OGG_LARGEST_PAGE)
    tail = file.bytes_at(start, _OGG_LARGEST_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    last = len(page) >= 27 and page[5] & 4
    if not last or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        raise StemError(
            f"{file.name} is truncated: its last page is missing.", hint="Copy or export it again."
        )


def _header_cut(file: RegularFile) -> StemError:
    return StemError(
        f"{file.name} is damaged or truncated: no audio follows its header.",
        hint="Copy or export it again.",
    )


def _data(chunks: Iterator[Chunk], name: bytes) -> Chunk:
    for chunk in chunks:
        if chunk.name == name:
            return chunk
    return Chunk(name, 0, 0)


def _chunks(file: RegularFile, position: int, end: str, pad: int) -> Iterator[Chunk]:
    """The chunks of a RIFF or an IFF, until the end or until bytes that are not a chunk."""
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 8)
        if len(header) < 8 or not all(32 <= c < 127 for c in header[:4]):
            return
        size = struct.unpack(end + "I", header[4:])[0]
        yield Chunk(header[:4], position + 8, size)
        position += 8 + size + -size % pad


def _w64_chunks(file: RegularFile) -> Iterator[Chunk]:
    position = 40
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 24)
        if len(header) < 24 or header[4:16] != _W64_TAIL:
            return
        size = struct.unpack("<Q", header[16:])[0]
        yield Chunk(header[:4], position + 24, max(0, size - 24))
        position += max(24, size + -size % 8)


def _caf_chunks(file: RegularFile) -> Iterator[Chunk]:
    position = 8
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 12)
        if len(header) < 12:
            return
        size = struct.unpack(">q", header[4:])[0]
        yield Chunk(header[:4], position + 12, size)
        if size < 0:
            return
        position += 12 + size
