"""Detection of the data after the samples of a WAV with an untrusted size: chunks, padding or more audio."""

from __future__ import annotations

import re
import struct

import numpy as np

from audio_pipeline.audio_io.read.structure import SampleForm
from audio_pipeline.audio_io.regular_file import RegularFile

_NAMES_IN_USE = (
    "LIST bext iXML cue fact smpl inst plst note labl ltxt JUNK junk PAD FLLR Fake FAKE data fmt ds64"
    " id3 ID3 axml bxml aXML chna ubxt sxml cart levl link qlty umid DISP PEAK acid strc afsp minf elm1"
    " regn ovwf LGWV SyLp Cr8r AFAn _PMX dbmd LISA wavl slnt ResU tlst SAUR MEXT SMED PrCn LGU AFmd"
)
KNOWN = frozenset(name.encode().ljust(4) for name in _NAMES_IN_USE.split())
"""Names of chunks in WAV files."""

_NAMES = re.compile(
    b"|".join([b"RI(?:FF|FX)....WAVE", *(re.escape(name) for name in sorted(KNOWN))]), re.DOTALL
)
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"RIFF", b"RF64")
"""Data after the audio: tags of music players, another file joined on."""
_FILES = (b"RIFF", b"RF64", b"BW64", b"RIFX", b"FORM", b"OggS", b"fLaC")
"""Magic bytes of files, which are not names of chunks."""
_MOST_CHUNKS = 4096
_TAIL_BYTES = 8 << 20
_NEAR_TAIL_BYTES = 1 << 16
_SHORTEST_SOUND_S = 0.1
_LOUDER = 4.0
"""Data after the stated end is not audio if it is louder than the preceding audio by more than this factor:
other bytes, read as samples, are near full scale.
"""


def is_name(name: bytes) -> bool:
    """Whether `name` is four printable bytes, a possible name of a chunk."""
    return len(name) == 4 and all(32 <= c < 127 for c in name)


def chain_end(file: RegularFile, offset: int, end: str) -> int:
    """The end of the chunks from `offset` on; `offset` if no chunk follows.

    The last chunk may state more bytes than the file holds.
    """
    for _ in range(_MOST_CHUNKS):
        header = file.bytes_at(offset, 8)
        if len(header) < 8 or not is_name(header[:4]) or header[:4] in _FILES:
            return offset
        size = struct.unpack(end + "I", header[4:])[0]
        if offset + 8 + size > file.size and header[:4] not in KNOWN:
            return offset
        stop = offset + 8 + size
        named = file.bytes_at(stop, 5)
        bare = size % 2 and named[:4] in KNOWN and named[1:] not in KNOWN
        offset = stop if bare else stop + size % 2
    return offset


def sound_end(file: RegularFile, body: int, end: str) -> int:
    """The latest end of the samples that begin at `body`: at chunks, a tag or the end of the file."""
    later = _chunks_in(file, max(body, file.size - _TAIL_BYTES), end)
    if later is not None:
        return later
    tagged = file.size - 128  # ID3 of version 1
    return tagged if tagged > body and file.bytes_at(tagged, 3) == b"TAG" else file.size


def trailing_chunks(file: RegularFile, body: int, end: str) -> int | None:
    """The start of chunks that lead exactly to the end of the file, or None; searches only its last 64 KiB."""
    return _chunks_in(file, max(body, file.size - _NEAR_TAIL_BYTES), end)


def sounds_on(file: RegularFile, form: SampleForm, body: int, offset: int) -> bool:
    """Whether the samples from `body` continue after `offset`, their stated end, to the end of the file.

    The data after `offset` must not be a tag or padding, must be long enough, and must not be much louder than
    the samples before it.
    """
    seconds = (file.size - offset) / max(1, form.frame_bytes * form.rate_hz)
    following = file.bytes_at(offset, 1 << 20)
    if not form.is_plain or seconds < _SHORTEST_SOUND_S:
        return False
    if following.startswith(_TAGS) or following[:4] in KNOWN:
        return False
    before = file.bytes_at(max(body, offset - (1 << 20)), min(1 << 20, offset - body))
    loud = _rms(following, form)
    return 0.0 < loud <= _LOUDER * _rms(before, form)


def is_blank(file: RegularFile, offset: int) -> bool:
    """Whether only zeros follow from `offset` on; False if there are too many to check."""
    if file.size - offset > _TAIL_BYTES:
        return False
    return not any(file.bytes_at(offset, file.size - offset))


def _chunks_in(file: RegularFile, start: int, end: str) -> int | None:
    tail = file.bytes_at(start, file.size - start)
    for match in _NAMES.finditer(tail):
        at = start + match.start()
        if match[0].endswith(b"WAVE"):  # another file, joined on
            return at
        reached = chain_end(file, at, end)
        form = tail[match.start() + 8 : match.start() + 12]
        is_list = match[0] == b"LIST" and form in (b"INFO", b"adtl")
        if reached > at and (_ends_there(file, reached) or (is_list and reached >= file.size)):
            return at
    return None


def _ends_there(file: RegularFile, reached: int) -> bool:
    return reached in (file.size, file.size + 1) or (reached < file.size and is_blank(file, reached))


def _rms(data: bytes, form: SampleForm) -> float:
    """The RMS of bytes read as samples of the file's format, from a frame boundary; full scale is 1."""
    bits = form.bits
    kinds = {(1, 16): "i2", (1, 32): "i4", (3, 32): "f4", (3, 64): "f8"}
    if (form.codec, bits) == (1, 24):
        words = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(-1, 3)
        top = words[:, 2 if form.end == "<" else 0].astype(np.int8)
        return float(np.sqrt(np.mean((top / 128.0) ** 2))) if len(top) else 0.0
    kind = kinds.get((form.codec, bits))
    if kind is None:
        return 0.0
    samples = np.frombuffer(data[: len(data) // (bits // 8) * (bits // 8)], form.end + kind)
    with np.errstate(all="ignore"):
        scaled = samples.astype(np.float64) / (2.0 ** (bits - 1) if kind[0] == "i" else 1.0)
        level = float(np.sqrt(np.mean(scaled**2))) if len(scaled) else 0.0
    return level if np.isfinite(level) else np.inf
