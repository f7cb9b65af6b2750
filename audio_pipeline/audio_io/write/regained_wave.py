"""Write a recording again with one gain: the same format, and of a WAV every chunk as it was.

What a gain makes wrong is put right: the peaks in a `PEAK` chunk, the loudness in `bext`. A checksum and a
peak envelope of the samples (`MD5 `, `levl`) are left out.
Sources: EBU Tech 3285 version 2 and supplement 3 (bext, levl); EBU Tech 3306, ITU-R BS.2088 (ds64);
libsndfile (PEAK); BWF MetaEdit (MD5).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.audio_io.read.audio_file import Recording, opened
from audio_pipeline.audio_io.read.riff_chunks import RiffChunk, riff_chunks
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.chunks import BEXT_LOUDNESS_OFFSET, BextLoudness, chunk
from audio_pipeline.audio_io.write.sample_format import SampleFormat
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.timeline.spans import Span

_BEXT_VERSION_AT = 346
_BEXT_SMALLEST = 602
_OUTDATED = (b"MD5 ", b"levl")
_IN_DS64 = 0xFFFF_FFFF
_LARGEST_CHUNK = 64 << 20

Quantise = Callable[[Samples, int, Span], NDArray[np.int32]]
"""`(n, channels)` samples as whole steps of so many bits, dithered; `Span` is where they stand."""


def write_regained(
    source: Path,
    target: Path,
    gain_db: float,
    quantise: Quantise,
    measured: Callable[[Path], BextLoudness],
) -> None:
    """Write `source` with a gain to `target`, a WAV, whole or not at all.

    Samples stay in the format of the source, 24-bit PCM where that is no PCM; whole numbers are dithered
    where the gain is not 0. `measured` is handed the file before its loudness is written into `bext`.
    Raises StemError for a source that cannot be read, RenderError when `target` cannot be written.
    """
    with opened(source) as recording, atomic_write(target, "wb") as file:
        chunks = [] if recording.by_ffmpeg else riff_chunks(recording.file)
        own = SampleFormat.of_wave(recording.file, chunks)
        plan = own or SampleFormat.of_info(recording.info)
        kept = chunks if own is not None else []
        bext = _write(recording, kept, plan, gain_db, quantise, file)
        file.flush()
        loudness = measured(Path(file.name))
        if bext is not None:
            _set_loudness(file, bext, loudness)


def _write(
    recording: Recording,
    kept: list[RiffChunk],
    plan: SampleFormat,
    gain_db: float,
    quantise: Quantise,
    file: BinaryIO,
) -> int | None:
    """Write everything but the loudness; where the body of `bext` lies, or None."""
    source = recording.file
    magic = source.bytes_at(0, 4) if kept else b"RIFF"
    file.write(magic + bytes(4) + b"WAVE")
    bext = ds64 = None
    if not kept:
        file.write(chunk(b"JUNK", bytes(28)))
        file.write(chunk(b"fmt ", plan.fmt()))
    data_bytes, done = 0, False
    for part in kept or [RiffChunk(b"data", 0, 0)]:
        if part.name == b"data":
            if not done:  # a second one is no sound that a reader knows of
                data_bytes, done = _write_data(recording, plan, gain_db, quantise, file), True
            continue
        if part.name in _OUTDATED or part.size > _LARGEST_CHUNK:
            continue
        body = source.bytes_at(part.body, part.size)
        bext = file.tell() + 8 if part.name == b"bext" and part.size >= _BEXT_SMALLEST else bext
        ds64 = file.tell() + 8 if part.name == b"ds64" else ds64
        file.write(chunk(part.name, _scaled_peaks(body, gain_db) if part.name == b"PEAK" else body))
    _set_sizes(file, plan, data_bytes, ds64)
    return bext


def _write_data(
    recording: Recording, plan: SampleFormat, gain_db: float, quantise: Quantise, file: BinaryIO
) -> int:
    """Write the data chunk, its size still open; how many bytes of sound it holds."""
    file.write(b"data" + struct.pack("<I", 0))
    begin, at = file.tell(), 0
    for block in recording.blocks():
        span = Span(at, at + len(block))
        file.write(plan.encoded(block, gain_from_db(gain_db), span, quantise))
        at = span.stop
    size = file.tell() - begin
    file.write(b"\0" * (size % 2))
    end = file.tell()
    file.seek(begin - 4)
    file.write(struct.pack("<I", min(size, _IN_DS64)))
    file.seek(end)
    return size


def _set_sizes(file: BinaryIO, plan: SampleFormat, data_bytes: int, ds64: int | None) -> None:
    """Write the sizes of the file and of its data where its kind keeps them."""
    end = file.tell()
    riff = end - 8
    if ds64 is None and riff >= _IN_DS64:
        with suppress(ValueError):
            ds64 = _make_room(file)
    if ds64 is not None:
        sizes = struct.pack("<QQQ", riff, data_bytes, data_bytes // plan.frame_bytes)
        _patch(file, ds64, sizes)
        _patch(file, _data_size_at(file, end), struct.pack("<I", _IN_DS64))
        riff = _IN_DS64
    _patch(file, 4, struct.pack("<I", min(riff, _IN_DS64)))
    file.seek(end)


def _make_room(file: BinaryIO) -> int:
    """Turn the JUNK chunk at the front into a ds64 chunk; where its body lies."""
    file.seek(12)
    if file.read(4) != b"JUNK":
        raise ValueError("there is no room for 64-bit sizes")
    _patch(file, 12, b"ds64")
    _patch(file, 0, b"RF64")
    return 20


def _data_size_at(file: BinaryIO, end: int) -> int:
    at = 12
    while at + 8 <= end:
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return at + 4
        at += 8 + size + size % 2
    raise ValueError("there is no data chunk")


def _set_loudness(file: BinaryIO, bext: int, loudness: BextLoudness) -> None:
    """Write the loudness into `bext`, which is of version 2 from then on."""
    file.seek(bext + _BEXT_VERSION_AT)
    version = struct.unpack("<H", file.read(2))[0]
    _patch(file, bext + _BEXT_VERSION_AT, struct.pack("<H", max(2, version)))
    _patch(file, bext + BEXT_LOUDNESS_OFFSET, loudness.encoded())


def _patch(file: BinaryIO, offset: int, replacement: bytes) -> None:
    end = file.seek(0, 2)
    file.seek(offset)
    file.write(replacement)
    file.seek(end)


def _scaled_peaks(body: bytes, gain_db: float) -> bytes:
    """The PEAK chunk after the gain: version, time, then a float and a position of every channel."""
    peaks = np.frombuffer(body[8 : 8 + (len(body) - 8) // 8 * 8], "<f4").copy()
    peaks[::2] *= np.float32(gain_from_db(gain_db))
    return body[:8] + peaks.tobytes()
