"""Small files that would make a decoder take much: tables of absurd size, hours of silence, 1000:1."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.audio_io.wave_makers import chunk, fmt

_RATE = 48_000
_SILENT_AAC = bytes.fromhex("21004990021900238000")[:9]
"""One frame of 1024 samples of silence in stereo, AAC-LC."""
_STEREO_AT_48_KHZ = bytes((0x11, 0x90))
"""AudioSpecificConfig: AAC-LC, 48 kHz, two channels."""


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, *content: bytes) -> bytes:
    return _box(kind, bytes(4), *content)


def _long(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def m4a(
    frames: int,
    samples: int | None = None,
    sizes: bytes | None = None,
    times: bytes | None = None,
    chunks: bytes | None = None,
    runs: bytes | None = None,
    tracks: int = 1,
    edits: bytes = b"",
) -> bytes:
    """An M4A of `frames` AAC frames in one chunk, tables of the sound replaced by those that are given;
    each track has the same."""
    stated = 1024 * frames if samples is None else samples
    head = _box(b"ftyp", b"M4A ", _long(512), b"M4A isom")
    config = b"\x05" + bytes((len(_STEREO_AT_48_KHZ),)) + _STEREO_AT_48_KHZ
    decoder = b"\x04" + bytes((13 + len(config),)) + b"\x40\x15" + bytes(11) + config
    descriptor = b"\x03" + bytes((3 + len(decoder) + 3,)) + bytes(3) + decoder + b"\x06\x01\x02"
    entry = bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">HHIHH", 2, 16, 0, _RATE, 0)
    described = _box(b"mp4a", entry, _full(b"esds", descriptor))
    table = _box(
        b"stbl",
        _full(b"stsd", _long(1), described),
        _full(b"stts", times or _long(1, frames, 1024)),
        _full(b"stsc", runs or _long(1, 1, frames, 1)),
        _full(b"stsz", sizes or _long(len(_SILENT_AAC), frames)),
        _full(b"stco", chunks or _long(1, len(head) + 8)),
    )
    info = _box(
        b"minf", _full(b"smhd", bytes(4)), _box(b"dinf", _full(b"dref", _long(1), _full(b"url "))), table
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", _long(0, 0, _RATE, min(stated, 0xFFFF_FFFF), 0)),
        _full(b"hdlr", bytes(4), b"soun", bytes(13)),
        info,
    )
    unity = _long(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    edit = _box(b"edts", _full(b"elst", edits)) if edits else b""
    sound = b"".join(
        _box(
            b"trak",
            _full(b"tkhd", _long(0, 0, 1 + n, 0, 0), bytes(16), unity, bytes(8)),
            edit,
            media,
        )
        for n in range(tracks)
    )
    movie = _full(
        b"mvhd",
        _long(0, 0, _RATE, min(stated, 0xFFFF_FFFF), 0x10000),
        bytes(12),
        unity,
        bytes(24),
        _long(9),
    )
    kept = min(frames, 2000)
    return head + _box(b"mdat", _SILENT_AAC * kept) + _box(b"moov", movie, sound)


def _m4a_of_one_chunk_again_and_again(times: int = 56) -> bytes:
    """Every chunk of 1000 frames, 21 s, is the same bytes."""
    return m4a(1000 * times, runs=_long(1, 1, 1000, 1), chunks=_long(times, *([32] * times)))


def flac(minutes: float, channels: int, rate: int = _RATE) -> bytes:
    """Silence after one click."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, channels, "PCM_16", format="FLAC") as file:
        block = np.zeros((rate * 60, channels), dtype="int16")
        block[100] = 9000
        for _ in range(round(minutes)):
            file.write(block)
            block[100] = 0
    return out.getvalue()


def _flac_of_absurd_header() -> bytes:
    """A second that states 2^36 − 1 samples in the header."""
    data = bytearray(flac(1, 1))
    data[8 + 13] |= 0x0F
    data[8 + 14 : 8 + 18] = b"\xff\xff\xff\xff"
    return bytes(data)


