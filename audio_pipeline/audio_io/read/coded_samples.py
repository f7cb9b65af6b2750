"""Coded sound that a WAV passes off as samples: Dolby or DTS for a digital output, and DTS on a CD.

Played as samples it is noise near full scale. Source: IEC 61937-1 (the preamble of a burst: Pa F872h,
Pb 4E1Fh); ETSI TS 102 114 (the sync words of DTS).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from audio_pipeline.audio_io.read.structure import Chunk
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

_LOOKED_AT_BYTES = 1 << 17
_BURSTS = 3


@dataclass(frozen=True)
class _Sync:
    """A word that begins a burst: the 16 bits after it, where they tell something, and how much of them."""

    word: bytes
    kind: str
    following: int = 0
    mask: int = 0


_IEC_61937 = "Dolby or DTS, as IEC 61937"
# the words of DTS are samples at full scale, as clipped sound has them: its frames are regular, and begin
# with a mark of six bits
_OF_16_BITS = (
    _Sync(b"\x72\xf8\x1f\x4e", _IEC_61937),
    _Sync(b"\xf8\x72\x4e\x1f", _IEC_61937),
    _Sync(b"\xff\x1f\x00\xe8", "DTS", 0x07F0, 0xFFF0),
    _Sync(b"\xfe\x7f\x01\x80", "DTS", 0xFC00, 0xFC00),
)
_OF_24_BITS = (_Sync(b"\x72\xf8\x00\x1f\x4e", _IEC_61937),)


def coded_kind(file: RegularFile, data: Chunk, bits: int) -> str | None:
    """What the samples of `bits` bits are, in words, where they are coded sound; else None."""
    begin = file.bytes_at(data.body, min(data.size, _LOOKED_AT_BYTES))
    syncs = _OF_16_BITS if bits == 16 else _OF_24_BITS
    return next((sync.kind for sync in syncs if _is_regular(_places(begin, sync))), None)


def _places(begin: bytes, sync: _Sync) -> list[int]:
    """Where bursts begin."""
    found = []
    at = begin.find(sync.word)
    while at >= 0:
        after = at + len(sync.word)
        if int.from_bytes(begin[after : after + 2], "little") & sync.mask == sync.following:
            found.append(at)
        at = begin.find(sync.word, after)
    return found


def _is_regular(places: list[int]) -> bool:
    """Whether bursts follow each other at one distance."""
    gaps = [later - earlier for earlier, later in pairwise(places)]
    return len(places) >= _BURSTS and any(one == other for one, other in pairwise(gaps))


def coded_sound(file: RegularFile, kind: str) -> StemError:
    """The error for coded sound that ffmpeg takes for samples, too."""
    return StemError(
        f"{file.name} holds coded sound ({kind}) in place of samples; it would be read as noise.",
        hint="Decode it first, and export it as WAV or FLAC.",
    )
