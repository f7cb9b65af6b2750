"""Protection of existing files: only files with this program's mark are replaced."""

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


_ELSEWHERE = "Move it away, or write to another folder with --out DIR."


def refuse_to_overwrite(path: Path) -> None:
    """Raise RenderError when `path` exists and was not written by this program.

    A WAV is recognised by the originator in its `bext` chunk, a report by its schema, a table by its header
    row, a page by its generator.
    """
    if os.path.lexists(path) and not _is_ours(_head(path)):
        raise RenderError(
            f"{printable(path)} already exists and was not rendered by this program.",
            hint=_ELSEWHERE,
        )


def _head(path: Path) -> bytes:
    if not path.is_file():
        return b""
    try:
        with open_regular(path) as file:
            return file.read(_HEAD)
    except OSError as error:
        raise RenderError(
            f"{printable(path)} cannot be replaced: {error.strerror}.", hint=_ELSEWHERE
        ) from error


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
