"""Read the text of a marker list in any common encoding."""

from __future__ import annotations

import codecs
import re
from functools import partial
from pathlib import Path

from audio_pipeline.audio_io.small_file import read_small_bytes
from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN

MAX_BYTES = 4_000_000

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, the longer first: the mark of UTF-32 begins with that of UTF-16."""
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f]")


def read_text(path: Path) -> str:
    """The text of `path`, in a Unicode encoding, Windows-1252 or Mac Roman; lines end in "\\n".

    Raises ReportError when it cannot be read, is too large, or is not text.
    """
    raw = read_small_bytes(
        path, str(path), "marker list", MAX_BYTES, partial(ReportError, hint=EXPORT_AGAIN)
    )
    text = _decoded(path, raw).replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text.rstrip("\0\x1a")):
        raise ReportError(f"{path} is not text", hint="Export the markers as CSV, EDL, text or XML.")
    return text.rstrip("\0\x1a")


def _decoded(path: Path, raw: bytes) -> str:
    for encoding in (*(name for mark, name in _MARKS if raw.startswith(mark)), *_guessed(raw)):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReportError(f"{path} is not text in a known encoding", hint="Save it as UTF-8.")


def _guessed(raw: bytes) -> list[str]:
    """Encodings to try for text without a mark. ASCII in UTF-16 has a zero in every second byte."""
    head = raw[:200]
    if head[1::2].count(0) > len(head) // 4:
        return ["utf-16-le"]
    if head[::2].count(0) > len(head) // 4:
        return ["utf-16-be"]
    old_mac = b"\r" in raw and b"\n" not in raw
    return ["utf-8", "mac_roman" if old_mac else "cp1252"]