def encoded(minutes: float, channels: int, format_: str, subtype: str) -> bytes:
    """Silence after a click, as libsndfile encodes it."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", _RATE, channels, subtype, format=format_) as file:
        block = np.zeros((_RATE, channels), dtype="float32")  # some encoders overrun with more at once
        block[100] = 0.3
        for _ in range(round(60 * minutes)):
            file.write(block)
            block[100] = 0.0
    return out.getvalue()


def _wave_of_absurd_blocks() -> bytes:
    """ADPCM whose blocks of 64 kB are said to hold 65 535 samples each."""
    format_ = struct.pack("<HHIIHHHH", 2, 1, _RATE, _RATE, 65_535, 4, 32, 65_535)
    coefficients = struct.pack("<H", 65_535) + bytes(28)
    data = bytes(65_535 * 2)
    body = b"WAVE" + chunk(b"fmt ", format_ + coefficients) + chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _wave_that_claims_hours() -> bytes:
    size = 0xFFFF_FFF0
    body = (
        b"WAVE"
        + chunk(b"fmt ", fmt(channels=1, rate=_RATE, bits=16))
        + b"data"
        + struct.pack("<I", size)
    )
    return b"RIFF" + struct.pack("<I", 36 + size & 0xFFFF_FFFF) + body + bytes(1000)


def _caf_of_absurd_packets() -> bytes:
    """ALAC in CAF whose packet table promises 2^40 packets."""
    described = struct.pack(">d4sIIIII", float(_RATE), b"alac", 0, 0, 4096, 2, 16)
    cookie = struct.pack(">IBBBBBBHIII", 4096, 0, 16, 40, 10, 14, 2, 255, 0xFFFF_FFFF, 0, _RATE)
    table = struct.pack(">qqii", 1 << 40, 1 << 50, 0, 0) + bytes(100)
    parts = [(b"desc", described), (b"kuki", cookie), (b"pakt", table), (b"data", bytes(1004))]
    chunks = b"".join(kind + struct.pack(">q", len(body)) + body for kind, body in parts)
    return b"caff" + struct.pack(">HH", 1, 0) + chunks


MOST = 0x7FFF_FFFF

SMALL: dict[str, tuple[str, Callable[[], bytes]]] = {
    "M4A, 2^31 samples of one byte": ("m4a", lambda: m4a(100, sizes=_long(1, MOST))),
    "M4A, 2^31 empty samples": ("m4a", lambda: m4a(100, sizes=_long(0, MOST))),
    "M4A, 10 million samples": (
        "m4a",
        lambda: m4a(
            100,
            sizes=_long(1, 10_000_000),
            runs=_long(1, 1, 10_000_000, 1),
            times=_long(1, 10_000_000, 1024),
        ),
    ),
    "M4A, 40 tracks of 10 million samples": (
        "m4a",
        lambda: m4a(
            10,
            sizes=_long(1, 10_000_000),
            runs=_long(1, 1, 10_000_000, 1),
            times=_long(1, 10_000_000, 1024),
            tracks=40,
        ),
    ),
    "M4A, 2^31 times": ("m4a", lambda: m4a(100, times=_long(1, MOST, 1))),
    "M4A, a table of times without end": ("m4a", lambda: m4a(100, times=_long(MOST, 100, 1024))),
    "M4A, 2^31 edits": ("m4a", lambda: m4a(100, edits=_long(MOST, 1, 0, 0x10000))),
    "M4A, 2^31 samples in a chunk": ("m4a", lambda: m4a(100, runs=_long(1, 1, MOST, 1))),
    "M4A, 2^31 chunks": ("m4a", lambda: m4a(100, chunks=_long(MOST, 40))),
    "M4A, 2^31 of everything": (
        "m4a",
        lambda: m4a(
            100,
            sizes=_long(1, MOST),
            times=_long(1, MOST, 1),
            runs=_long(1, 1, MOST, 1),
        ),
    ),
    "M4A, 20 minutes from 9 kB": ("m4a", _m4a_of_one_chunk_again_and_again),
    "FLAC, 60 minutes of silence": ("flac", lambda: flac(60, 1)),
    "FLAC, 20 minutes of silence in 8 channels": ("flac", lambda: flac(20, 8)),
    "FLAC, 2^36 samples": ("flac", _flac_of_absurd_header),
    "WAV, ADPCM in absurd blocks": ("wav", _wave_of_absurd_blocks),
    "WAV, 4 GB promised": ("wav", _wave_that_claims_hours),
    "CAF, 2^40 packets": ("caf", _caf_of_absurd_packets),
}
"""Each bomb: the suffix of its file, and its bytes. Quick to make."""

LONG: dict[str, tuple[str, Callable[[], bytes]]] = {
    "FLAC, 11 minutes of silence, just allowed": ("flac", lambda: flac(11, 1)),
    "M4A, 5.6 minutes from 9 kB, just allowed": ("m4a", lambda: _m4a_of_one_chunk_again_and_again(16)),
    "Opus, 20 minutes of silence": ("opus", lambda: encoded(20, 2, "OGG", "OPUS")),
    "Opus, 5.6 minutes of silence, just allowed": ("opus", lambda: encoded(5.6, 2, "OGG", "OPUS")),
    "Vorbis, 20 minutes of silence": ("ogg", lambda: encoded(20, 2, "OGG", "VORBIS")),
    "MP3, 20 minutes of silence": ("mp3", lambda: encoded(20, 2, "MP3", "MPEG_LAYER_III")),
    "MP3, 5 hours of silence": ("mp3", lambda: encoded(5, 2, "MP3", "MPEG_LAYER_III") * 60),
}
"""More, which take minutes to make."""


def written(folder: Path, case: str) -> Path:
    """The bomb as a file."""
    suffix, made = (SMALL | LONG)[case]
    path = folder / f"{''.join(filter(str.isalnum, case))}.{suffix}"
    path.write_bytes(made())
    return path


if __name__ == "__main__":
    # python -m tests.hostile.decoder_bombs: what each takes, for SECURITY.md
    import sys
    import tempfile

    from tests.hostile.heavy_stems import cost_of

    with tempfile.TemporaryDirectory() as name:
        for case in SMALL | LONG:
            if len(sys.argv) > 1 and not case.startswith(sys.argv[1]):
                continue
            path = written(Path(name), case)
            cost = cost_of(path, 1)
            print(
                f"| {case} | {path.stat().st_size / 1000:.1f} kB | {cost.resident_mb:.0f} |"
                f" {cost.child_mb:.0f} | {cost.cpu_s:.1f} | {cost.refusal or 'rendered'} |",
                flush=True,
            )
