"""Rewrite a recording with one gain, in the same format and, for a WAV, with all its chunks.

Values that the gain changes are updated: the peaks in a `PEAK` chunk, the loudness in `bext`. A checksum and
a peak envelope of the samples (`MD5 `, `levl`) are left out.
Sources: EBU Tech 3285 version 2 and supplement 3 (bext, levl); EBU Tech 3306, ITU-R BS.2088 (ds64);
libsndfile (PEAK); BWF MetaEdit (MD5).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.audio_io.read.audio_file import Recording, opened
from audio_pipeline.audio_io.read.riff_chunks import riff_chunks
from audio_pipeline.audio_io.read.structure import Chunk
from audio_pipeline.audio_io.regain.sample_format import SampleFormat
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.chunks import BEXT_LOUDNESS_OFFSET, BextLoudness, chunk
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.errors import RenderError
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

_BEXT_VERSION_AT = 346
_BEXT_SMALLEST = 602
_OUTDATED = (b"MD5 ", b"levl")
_IN_DS64 = 0xFFFF_FFFF
_DS64_BODY = 28
_LARGEST_CHUNK = 64 << 20

Quantise = Callable[[Samples, int, Span], NDArray[np.int32]]
"""(samples `(n, channels)`, bits, span) → dithered integer steps; the span is the samples' position."""


@dataclass
class _Places:
    """Offsets in the new file of values that are written at the end."""

    data_size: int = 0
    data_bytes: int = 0
    room: int | None = None
    """The body of `ds64`, or of a JUNK chunk that is replaced by `ds64` in a large file."""
    large: bool = False
    bext: int | None = None
    bext_version: int = 2


def write_regained(
    source: Path,
    target: Path,
    gain_db: float,
    quantise: Quantise,
    measured: Callable[[Path], BextLoudness],
    *,
    track: int | None = None,
) -> None:
    """Write `source` with a gain to `target`, a WAV, completely or not at all.

    `track` as for `probe`. Samples stay in the format of the source, 24-bit PCM if the source is not PCM;
    integer samples are dithered if the gain is not 0. `measured` gets the path of the file and returns the
    loudness, which is then written into `bext`. Raises StemError for a source that cannot be read,
    RenderError when `target` cannot be written.
    """
    with opened(source, track=track) as recording, atomic_write(target, "wb") as file:
        chunks = riff_chunks(recording.file)
        own = SampleFormat.of_wave(recording.file, chunks)
        form = own or SampleFormat.of_info(recording.info)
        places = _write(recording, chunks if own is not None else [], form, gain_db, quantise, file)
        _set_sizes(file, form, places)
        file.flush()
        loudness = measured(Path(file.name))
        if places.bext is not None:
            version = struct.pack("<H", max(2, places.bext_version))
            _patch(file, places.bext + _BEXT_VERSION_AT, version)
            _patch(file, places.bext + BEXT_LOUDNESS_OFFSET, loudness.encoded())


def _write(
    recording: Recording,
    kept: list[Chunk],
    form: SampleFormat,
    gain_db: float,
    quantise: Quantise,
    file: BinaryIO,
) -> _Places:
    """Write all chunks except the values that are known only at the end; returns their offsets."""
    source, places = recording.file, _Places()
    file.write((source.bytes_at(0, 4) if kept else b"RIFF") + bytes(4) + b"WAVE")
    if not kept:
        places.room = file.tell() + 8
        file.write(chunk(b"JUNK", bytes(_DS64_BODY)))
        file.write(chunk(b"fmt ", form.fmt()))
        _write_data(recording, form, gain_db, quantise, file, places)
    for part in kept:
        if part.name == b"data":
            if not places.data_size:  # readers ignore a second data chunk
                _write_data(recording, form, gain_db, quantise, file, places)
            continue
        if part.name in _OUTDATED or part.size > _LARGEST_CHUNK:
            continue
        body, at = source.bytes_at(part.body, part.size), file.tell() + 8
        if part.name == b"bext" and part.size >= _BEXT_SMALLEST:
            places.bext = at
            places.bext_version = struct.unpack_from("<H", body, _BEXT_VERSION_AT)[0]
        if part.name == b"ds64" or (part.name == b"JUNK" and at == 20 and part.size >= _DS64_BODY):
            places.room, places.large = at, part.name == b"ds64"
        file.write(chunk(part.name, _scaled_peaks(body, gain_db) if part.name == b"PEAK" else body))
    return places


def _write_data(
    recording: Recording,
    form: SampleFormat,
    gain_db: float,
    quantise: Quantise,
    file: BinaryIO,
    places: _Places,
) -> None:
    """Write the data chunk; its size is set at the end."""
    places.data_size = file.tell() + 4
    file.write(b"data" + bytes(4))
    begin, at = file.tell(), 0
    for block in recording.blocks():
        span = Span(at, at + len(block))
        file.write(form.encoded(block, gain_from_db(gain_db), span, quantise))
        at = span.stop
    places.data_bytes = file.tell() - begin
    file.write(b"\0" * (places.data_bytes % 2))


def _set_sizes(file: BinaryIO, form: SampleFormat, places: _Places) -> None:
    """Write the sizes of the file and of its data at the offsets of its format (RIFF or RF64).

    Raises RenderError for a file over 4 GB without room for sizes of 64 bits.
    """
    riff = file.tell() - 8
    if riff > _IN_DS64 and not places.large:
        if places.room is None:
            raise RenderError(
                "a file with the gain would be larger than 4 GB, and its chunks leave no room for that.",
                hint="Export the source as RF64.",
            )
        _patch(file, 0, b"RF64")
        _patch(file, places.room - 8, b"ds64")
        places.large = True
    if places.large and places.room is not None:
        frames = places.data_bytes // form.frame_bytes
        _patch(file, places.room, struct.pack("<QQQ", riff, places.data_bytes, frames))
    sizes = (_IN_DS64, _IN_DS64) if places.large else (riff, places.data_bytes)
    _patch(file, 4, struct.pack("<I", sizes[0]))
    _patch(file, places.data_size, struct.pack("<I", sizes[1]))


def _patch(file: BinaryIO, offset: int, replacement: bytes) -> None:
    end = file.seek(0, os.SEEK_END)
    file.seek(offset)
    file.write(replacement)
    file.seek(end)


def _scaled_peaks(body: bytes, gain_db: float) -> bytes:
    """The PEAK chunk after the gain: version, time, then a float and a position per channel."""
    peaks = np.frombuffer(body[8 : 8 + (len(body) - 8) // 8 * 8], "<f4").copy()
    peaks[::2] *= np.float32(gain_from_db(gain_db))
    return body[:8] + peaks.tobytes()
