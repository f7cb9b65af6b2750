"""Only what this program wrote before is ever replaced: it carries the program's mark."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.regular_file import open_regular
from audio_pipeline.audio_io.write.chunks import ORIGINATOR
from audio_pipeline.errors import RenderError

_HEAD = 4096
_ORIGINATOR_AT = 256  # in the body of `bext`, EBU Tech 3285
_MARKS = (
    b'"schema": "LoudnessReport.1"',
    b'"schema": "LoudnessReport.2"',
    b'"schema": "Batch.1"',
    b'"schema": "DeliveryOverview.1"',
    b"mix,language,delivery,version,",
    b"mix,preset,language,overrides,",
    b"language,voice,seconds_too_long,",
    b'<meta name="generator" content="render-ending',
)


def refuse_to_overwrite(path: Path) -> None:
    """Raise RenderError when something is at `path` that is no earlier work of this program.

    A WAV is known by the originator in its `bext` chunk, a report by its schema, a table by its head,
    a page by its generator.
    """
    if os.path.lexists(path) and not _is_ours(_head(path)):
        raise RenderError(
            f"{printable(path)} is there already and was not rendered by this program.",
            hint="Move it away, or write to another folder with --out DIR.",
        )


def _head(path: Path) -> bytes:
    if not path.is_file():
        return b""
    try:
        with open_regular(path) as file:
            return file.read(_HEAD)
    except OSError as error:
        raise RenderError(f"{printable(path)} cannot be replaced: {error.strerror}.") from error


def _is_ours(head: bytes) -> bool:
    if head[:4] in (b"RIFF", b"RF64"):
        return _originator(head) == ORIGINATOR.encode()
    return any(mark in head for mark in _MARKS)


def _originator(head: bytes) -> bytes:
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack("<4sI", head[at : at + 8])
        if name == b"bext":
            start = at + 8 + _ORIGINATOR_AT
            return head[start : start + 32].rstrip(b"\0")
        at += 8 + size + size % 2
    return b""
