"""Location of the samples in a WAV: RIFF, RIFX, RF64 and BW64, with sizes that may be open or wrong.

A crashed recorder, a stream, and programs that include their own header write wrong sizes. The samples then end
at the end of the file, or at the start of the chunks after them.
Sources: EBU Tech 3306 and ITU-R BS.2088 (RF64, BW64), "Multimedia Programming Interface and Data
Specifications 1.0" (RIFF).
"""

from __future__ import annotations

import struct

from audio_pipeline.audio_io.read.later_chunks import (
    KNOWN,
    chain_end,
    is_blank,
    is_name,
    sound_end,
    sounds_on,
    trailing_chunks,
)
from audio_pipeline.audio_io.read.structure import Chunk, SampleForm, Splice, Structure
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

LARGE = 0xFFFF_FFFF
"""The size that refers to the chunk `ds64`."""
FORGIVEN_BYTES = 1024
"""Tolerance for a stated size: this many bytes more than the file holds, or the size of the header, are a
miscount of the writer. A file that lacks more is truncated."""

_MOST_CHUNKS = 4096
_MOST_FORM_BYTES = 4096
_SEARCHED_BYTES = 1 << 20
_EXTENSIBLE = 0xFFFE


@dataclass(frozen=True)
class WaveHead:
    """The header before the samples.

    `form` is the body of `fmt `, `fact` the body of `fact` or empty, `data` the data chunk with its stated
    size; `large_riff` and `large_data` are the sizes in the chunk `ds64`, 0 without it.
    """

    magic: bytes
    riff_size: int
    form: bytes
    fact: bytes
    data: Chunk
    large_riff: int
    large_data: int
    warnings: tuple[str, ...]
    before: tuple[Chunk, ...] = ()
    """The chunks before the data."""

    @property
    def end(self) -> str:
        """The byte order as a `struct` prefix."""
        return ">" if self.magic == b"RIFX" else "<"

    @property
    def is_large(self) -> bool:
        """Whether the file is an RF64 or a BW64."""
        return self.magic in (b"RF64", b"BW64")

    @property
    def channels(self) -> int:
        """The stated number of channels."""
        return int(struct.unpack_from(self.end + "H", self.form, 2)[0])

    @property
    def rate_hz(self) -> int:
        """The stated sample rate."""
        return int(struct.unpack_from(self.end + "I", self.form, 4)[0])

    @property
    def frame_bytes(self) -> int:
        """The number of bytes of one sample of all channels; 1 if the header does not state it."""
        return int(struct.unpack_from(self.end + "H", self.form, 12)[0]) or 1

    @property
    def codec(self) -> int:
        """The codec's number (WAVE_FORMAT_PCM is 1), from the sub-format in an extensible header."""
        tag = int(struct.unpack_from(self.end + "H", self.form)[0])
        if tag == _EXTENSIBLE and len(self.form) >= 26:
            return int(struct.unpack_from(self.end + "H", self.form, 24)[0])
        return tag

    @property
    def samples(self) -> SampleForm:
        """The sample format."""
        bits = self.frame_bytes // max(1, self.channels) * 8
        return SampleForm(self.codec, bits, self.frame_bytes, self.rate_hz, self.end)

    @property
    def is_plain(self) -> bool:
        """Whether samples are uncompressed integers or floats."""
        return self.samples.is_plain


def is_wave(head: bytes) -> bool:
    """Whether `head`, the first bytes of a file, is the start of a WAV of any type."""
    return head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE"


def wave_head(file: RegularFile, head: bytes) -> WaveHead:
    """The header up to the data chunk. Raises StemError when no data follows a `fmt ` chunk."""
    end = ">" if head[:4] == b"RIFX" else "<"
    form, fact, large, warnings = b"", b"", (0, 0), []
    before: list[Chunk] = []
    position = searched = 12
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 8)
        if len(header) < 8 or not is_name(header[:4]):
            resumed = _resumed(file, searched, end) if form else None
            if resumed is None:
                break
            warnings.append(f"{file.name} has a chunk of a wrong size before its data.")
            position = resumed
            continue
        searched = position + 8
        chunk = Chunk(header[:4], position + 8, struct.unpack(end + "I", header[4:])[0])
        if chunk.name == b"ds64":
            large = struct.unpack("<QQ", file.bytes_at(chunk.body, 16).ljust(16, b"\0"))
        elif chunk.name == b"fmt ":
            form = file.bytes_at(chunk.body, min(chunk.size, _MOST_FORM_BYTES)).ljust(16, b"\0")
        elif chunk.name == b"fact":
            fact = file.bytes_at(chunk.body, min(chunk.size, 16))
        elif chunk.name == b"data":
            if not form:
                raise _format_missing(file)
            riff_size = struct.unpack(end + "I", head[4:8])[0]
            return WaveHead(
                head[:4], riff_size, form, fact, chunk, *large, tuple(warnings), tuple(before)
            )
        before.append(chunk)
        position, padded = _next(file, chunk)
        if not padded:
            name = chunk.name.decode("latin-1").strip()
            warnings.append(f"{file.name} has a chunk {name!r} of odd size without its byte of padding.")
    raise StemError(
        f"{file.name} is damaged or truncated: no audio follows its header.",
        hint="Copy or export it again.",
    )


