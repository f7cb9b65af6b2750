"""WAV files that tell their own time: makers of `bext`, `iXML` and cue chunks."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from tests.audio_io.wave_makers import RATE, chunk, fmt, pcm16

SECONDS = 6
HOUR = 3600 * RATE
Cues = Sequence[tuple[str, int]]


def sound() -> bytes:
    noise = np.random.default_rng(6).uniform(-0.1, 0.1, (SECONDS * RATE, 1))
    return pcm16(noise)


SOUND = sound()


def bext(time_reference: int) -> bytes:
    return chunk(b"bext", bytes(338) + struct.pack("<Q", time_reference) + bytes(256))


def ixml(
    rate: str = "25/1", flag: str = "NDF", start: int | None = None, points: str = "", encoding: str = "utf-8"
) -> bytes:  # fmt: skip
    stamp = ""
    if start is not None:
        high, low = divmod(start, 1 << 32)
        name = "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT"
        stamp = f"<{name}_HI>{high}</{name}_HI><{name}_LO>{low}</{name}_LO>"
        stamp += f"<TIMESTAMP_SAMPLE_RATE>{RATE}</TIMESTAMP_SAMPLE_RATE>"
    speed = f"<TIMECODE_RATE>{rate}</TIMECODE_RATE><TIMECODE_FLAG>{flag}</TIMECODE_FLAG>{stamp}"
    text = f'<?xml version="1.0"?><BWFXML><SPEED>{speed}</SPEED>{points}</BWFXML>'
    return chunk(b"iXML", text.encode(encoding))


def sync_point(
    at: int, comment: str = "", kind: str = "RELATIVE", function: str = "SLATE_GENERIC"
) -> str:
    high, low = divmod(at, 1 << 32)
    return (
        f"<SYNC_POINT><SYNC_POINT_TYPE>{kind}</SYNC_POINT_TYPE>"
        f"<SYNC_POINT_FUNCTION>{function}</SYNC_POINT_FUNCTION>"
        f"<SYNC_POINT_COMMENT>{comment}</SYNC_POINT_COMMENT>"
        f"<SYNC_POINT_LOW>{low}</SYNC_POINT_LOW><SYNC_POINT_HIGH>{high}</SYNC_POINT_HIGH></SYNC_POINT>"
    )


def cue_points(cues: Cues, by_position: bool = False) -> bytes:
    points = [
        struct.pack("<II4sIII", n, at, b"data", 0, 0, 0 if by_position else at)
        for n, (_, at) in enumerate(cues, 1)
    ]
    return chunk(b"cue ", struct.pack("<I", len(cues)) + b"".join(points))


def labels(cues: Cues, kind: bytes = b"labl", encoding: str = "utf-8") -> bytes:
    parts = []
    for number, (name, _) in enumerate(cues, 1):
        between = struct.pack("<I4s4H", 480, b"rgn ", 0, 0, 0, 0) if kind == b"ltxt" else b""
        parts.append(chunk(kind, struct.pack("<I", number) + between + name.encode(encoding) + b"\0"))
    return chunk(b"LIST", b"adtl" + b"".join(parts))


def wav(*after: bytes, before: bytes = b"", data_size: int | None = None) -> bytes:
    body = b"WAVE" + before + chunk(b"fmt ", fmt()) + chunk(b"data", SOUND, data_size) + b"".join(after)
    return b"RIFF" + struct.pack("<I", len(body)) + body
