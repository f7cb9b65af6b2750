"""Coded sound that a WAV passes off as samples: Dolby or DTS for a digital output, and DTS on a CD.

Played as samples it is noise near full scale. Source: IEC 61937-1 (the preamble of a burst: Pa F872h,
Pb 4E1Fh); ETSI TS 102 114 (the sync words of DTS).
"""

from __future__ import annotations

from audio_pipeline.audio_io.read.structure import Chunk
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

_LOOKED_AT_BYTES = 1 << 17
_BURSTS = 3
_IEC_61937 = "Dolby or DTS, as IEC 61937"
_SYNC_WORDS = (
    (b"\x72\xf8\x1f\x4e", _IEC_61937),
    (b"\xf8\x72\x4e\x1f", _IEC_61937),
    (b"\xff\x1f\x00\xe8", "DTS"),
    (b"\xfe\x7f\x01\x80", "DTS"),
)
_SYNC_WORDS_OF_24_BITS = ((b"\x72\xf8\x00\x1f\x4e", _IEC_61937),)


def coded_kind(file: RegularFile, data: Chunk, bits: int) -> str | None:
    """What the samples of `bits` bits are, in words, where they are coded sound; else None."""
    begin = file.bytes_at(data.body, min(data.size, _LOOKED_AT_BYTES))
    words = _SYNC_WORDS if bits == 16 else _SYNC_WORDS_OF_24_BITS
    return next((kind for word, kind in words if begin.count(word) >= _BURSTS), None)


def coded_sound(file: RegularFile, kind: str) -> StemError:
    """The error for coded sound that ffmpeg takes for samples, too."""
    return StemError(
        f"{file.name} holds coded sound ({kind}) in place of samples; it would be read as noise.",
        hint="Decode it first, and export it as WAV or FLAC.",
    )
