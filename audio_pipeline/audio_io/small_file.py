"""Reading of small text files with a size limit: presets, batch files, reports, lists of markers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from audio_pipeline.audio_io.regular_file import open_regular
from audio_pipeline.errors import AudioPipelineError


def read_small_bytes(
    path: Path, shown: str, what: str, limit_bytes: int, error: Callable[[str], AudioPipelineError]
) -> bytes:
    """The bytes of `path`.

    Raises `error(message)` when the file is missing, not a file, unreadable or larger than `limit_bytes`; the
    message names the file as `shown` and its type as `what`.
    """
    try:
        if not path.is_file():
            raise error(f"{shown} is not a file")
        with open_regular(path) as file:
            raw = file.read(limit_bytes + 1)
    except OSError as cause:
        raise error(f"{shown} cannot be read: {cause.strerror or cause}") from cause
    if len(raw) > limit_bytes:
        raise error(f"{shown} is larger than {limit_bytes // 1_000_000} MB: not a {what}")
    return raw


def read_small_text(
    path: Path, shown: str, what: str, limit_bytes: int, error: Callable[[str], AudioPipelineError]
) -> str:
    """The text of `path`, UTF-8 with or without a byte order mark, which Windows editors write.

    Raises `error` as `read_small_bytes` does, and for a file that is not UTF-8.
    """
    raw = read_small_bytes(path, shown, what, limit_bytes, error)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise error(f"{shown} is not UTF-8 text (byte {cause.start})") from cause
