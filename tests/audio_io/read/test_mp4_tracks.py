"""The length of a film's sound track, from boxes made here; damaged boxes say nothing, and never fail."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.read.mp4_tracks import sound_length_s
from audio_pipeline.audio_io.regular_file import regular_file

Edit = tuple[int, int]


def box(kind: bytes, *content: bytes, large: bool = False) -> bytes:
    data = b"".join(content)
    if large:
        return struct.pack(">I4sQ", 1, kind, len(data) + 16) + data
    return struct.pack(">I4s", len(data) + 8, kind) + data


def header(kind: bytes, scale: int, duration: int, version: int) -> bytes:
    times = ">IQQIQ" if version else ">IIIII"
    return box(kind, struct.pack(times, version << 24, 0, 0, scale, duration), bytes(80))


def track(handler: bytes, scale: int, duration: int, edits: list[Edit], version: int = 0) -> bytes:
    entry = ">Qqi" if version else ">Iii"
    rows = b"".join(struct.pack(entry, length, media, 1 << 16) for length, media in edits)
    table = box(b"edts", box(b"elst", struct.pack(">II", version << 24, len(edits)), rows))
    media = box(
        b"mdia",
        header(b"mdhd", scale, duration, version),
        box(b"hdlr", bytes(8), handler, bytes(12)),
    )
    return box(b"trak", *([table] if edits else []), media)


def movie(*tracks: bytes, version: int = 0, large: bool = False) -> bytes:
    content = header(b"mvhd", 600, 9_999_999, version), *tracks
    return box(b"ftyp", b"qt  ") + box(b"moov", *content, large=large) + box(b"mdat", bytes(64))


def length(path: Path, content: bytes) -> Fraction | None:
    path.write_bytes(content)
    with regular_file(path) as file:
        return sound_length_s(file)


PICTURE = track(b"vide", 24, 240, [])


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("edits", "length_s"),
    [
        ([], Fraction(96_000, 48_000)),
        ([(900, 1024)], Fraction(900, 600)),
        ([(300, -1), (900, 0), (60, 5000)], Fraction(960, 600)),
        ([(0, 1024)], Fraction(96_000, 48_000)),
    ],
    ids=["whole", "trimmed", "late and cut twice", "an edit of no length"],
)
def test_the_sound_s_own_length_is_found_behind_the_picture_s(
    tmp_path: Path, edits: list[Edit], length_s: Fraction, large: bool, version: int
) -> None:
    sound = track(b"soun", 48_000, 96_000, edits, version)
    other = track(b"soun", 48_000, 7, [], version)
    film = movie(PICTURE, sound, other, version=version, large=large)
    assert length(tmp_path / "film.mov", film) == length_s


@pytest.mark.parametrize(
    "content",
    [
        movie(PICTURE),
        movie(PICTURE, track(b"soun", 48_000, 0, [])),
        movie(PICTURE, track(b"soun", 48_000, 2**32 - 1, [])),
        movie(PICTURE, track(b"soun", 0, 96_000, [])),
        box(b"mdat", bytes(8)),
    ],
    ids=["no sound", "fragmented", "unknown", "no time scale", "no movie"],
)
def test_a_file_that_does_not_say_it_says_nothing(tmp_path: Path, content: bytes) -> None:
    assert length(tmp_path / "film.mov", content) is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_boxes_never_fail(tmp_path: Path, data: st.DataObject) -> None:
    film = bytearray(movie(PICTURE, track(b"soun", 48_000, 96_000, [(300, -1), (900, 0)], version=1)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(film) - 1))
        film[at : at + 4] = data.draw(
            st.sampled_from([bytes(4), b"\xff" * 4, b"\0\0\0\1", b"moov"]) | st.binary(max_size=8)
        )
    found = length(tmp_path / "film.mov", bytes(film) or b"x")
    assert found is None or found >= 0
