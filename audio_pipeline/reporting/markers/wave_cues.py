"""The cue chunk of a WAV as a marker list: cues with their labels, regions with their lengths.

Sources: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (cue, adtl: labl, ltxt).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

from audio_pipeline.audio_io.read.audio_file import probe
from audio_pipeline.audio_io.read.programme import programme_span
from audio_pipeline.audio_io.read.riff_chunks import riff_chunks
from audio_pipeline.audio_io.read.wave_structure import is_wave as begins_as_wave
from audio_pipeline.audio_io.regular_file import open_regular, regular_file
from audio_pipeline.errors import ReportError, StemError
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import Marker, MarkerList, named_marker

KIND = "cues of a WAV"
_POINT = struct.Struct("<II4sIII")
_MOST_BYTES = 1 << 20
"""The maximum size of a chunk, more than the maximum number of markers needs."""


def is_wave(path: Path) -> bool:
    """Whether a file begins as a WAV; False for a file that cannot be read."""
    if not path.is_file():
        return False
    try:
        with open_regular(path) as file:
            head = file.read(12)
    except OSError:
        return False
    return begins_as_wave(head)


def read_wave_cues(path: Path) -> MarkerList:
    """The cues of a WAV, in seconds of its programme. Raises ReportError for a file without cues."""
    try:
        info = probe(path)
        programme = programme_span(path, info)
    except StemError as error:
        raise ReportError(error.message, hint=error.hint) from error
    try:
        with regular_file(path) as file:
            chunks = [
                (c.name, file.bytes_at(c.body, min(c.size, _MOST_BYTES)))
                for c in riff_chunks(file)
                if c.name in (b"cue ", b"LIST")
            ]
    except OSError as error:
        raise ReportError(
            f"{path} cannot be read: {error.strerror or error}", hint=EXPORT_AGAIN
        ) from error
    labels: dict[int, str] = {}
    lengths: dict[int, int] = {}
    for name, body in chunks:
        if name == b"LIST" and body[:4] == b"adtl":
            _read_labels(body, labels, lengths)
    markers = [
        _marker(path, n, number, at - programme.start, labels, lengths, info.sample_rate_hz)
        for n, (number, at) in enumerate(_points(chunks), 1)
    ]
    if not markers:
        raise ReportError(
            f"{path} has no cues", hint="Export the WAV with markers, or export the markers as CSV."
        )
    return MarkerList(KIND, tuple(sorted(markers, key=lambda marker: marker.at)))


def _points(chunks: list[tuple[bytes, bytes]]) -> list[tuple[int, int]]:
    """The number and the sample of every cue."""
    body = next((body for name, body in chunks if name == b"cue "), b"")
    held = body[4 : 4 + (len(body) - 4) // _POINT.size * _POINT.size] if len(body) >= 4 else b""
    return [
        (number, sample if chunk == b"data" or not position else position)
        for number, position, chunk, _, _, sample in _POINT.iter_unpack(held)
    ]


def _read_labels(body: bytes, labels: dict[int, str], lengths: dict[int, int]) -> None:
    at = 4
    while at + 12 <= len(body):
        name, size, number = struct.unpack_from("<4sII", body, at)
        if name == b"labl":
            labels.setdefault(number, _text(body[at + 12 : at + 8 + size]))
        elif name == b"ltxt" and at + 16 <= len(body):
            lengths.setdefault(number, struct.unpack_from("<I", body, at + 12)[0])
        at += 8 + size + size % 2


def _text(raw: bytes) -> str:
    raw = raw.split(b"\0")[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _marker(
    path: Path,
    n: int,
    number: int,
    at: int,
    labels: dict[int, str],
    lengths: dict[int, int],
    sample_rate_hz: int,
) -> Marker:
    begin, length = Fraction(at, sample_rate_hz), lengths.get(number, 0)
    stop = begin + Fraction(length, sample_rate_hz) if length else None
    name = labels.get(number, "") or f"cue {number}"
    return named_marker(f"{path}, cue {n}", name, begin, stop, n)
