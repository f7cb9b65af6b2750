"""Writing of a WAV from quantised samples; the same input always gives the same bytes.

soundfile would clip without an error, round towards minus infinity, write a date into its PEAK chunk and write
no `bext`. Sources: Microsoft's RIFF and WAVE_FORMAT_EXTENSIBLE, EBU Tech 3306 version 1.1 (RF64).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from audio_pipeline.audio_io.write import chunks as broadcast_wave
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.chunks import Bext, BextLoudness, Cue, Ixml, chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

Writing = Callable[[Path, Literal["wb"]], AbstractContextManager[BinaryIO]]
"""The writer of a file: alone (`atomic_write`), or as part of a set (`FileSet.part`)."""

Bits = Literal[16, 24, 32]
"""16 and 24 are integers, 32 is floating point."""

RIFF_LIMIT = 0xFFFF_FFFF
"""A file with a larger size becomes RF64."""
_DS64_BODY = 28
_SPEAKERS = {3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


class WaveWriter:
    """A WAV that is renamed to `path` at the end of the block; see `atomic_write` for errors.

    Plain PCM or float up to two channels, WAVE_FORMAT_EXTENSIBLE above; RF64 above 4 GB. `bext`, `ixml` and
    `cues` are written before the data. `writing` makes it part of a set. `lead_in` and `lead_out` are blocks
    written before the first and after the last block. Raises RenderError when the file cannot be written, and
    ValueError for unsupported channels or bits.

        with WaveWriter(path, 48_000, 2, 24, bext=Bext(...), cues=cues) as wave:
            wave.write(quantised)
            loudness = measured(wave.draft())
            wave.set_loudness(BextLoudness(...))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sample_rate_hz: int,
        channels: int,
        bits: Bits = 24,
        *,
        bext: Bext | None = None,
        ixml: Ixml | None = None,
        cues: Sequence[Cue] = (),
        writing: Writing = atomic_write,
        lead_in: NDArray[Any] | None = None,
        lead_out: NDArray[Any] | None = None,
    ) -> None:
        if not 1 <= channels <= 8 or bits not in (16, 24, 32):
            raise ValueError(f"{channels} channels of {bits} bits cannot be written")
        self.path = Path(path)
        self._whole = writing(self.path, "wb")
        self._finished = False
        self._channels = channels
        self._bits: Bits = bits
        self._data_bytes = 0
        self._lead_in, self._lead_out = lead_in, lead_out
        self._chunks = [(b"JUNK", bytes(_DS64_BODY)), (b"fmt ", _format(sample_rate_hz, channels, bits))]
        if bext is not None:
            self._chunks.append((b"bext", bext.encoded()))
        if ixml is not None:
            reference = bext.time_reference_samples if bext is not None else 0
            body = ixml.encoded(
                sample_rate_hz=sample_rate_hz,
                channels=channels,
                bits=bits,
                time_reference_samples=reference,
            )
            self._chunks.append((b"iXML", body))
        if cues:
            self._chunks.append((b"cue ", broadcast_wave.cue_chunk(cues)))
            self._chunks.append((b"LIST", broadcast_wave.label_list(cues)))

    def __enter__(self) -> WaveWriter:
        self._file: BinaryIO = self._whole.__enter__()
        try:
            self._begin()
            if self._lead_in is not None:
                self.write(self._lead_in)
        except BaseException as error:
            self._whole.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self.draft()
            except BaseException as late:
                self._whole.__exit__(type(late), late, late.__traceback__)
                raise
        self._whole.__exit__(kind, error, traceback)

    def write(self, block: NDArray[Any]) -> None:
        """Append `(n, channels)`: integers of the file's bits (any signed dtype), or float for 32.

        Raises ValueError for another shape or dtype, a value out of range, and after `draft`.
        """
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise ValueError(f"a block {block.shape} is not (n, {self._channels})")
        if self._finished:
            raise ValueError("nothing can be written behind a draft")
        packed = _floats(block) if self._bits == 32 else _integers(block, self._bits)
        self._file.write(packed)
        self._data_bytes += len(packed)

    def draft(self) -> Path:
        """The path of the complete file, without its loudness in `bext`, for measuring.

        No more blocks can be written afterwards.
        """
        if not self._finished:
            if self._lead_out is not None:
                self.write(self._lead_out)
            self._finish()
            self._finished = True
        self._file.flush()
        return Path(self._file.name)

    def set_loudness(self, loudness: BextLoudness) -> None:
        """Write these values into the `bext` chunk. Raises ValueError without a `bext` chunk."""
        if b"bext" not in self._bodies:
            raise ValueError("a file without a bext chunk has no place for the loudness")
        self._patch(self._bodies[b"bext"] + broadcast_wave.BEXT_LOUDNESS_OFFSET, loudness.encoded())

    def _begin(self) -> None:
        self._file.write(b"RIFF" + bytes(4) + b"WAVE")
        self._bodies: dict[bytes, int] = {}
        for name, body in self._chunks:
            self._bodies[name] = self._file.tell() + 8
            self._file.write(chunk(name, body))
        self._file.write(b"data" + bytes(4))
        self._data_at = self._file.tell()

    def _finish(self) -> None:
        self._file.write(b"\0" * (self._data_bytes % 2))
        frames = self._data_bytes // (self._channels * self._bits // 8)
        if self._bits == 32:  # after the data: before it, libsndfile would stop reading an RF64
            self._file.write(chunk(b"fact", struct.pack("<I", min(frames, RIFF_LIMIT))))
        riff_bytes = self._file.tell() - 8
        large = riff_bytes > RIFF_LIMIT
        if large:
            sizes = struct.pack("<QQQI", riff_bytes, self._data_bytes, frames, 0)
            self._patch(0, b"RF64")
            self._patch(self._bodies[b"JUNK"] - 8, chunk(b"ds64", sizes))
        self._patch(4, _size(riff_bytes, large))
        self._patch(self._data_at - 4, _size(self._data_bytes, large))

    def _patch(self, offset: int, replacement: bytes) -> None:
        end = self._file.tell()
        self._file.seek(offset)
        self._file.write(replacement)
        self._file.seek(end)


