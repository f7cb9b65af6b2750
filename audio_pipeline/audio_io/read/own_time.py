"""The time information in a file: its start, its picture rate, and its cues.

Sources: EBU Tech 3285 (`bext`), the iXML specification 2.10 (SPEED, SYNC_POINT_LIST), "Multimedia
Programming Interface and Data Specifications 1.0" (`cue `, `labl`, `ltxt`), Apple's AIFF 1.3 (MARK).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from fractions import Fraction

from audio_pipeline.audio_io.read.containers import byte_order, chunks_of
from audio_pipeline.audio_io.read.ixml import Ixml, ixml_of
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.timecode import PictureRate

MOST_CUES = 10_000
MOST_NAME = 100
_MOST_BYTES = 1 << 20
"""The maximum number of bytes read of a chunk."""
_TIME_REFERENCE = 338
"""Offset of the 64-bit time reference in `bext`: after 256 + 32 + 32 + 10 + 8 bytes of text."""
_ORIGINATOR = slice(256, 288)
_CUE = "II4sIII"


@dataclass(frozen=True)
class OwnTime:
    """The time information of a file; unstated values are None or empty.

    `start_s` is the first sample in seconds since midnight; `cues` are names and samples from the start of the
    file, in order; `sources` are pairs of a value ("start", "rate", "cues") and its chunk; `warnings` are
    sentences; `originator` is the program named in `bext`.
    """

    start_s: Fraction | None = None
    rate: PictureRate | None = None
    cues: tuple[tuple[str, int], ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    originator: str = ""


def own_time(path: str | os.PathLike[str], frames: int, sample_rate_hz: int) -> OwnTime:
    """The time information of the file at `path`; empty for a file without these chunks.

    `frames` and `sample_rate_hz` describe its audio; cues outside it are left out. Raises StemError for a file
    that cannot be read.
    """
    with regular_file(path) as file:
        return _time_of(file.name, _bodies(file), byte_order(file), frames, sample_rate_hz)


def _bodies(file: RegularFile) -> dict[bytes, bytes]:
    """The bodies of the chunks with time information: the first of each name, and of LIST the labels."""
    found: dict[bytes, bytes] = {}
    for chunk in chunks_of(file):
        if chunk.name not in (b"bext", b"iXML", b"cue ", b"LIST", b"MARK"):
            continue
        body = file.bytes_at(chunk.body, min(chunk.size, _MOST_BYTES))
        if chunk.name != b"LIST" or body[:4] == b"adtl":
            found.setdefault(chunk.name, body)
    return found


def _time_of(name: str, bodies: Mapping[bytes, bytes], end: str, frames: int, rate_hz: int) -> OwnTime:
    ixml = ixml_of(bodies.get(b"iXML", b""))
    bext = bodies.get(b"bext", b"")
    sources, warnings = [], []
    start_s = None
    if len(bext) >= _TIME_REFERENCE + 8:
        start_s = Fraction(struct.unpack_from(end + "Q", bext, _TIME_REFERENCE)[0], rate_hz)
        sources.append(("start", "bext"))
        if ixml.start_s(rate_hz) not in (None, start_s):
            warnings.append(
                f"{name} states one start in bext and another in iXML; that of bext is used."
            )
    elif (start_s := ixml.start_s(rate_hz)) is not None:
        sources.append(("start", "iXML"))
    if ixml.rate is not None:
        sources.append(("rate", "iXML"))
    elif ixml.stated_rate:
        warnings.append(
            f"{name} states a picture rate in iXML that is unknown here: {ixml.stated_rate}."
        )
    cues = _marked(bodies.get(b"MARK", b"")) or _cued(bodies, end)
    source = "MARK" if b"MARK" in bodies else "cue"
    if not cues:
        cues, source = _synced(ixml, start_s, rate_hz), "iXML"
    inside = sorted((cue for cue in cues if 0 <= cue[1] <= frames), key=lambda cue: cue[1])
    if inside:
        sources.append(("cues", source))
    if outside := len(cues) - len(inside):
        plural = "1 cue" if outside == 1 else f"{outside} cues"
        warnings.append(f"{name} has {plural} outside its sound.")
    writer = bext[_ORIGINATOR].rstrip(b"\0").decode("utf-8", errors="replace")
    return OwnTime(
        start_s, ixml.rate, tuple(inside[:MOST_CUES]), tuple(sources), tuple(warnings), writer
    )


def _cued(bodies: Mapping[bytes, bytes], end: str) -> list[tuple[str, int]]:
    """The points of `cue `, with their labels."""
    points = bodies.get(b"cue ", b"")[4:]
    names = _labels(bodies.get(b"LIST", b""), end)
    entry = struct.Struct(end + _CUE)
    cues = []
    for number, position, _, _, _, offset in entry.iter_unpack(points[: len(points) // 24 * 24]):
        # some programs fill in only one of the two fields, most fill in both
        cues.append((_clean(names.get(number, b""), f"cue {number}"), offset or position))
    return cues


def _labels(body: bytes, end: str) -> dict[int, bytes]:
    """The text of each cue by its number: from `labl`, otherwise `ltxt`, otherwise `note`."""
    found: dict[bytes, dict[int, bytes]] = {b"labl": {}, b"ltxt": {}, b"note": {}}
    at = 4
    while at + 12 <= len(body):
        name, size, number = struct.unpack_from(end + "4sII", body, at)
        text = body[at + (28 if name == b"ltxt" else 12) : at + 8 + size].split(b"\0")[0]
        if name in found and text.strip():
            found[name].setdefault(number, text)
        at += 8 + size + size % 2
    return {**found[b"note"], **found[b"ltxt"], **found[b"labl"]}


def _marked(body: bytes) -> list[tuple[str, int]]:
    """The markers of an AIFF: each is a number, a position and a Pascal string padded to an even size."""
    cues, at = [], 2
    while at + 7 <= len(body):
        number, place, length = struct.unpack_from(">HIB", body, at)
        cues.append((_clean(body[at + 7 : at + 7 + length], f"cue {number}"), place))
        at += 7 + length + (length + 1) % 2
    return cues


def _synced(ixml: Ixml, start_s: Fraction | None, rate_hz: int) -> list[tuple[str, int]]:
    """The sync points of an iXML; points that count from midnight need the file's start."""
    cues = []
    for point in ixml.sync_points:
        place = point.samples
        if point.from_midnight:
            if start_s is None:
                continue
            place -= round(start_s * rate_hz)
        cues.append((_clean(point.name.encode(), "sync point"), place))
    return cues


def _clean(raw: bytes, otherwise: str) -> str:
    """A printable name, decoded from UTF-8 or from Windows code page 1252."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    shown = "".join(c if c.isprintable() else " " for c in text).strip()
    return shown[:MOST_NAME] or otherwise