def wave_structure(file: RegularFile, head: WaveHead) -> Structure:
    """The structure of the WAV. Raises StemError when the file is truncated."""
    data, notes = _true_data(file, head)
    notes = (*head.warnings, *notes)
    own = head.data if not head.is_large else Chunk(b"data", head.data.body, head.large_data)
    # libsndfile cannot read an RF64 with odd chunks, nor a BW64
    if not notes and (data == own or data == head.data) and head.magic in (b"RIFF", b"RIFX"):
        return Structure((), data if head.end == "<" else None)
    return spliced(head, data, notes, _title(head))


def chunks_around(file: RegularFile, head: WaveHead) -> list[Chunk]:
    """All chunks except the data, before it and after its true end."""
    data, _ = _true_data(file, head)
    found, position = list(head.before), data.stop
    if not is_name(file.bytes_at(position, 4)) or file.bytes_at(position, 1) == b"\0":
        position += 1  # the padding byte
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(position, 8)
        if len(header) < 8 or not is_name(header[:4]):
            break
        chunk = Chunk(header[:4], position + 8, struct.unpack(head.end + "I", header[4:])[0])
        found.append(chunk)
        position, _ = _next(file, chunk)
    return found


def all_chunks(file: RegularFile, head: WaveHead) -> list[Chunk]:
    """All chunks in order, the data chunk with its true size."""
    data, _ = _true_data(file, head)
    return sorted([*chunks_around(file, head), data], key=lambda part: part.body)


def spliced(head: WaveHead, data: Chunk, notes: tuple[str, ...], title: str) -> Structure:
    """The structure of a file whose header is misleading, with a corrected header for libsndfile."""
    little = data if head.end == "<" else None
    return Structure(notes, little, Splice(_header(head, data), data.body, data.stop), title)


def _true_data(file: RegularFile, head: WaveHead) -> tuple[Chunk, tuple[str, ...]]:
    """The data chunk with its true size in complete frames, and the warnings about it."""
    data = head.data
    for size in _stated_sizes(head):
        if _fits(file, data.body, size, head.end):
            return _fitting(file, head, Chunk(b"data", data.body, size))
    size = _stated_sizes(head)[0]
    stated, stop = data.body + size, sound_end(file, data.body, head.end)
    later = stop < file.size
    held = Chunk(b"data", data.body, _whole(stop - data.body, head))
    if _is_open(size, head) and not (size and stated <= stop):
        if not held.size:
            return held, ()
        return held, (size_never_written(file, held.size),)
    if stated == stop:
        return held, (_left_out(file, file.size - stop),)
    if stated > stop:
        is_whole = later or _states_own_size(file, head)
        if stated - stop > max(FORGIVEN_BYTES, data.body) and not is_whole:
            raise cut(file, size, stop - data.body)
        return held, (size_wrong(file, size, held.size),)
    is_miscounted = size % head.frame_bytes and stop - stated < head.frame_bytes
    if later or is_miscounted or sounds_on(file, head.samples, data.body, stated):
        return held, (size_wrong(file, size, held.size),)
    return Chunk(b"data", data.body, size), (
        _left_out(file, file.size - chain_end(file, stated, head.end)),
    )


def _stated_sizes(head: WaveHead) -> tuple[int, ...]:
    """The stated sizes of the data, the most reliable first."""
    if not head.is_large or not head.large_data:
        return (head.data.size,)
    return head.large_data, head.data.size


def _fitting(file: RegularFile, head: WaveHead, data: Chunk) -> tuple[Chunk, tuple[str, ...]]:
    """The data chunk whose size agrees with the file, corrected if other values show an error; warnings."""
    if head.is_plain and data.size % head.frame_bytes == head.frame_bytes - 1 and data.size % 2:
        counted = Chunk(b"data", data.body, data.size + 1)  # its last byte was counted as padding
        return counted, (size_wrong(file, data.size, counted.size),)
    later = trailing_chunks(file, data.body, head.end)
    if later is not None and later < data.stop:  # the size includes the chunks after the samples
        held = Chunk(b"data", data.body, _whole(later - data.body, head))
        return held, (size_wrong(file, data.size, held.size),)
    if head.is_large:
        odd = head.data.size not in (LARGE, data.size)
        return data, ((size_wrong(file, head.data.size, data.size),) if odd else ())
    riff_end = 8 + head.riff_size + head.riff_size % 2
    if data.stop <= riff_end < file.size and chain_end(file, data.stop, head.end) <= riff_end + 1:
        if data.stop + 1 >= riff_end and sounds_on(file, head.samples, data.body, data.stop):
            held = Chunk(b"data", data.body, _whole(file.size - data.body, head))
            return held, (size_wrong(file, data.size, held.size),)
        return data, (_left_out(file, file.size - riff_end),)
    if riff_end < data.stop and data.stop + data.size % 2 < file.size:
        return data, (f"{file.name} states a wrong file size; the size of its data chunk is used.",)
    return data, ()


