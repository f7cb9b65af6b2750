"""Detection of coded audio in the samples of a WAV: Dolby or DTS for a digital output, and DTS on a CD.

Played as samples it is noise near full scale. Source: IEC 61937-1 (the preamble of a burst: Pa F872h,
Pb 4E1Fh); ETSI TS 102 114 (the sync words of DTS).
"""

from __future__ import annotations

from itertools import pairwise

from audio_pipeline.audio_io.read.structure import Chunk
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

_LOOKED_AT_BYTES = 1 << 17
_BURSTS = 3


@dataclass(frozen=True)
class _Sync:
    """A sync word at the start of a burst; the next 16 bits, under `mask`, must equal `following`."""

    word: bytes
    kind: str
    following: int = 0
    mask: int = 0


_IEC_61937 = "Dolby or DTS, as IEC 61937"
# DTS sync words are samples at full scale, which also occur in clipped audio; DTS frames are regular and
# begin with a six-bit mark
_OF_16_BITS = (
    _Sync(b"\x72\xf8\x1f\x4e", _IEC_61937),
    _Sync(b"\xf8\x72\x4e\x1f", _IEC_61937),
    _Sync(b"\xff\x1f\x00\xe8", "DTS", 0x07F0, 0xFFF0),
    _Sync(b"\xfe\x7f\x01\x80", "DTS", 0xFC00, 0xFC00),
)
_OF_24_BITS = (_Sync(b"\x72\xf8\x00\x1f\x4e", _IEC_61937),)


def coded_kind(file: RegularFile, data: Chunk, bits: int) -> str | None:
    """A description of the coded audio in samples of `bits` bits; None if the samples are not coded."""
    begin = file.bytes_at(data.body, min(data.size, _LOOKED_AT_BYTES))
    syncs = _OF_16_BITS if bits == 16 else _OF_24_BITS
    return next((sync.kind for sync in syncs if _is_regular(_places(begin, sync))), None)


def _places(begin: bytes, sync: _Sync) -> list[int]:
    """The positions of the bursts."""
    found = []
    at = begin.find(sync.word)
    while at >= 0:
        after = at + len(sync.word)
        if int.from_bytes(begin[after : after + 2], "little") & sync.mask == sync.following:
            found.append(at)
        at = begin.find(sync.word, after)
    return found


def _is_regular(places: list[int]) -> bool:
    """Whether the bursts are equally spaced."""
    gaps = [later - earlier for earlier, later in pairwise(places)]
    return len(places) >= _BURSTS and any(one == other for one, other in pairwise(gaps))


def coded_sound(file: RegularFile, kind: str) -> StemError:
    """The error for coded audio, which ffmpeg also reads as samples."""
    return StemError(
        f"{file.name} holds coded sound ({kind}) in place of samples; it would be read as noise.",
        hint="Decode it first, and export it as WAV or FLAC.",
    )