def _size(count: int, large: bool) -> bytes:
    return struct.pack("<I", 0xFFFF_FFFF if large else count)


def _format(sample_rate_hz: int, channels: int, bits: Bits) -> bytes:
    tag = 3 if bits == 32 else 1
    frame = channels * bits // 8
    rates = struct.pack("<HIIHH", channels, sample_rate_hz, sample_rate_hz * frame, frame, bits)
    if channels <= 2:
        return struct.pack("<H", tag) + rates + (b"\0\0" if tag == 3 else b"")
    extension = struct.pack("<HHIH", 22, bits, _SPEAKERS[channels], tag) + _GUID_TAIL
    return struct.pack("<H", 0xFFFE) + rates + extension


def _integers(block: NDArray[Any], bits: int) -> bytes | memoryview:
    if block.dtype.kind != "i":
        raise ValueError(f"{bits}-bit samples are signed integers, not {block.dtype}")
    limit = 1 << (bits - 1)
    if block.size and not (-limit <= int(block.min()) and int(block.max()) < limit):
        raise ValueError(f"samples from {block.min()} to {block.max()} do not fit into {bits} bits")
    if bits == 16:
        return block.astype("<i2").tobytes()
    return _packed(block)


def _packed(block: NDArray[Any]) -> memoryview:
    """Three bytes per sample, little-endian: the lower two and the upper one.

    Written channel by channel, because the block is usually planar.
    """
    packed = np.empty((*block.shape, 3), np.uint8)
    lower, upper = np.ndarray(block.shape, "<u2", packed, strides=packed.strides[:2]), packed[:, :, 2]
    for channel, samples in enumerate(block.T):
        lower[:, channel] = samples
        upper[:, channel] = samples >> 16
    return packed.reshape(-1).data


def _floats(block: NDArray[Any]) -> bytes:
    if block.dtype.kind != "f" or not np.isfinite(block).all():
        raise ValueError("32-bit samples are finite floating-point numbers")
    return block.astype("<f4").tobytes()