def _fits(file: RegularFile, body: int, size: int, end: str) -> bool:
    """Whether the data can have that size: the file ends there, or chunks follow up to its end."""
    stop = body + size
    if stop > file.size or (size == 0 and sound_end(file, body, end) > body):
        return False
    stop += size % 2
    if stop >= file.size:
        return True
    reached = chain_end(file, stop, end)
    return reached > stop and (reached >= file.size or is_blank(file, reached))


def _states_own_size(file: RegularFile, head: WaveHead) -> bool:
    """Whether the file has the size that its header states: then it is not truncated."""
    riff_size = head.large_riff if head.is_large else head.riff_size
    return 0 <= 8 + riff_size + riff_size % 2 - file.size <= 1


def _is_open(size: int, head: WaveHead) -> bool:
    """Whether `size` is a placeholder for an unknown size.

    Writers use 0, or nearly the maximum of a 31-bit or 32-bit number (SoX, ffmpeg, Kaldi, arecord, …).
    """
    near = 1 << 16
    return size == 0 or 0 <= size - (0x7FFF_FFFF - near) <= 2 * near or LARGE - near <= size <= LARGE


def _whole(size: int, head: WaveHead) -> int:
    return size - size % head.frame_bytes if head.is_plain else size


def _next(file: RegularFile, chunk: Chunk) -> tuple[int, bool]:
    """The offset of the next chunk, and whether the padding of `chunk` is correct."""
    if not chunk.size % 2:
        return chunk.stop, True
    names = file.bytes_at(chunk.stop, 5)
    return (
        (chunk.stop, False) if names[:4] in KNOWN and names[1:] not in KNOWN else (chunk.stop + 1, True)
    )


def _resumed(file: RegularFile, start: int, end: str) -> int | None:
    """The offset of the data chunk when the chunk at `start` states a wrong size; None if not found."""
    before = file.bytes_at(start, _SEARCHED_BYTES)
    at = before.find(b"data")
    while at >= 0:
        size = struct.unpack_from(end + "I", before.ljust(at + 8, b"\0"), at + 4)[0]
        if _fits(file, start + at + 8, size, end):
            return start + at
        at = before.find(b"data", at + 1)
    return None


def _header(head: WaveHead, data: Chunk) -> bytes:
    """A correct header for the data."""
    end, fact = head.end, b""
    form = b"fmt " + struct.pack(end + "I", len(head.form)) + head.form + b"\0" * (len(head.form) % 2)
    if head.fact and not head.is_plain:
        fact = b"fact" + struct.pack(end + "I", len(head.fact)) + head.fact
    chunks = b"WAVE" + form + fact
    if head.is_large or data.size >= LARGE - 65_536:
        frames = data.size // head.frame_bytes
        sizes = struct.pack("<QQQI", len(chunks) + 44 + data.size, data.size, frames, 0)
        large = b"ds64" + struct.pack("<I", len(sizes)) + sizes
        return b"RF64" + b"\xff" * 4 + b"WAVE" + large + form + fact + b"data" + b"\xff" * 4
    size = struct.pack(end + "I", len(chunks) + 8 + data.size)
    magic = b"RIFX" if end == ">" else b"RIFF"
    return magic + size + chunks + b"data" + struct.pack(end + "I", data.size)


def _title(head: WaveHead) -> str:
    return {b"RF64": "RF64", b"BW64": "BW64"}.get(head.magic, "WAV")


def _format_missing(file: RegularFile) -> StemError:
    return StemError(f"{file.name} has its audio data before its format chunk.", hint="Export it again.")


def cut(file: RegularFile, promised: int, held: int) -> StemError:
    """The error for a truncated file, whose header states more bytes than the file holds."""
    return StemError(
        f"{file.name} is truncated: its header states {promised} bytes of audio, the file holds {held}.",
        hint="Copy or export it again.",
    )


def size_never_written(file: RegularFile, held: int) -> str:
    """The warning for an open size."""
    return (
        f"{file.name} does not state its length (a stream, or an interrupted recording);"
        f" all {held} bytes of audio are read."
    )


def size_wrong(file: RegularFile, stated: int, held: int) -> str:
    """The warning for a wrong size."""
    return f"{file.name} states {stated} bytes of audio but holds {held}; these are read."


def _left_out(file: RegularFile, count: int) -> str:
    return f"{file.name} has {count} bytes after its last chunk; they are ignored."
