"""Makers of audio files, good and bad, byte by byte: the table of cases is made of them."""

from __future__ import annotations

import struct

import numpy as np

RATE = 48_000


def tone(seconds: float = 0.5, rate: int = RATE, channels: int = 1, peak: float = 0.5) -> np.ndarray:
    """`(n, channels)` of a 440 Hz sine, each channel a little softer than the one before."""
    t = np.arange(round(seconds * rate)) / rate
    gains = peak * 0.9 ** np.arange(channels)
    return np.sin(2 * np.pi * 440.0 * t)[:, None] * gains


def pcm16(x: np.ndarray) -> bytes:
    return np.round(np.clip(x, -1, 32767 / 32768) * 32768).astype("<i2").tobytes()


def float32(x: np.ndarray) -> bytes:
    with np.errstate(over="ignore"):
        return x.astype("<f4").tobytes()


def fmt(channels: int = 1, rate: int = RATE, bits: int = 16, tag: int = 1) -> bytes:
    frame = channels * bits // 8 & 0xFFFF
    return struct.pack("<HHIIHH", tag, channels, rate, rate * frame & 0xFFFFFFFF, frame, bits)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def wave(
    data: bytes,
    form: bytes | None = None,
    *,
    before: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    data_size: int | None = None,
    riff_size: int | None = None,
    trailing: bytes = b"",
) -> bytes:
    """A WAV: `form` and `data`, with chunks before, between and after, and sizes that may lie."""
    body = b"WAVE" + before + chunk(b"fmt ", fmt() if form is None else form) + between
    body += chunk(b"data", data, data_size) + after
    size = len(body) if riff_size is None else riff_size
    return b"RIFF" + struct.pack("<I", size) + body + trailing
