"""The lengths of the audio tracks of an MPEG-4 or QuickTime file, from its header.

ffmpeg reports only the duration of the complete file; a film's picture may be longer than its audio.
Source: ISO/IEC 14496-12 (mvhd, trak, elst, mdhd, hdlr).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.records import dataclass

_MOST_BOXES = 1000
"""Boxes examined in one box; files have about ten."""
_MOST_EDITS = 1000
_NO_MEDIA = -1
"""The media time of an empty edit: the audio begins later than the picture."""


@dataclass(frozen=True)
class _Box:
    kind: bytes
    begin: int
    end: int


@dataclass(frozen=True)
class SoundTrack:
    """The length of an audio track after its edits, in seconds, or None if the file does not state it.

    `is_trimmed`: whether an edit skips the beginning, such as the delay of an encoder.
    """

    length_s: Fraction | None
    is_trimmed: bool


def sound_length_s(file: RegularFile) -> Fraction | None:
    """The length of the first audio track after its edits, in seconds.

    None when the file does not state it: a fragmented or damaged file.
    """
    return next((track.length_s for track in sound_tracks(file)), None)


def sound_tracks(file: RegularFile) -> list[SoundTrack]:
    """The audio tracks in order; empty if the file has no index."""
    movie = _only(file, _Box(b"", 0, file.size), b"moov")
    header = movie and _only(file, movie, b"mvhd")
    if movie is None or header is None:
        return []
    movie_scale, _ = _scale_and_duration(file, header)
    found = []
    for track in (box for box in _boxes(file, movie) if box.kind == b"trak"):
        media = _only(file, track, b"mdia")
        handler = media and _only(file, media, b"hdlr")
        if media is None or handler is None or file.bytes_at(handler.begin + 8, 4) != b"soun":
            continue
        edits = _edits(file, track)
        played = sum(duration for duration, _ in edits)
        trimmed = bool(edits) and edits[0][1] > 0
        if played and movie_scale:
            found.append(SoundTrack(Fraction(played, movie_scale), trimmed))
            continue
        media_header = _only(file, media, b"mdhd")
        scale, duration = (0, 0) if media_header is None else _scale_and_duration(file, media_header)
        found.append(SoundTrack(Fraction(duration, scale) if scale and duration else None, trimmed))
    return found


def _boxes(file: RegularFile, inside: _Box) -> Iterator[_Box]:
    """The boxes directly inside a box, up to the first malformed one."""
    at = inside.begin
    for _ in range(_MOST_BOXES):
        head = file.bytes_at(at, 16)
        if len(head) < 8 or at >= inside.end:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        body = 8
        if size == 1 and len(head) == 16:
            size, body = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = inside.end - at
        if size < body:
            return
        yield _Box(kind, at + body, min(at + size, inside.end))
        at += size


def _only(file: RegularFile, inside: _Box, kind: bytes) -> _Box | None:
    return next((box for box in _boxes(file, inside) if box.kind == kind), None)


def _scale_and_duration(file: RegularFile, header: _Box) -> tuple[int, int]:
    """The time scale, and the duration in its units, of an mvhd or mdhd box; 0 for unknown values."""
    content = file.bytes_at(header.begin, 32)
    if len(content) < 32:
        return 0, 0
    scale, duration = struct.unpack_from(*((">IQ", content, 20) if content[0] else (">II", content, 12)))
    unknown = duration == (2**64 if content[0] else 2**32) - 1
    return scale, 0 if unknown else duration


def _edits(file: RegularFile, track: _Box) -> list[tuple[int, int]]:
    """The edits of a track: (duration in the movie's units, start in the media)."""
    edits = _only(file, track, b"edts")
    table = edits and _only(file, edits, b"elst")
    if table is None:
        return []
    head = file.bytes_at(table.begin, 8)
    count = min(int.from_bytes(head[4:8], "big"), _MOST_EDITS)
    entry = struct.Struct(">Qqi" if head[:1] == b"\x01" else ">Iii")
    listed = file.bytes_at(table.begin + 8, count * entry.size)
    whole = listed[: len(listed) // entry.size * entry.size]
    return [(duration, media) for duration, media, _ in entry.iter_unpack(whole) if media != _NO_MEDIA]
