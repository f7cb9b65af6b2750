"""Comparison of a file's header with its content.

libsndfile reads a truncated file, or one that claims 4 GB, without an error. So the chunks of containers that
state their size (RIFF, RF64, AIFF, W64, CAF, AU) are checked here first, and an Ogg must have its last page.
Sources: EBU Tech 3306 (RF64), Apple's AIFF and CAF specifications, Sonic Foundry's W64 note.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from audio_pipeline.audio_io.read.aiff_structure import aiff_chunks, aiff_structure, is_aiff
from audio_pipeline.audio_io.read.structure import Chunk, Splice, Structure
from audio_pipeline.audio_io.read.usable import CHANNELS, RATES_HZ
from audio_pipeline.audio_io.read.w64_structure import is_w64, w64_chunks, w64_head, w64_structure
from audio_pipeline.audio_io.read.wave_structure import (
    FORGIVEN_BYTES,
    chunks_around,
    cut,
    is_wave,
    size_never_written,
    size_wrong,
    wave_head,
    wave_structure,
)
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

_MOST_CHUNKS = 4096
_OGG_LARGEST_PAGE = 27 + 255 + 255 * 255
_AU_UNKNOWN = 0xFFFF_FFFF
_MOST_HEADER_BYTES = 1 << 20


def examine(file: RegularFile) -> Structure:
    """The structure of a file, from its header. Raises StemError for impossible or unsupported values."""
    head = file.bytes_at(0, 40)
    if head[:2] == b"\xf0\x7e":  # libsndfile prints its errors on our standard output
        raise StemError(
            f"{file.name} is a MIDI sample dump, which is not supported.",
            hint="Export it as WAV or FLAC.",
        )
    if is_wave(head):
        return _examine_wave(file, head)
    if is_aiff(head):
        return aiff_structure(file, head)
    if is_w64(head):
        return _examine_w64(file)
    if head[:4] == b"caff":
        return _examine_caf(file)
    if head[:4] == b".snd" and len(head) >= 24:
        return _examine_au(file, head)
    if head[:4] == b"OggS":
        _refuse_unfinished_ogg(file)
    return Structure()


def chunks_of(file: RegularFile) -> list[Chunk]:
    """The chunks of a WAV, RF64, BW64, W64, AIFF or CAF except the samples, as far as they can be followed.

    Empty for any other file, and for a WAV without data.
    """
    head = file.bytes_at(0, 40)
    if is_wave(head):
        try:
            return chunks_around(file, wave_head(file, head))
        except StemError:  # ffmpeg reads it, or it is refused elsewhere
            return []
    if is_aiff(head):
        return aiff_chunks(file)
    if is_w64(head):
        return w64_chunks(file)
    return [c for c in _caf_chunks(file) if c.name != b"data"] if head[:4] == b"caff" else []


def byte_order(file: RegularFile) -> str:
    """The byte order of the chunks of a WAV, W64 or AIFF, as a `struct` prefix: "<" or ">"."""
    return ">" if file.bytes_at(0, 4) in (b"RIFX", b"FORM") else "<"


def refuse_unusable(name: str, rate_hz: int, channels: int) -> None:
    """Raise StemError when the sample rate or the channel count is not supported."""
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
    wave = wave_head(file, head)
    refuse_unusable(file.name, wave.rate_hz, wave.channels)
    return wave_structure(file, wave)


def _examine_w64(file: RegularFile) -> Structure:
    wave = w64_head(file)
    if wave is None:
        return Structure()
    refuse_unusable(file.name, wave.rate_hz, wave.channels)
    return w64_structure(file, wave)


def _examine_caf(file: RegularFile) -> Structure:
    data = next((chunk for chunk in _caf_chunks(file) if chunk.name == b"data"), None)
    if data is None:
        return Structure()
    held = file.size - data.body
    if 0 < data.size <= held or not held or data.body > _MOST_HEADER_BYTES:
        return Structure()
    is_open = data.size <= 0 or data.size in (0x7FFF_FFFF, 0xFFFF_FFFF, (1 << 63) - 1)
    notes = (size_never_written(file, held),) if is_open else _of_excess(file, data.size, held)
    header = file.bytes_at(0, data.body - 8) + struct.pack(">q", held)
    return Structure(notes, None, Splice(header, data.body, file.size))


def _examine_au(file: RegularFile, head: bytes) -> Structure:
    begin, size = struct.unpack(">II", head[4:12])
    held = file.size - begin
    if size == _AU_UNKNOWN:
        return Structure((size_never_written(file, held),))
    if not 24 <= begin <= _MOST_HEADER_BYTES or held <= 0 or 0 < size <= held:
        return Structure()
    is_open = size == 0 or abs(size - 0x7FFF_FFFF) < 1 << 16 or size >= _AU_UNKNOWN - (1 << 16)
    notes = (size_never_written(file, held),) if is_open else _of_excess(file, size, held)
    header = file.bytes_at(0, 8) + b"\xff" * 4 + file.bytes_at(12, begin - 12)
    return Structure(notes, None, Splice(header, begin, file.size))


def _of_excess(file: RegularFile, size: int, held: int) -> tuple[str, ...]:
    """The warning for a size that is slightly too large. Raises StemError when the file is truncated."""
    if size <= held:
        return ()
    if size - held > FORGIVEN_BYTES:
        raise cut(file, size, held)
    return (size_wrong(file, size, held),)


def _refuse_unfinished_ogg(file: RegularFile) -> None:
    """Raise StemError for an Ogg without its last page, which is flagged (RFC 3533, section 6)."""
    start = max(0, file.size - _OGG_LARGEST_PAGE)
    tail = file.bytes_at(start, _OGG_LARGEST_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    last = len(page) >= 27 and page[5] & 4
    if not last or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        raise StemError(
            f"{file.name} is truncated: its last page is missing.", hint="Copy or export it again."
        )


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
