"""Tagged listening copies, encoded reproducibly by libsndfile: FLAC, lossless, and Opus."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import soundfile
import soxr

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.errors import RenderError

_OPUS_RATE_HZ = 48_000
_BLOCK = 262_144
_SERIAL = (0x72656E64).to_bytes(4, "little")
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_COMMENT = "Listening copy by render-ending"


def write_tagged_copy(master: Path, copy: Path, title: str, album: str) -> None:
    """Encode the programme of `master` as `copy`, .flac or .opus.

    FLAC holds the samples of the master, Opus is at 48 kHz. Raises RenderError when the encoder fails,
    StemError when the master cannot be read.
    """
    info = programme_info(master)
    opus = copy.suffix == ".opus"
    rate_hz = _OPUS_RATE_HZ if opus else info.sample_rate_hz
    kind = ("OGG", "OPUS") if opus else ("FLAC", "PCM_16" if info.subtype == "PCM_16" else "PCM_24")
    resampler = None
    if rate_hz != info.sample_rate_hz:
        resampler = soxr.ResampleStream(info.sample_rate_hz, rate_hz, info.channels, dtype="float64")
    try:
        with soundfile.SoundFile(copy, "x", rate_hz, info.channels, kind[1], format=kind[0]) as file:
            file.title, file.album, file.comment = title, album, _COMMENT
            for block in programme_blocks(master, _BLOCK):
                if opus:
                    file.write(block if resampler is None else resampler.resample_chunk(block))
                else:  # integers in the upper bits: libsndfile rounds a float down
                    file.write(np.rint(block * 2.0**31).clip(-(2.0**31), 2.0**31 - 1).astype(np.int32))
            if resampler is not None:
                file.write(resampler.resample_chunk(np.zeros((0, info.channels)), last=True))
    except (OSError, soundfile.SoundFileError) as error:
        raise RenderError(
            f"{printable(copy)} cannot be encoded: {error}", hint="Check the free space on the disk."
        ) from error
    if opus:
        copy.write_bytes(with_serial(copy.read_bytes(), _SERIAL))


def with_serial(stream: bytes, serial: bytes) -> bytes:
    """The Ogg stream with `serial` in every page; libsndfile chooses a random one.

    Source: RFC 3533, section 6: bytes 14 to 17 of a page are the serial number, 22 to 25 the checksum.
    Raises ValueError for an invalid Ogg stream.
    """
    pages, at = [], 0
    while at < len(stream):
        if stream[at : at + 4] != b"OggS" or len(stream) < at + 27:
            raise ValueError(f"no Ogg page at byte {at}")
        segments = stream[at + 26]
        size = 27 + segments + sum(stream[at + 27 : at + 27 + segments])
        page = bytearray(stream[at : at + size])
        page[14:18], page[22:26] = serial, bytes(4)
        page[22:26] = _ogg_checksum(page).to_bytes(4, "little")
        pages.append(bytes(page))
        at += size
    return b"".join(pages)


def _ogg_checksum(page: bytes | bytearray) -> int:
    """The CRC-32 of Ogg: zlib's polynomial in the reverse bit order, starting from 0."""
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)
