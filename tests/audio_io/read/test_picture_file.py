"""The header of a film file: rate and start timecode, whatever the container, or a sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.picture_file import PictureInfo, picture_info
from audio_pipeline.audio_io.regular_file import regular_file
from audio_pipeline.errors import StemError
from tests.films import film, needs_ffmpeg

pytestmark = needs_ffmpeg


def info_of(path: Path) -> PictureInfo:
    with regular_file(path) as file:
        return picture_info(file)


@pytest.mark.parametrize(
    ("name", "options", "timecode"),
    [
        ("a.mov", ("-timecode", "01:00:02:03"), "01:00:02:03"),
        ("a.mp4", ("-timecode", "23:59:59:23"), "23:59:59:23"),
        ("a.mxf", ("-timecode", "10:00:00:00"), "10:00:00:00"),
        ("a.mkv", ("-metadata", "timecode=01:00:00:00"), "01:00:00:00"),
        ("a.avi", (), None),
        ("a.ts", (), None),
    ],
)
def test_rate_and_timecode_are_read(
    tmp_path: Path, name: str, options: tuple[str, ...], timecode: str | None
) -> None:
    found = info_of(film(tmp_path / name, *options))
    assert (found.stream, found.timecode) == (0, timecode)
    assert 24.0 in found.rates
    assert found.duration_s == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(
    ("rate", "stated"),
    [("24000/1001", 23.98), ("25", 25.0), ("30000/1001", 29.97), ("50", 50.0), ("60000/1001", 59.94)],
)
def test_rates_are_those_of_the_file(tmp_path: Path, rate: str, stated: float) -> None:
    found = info_of(film(tmp_path / "a.mov", source=f"testsrc=s=64x48:r={rate}:d=1"))
    assert stated in found.rates


def test_drop_frame_has_a_semicolon(tmp_path: Path) -> None:
    source = "testsrc=s=64x48:r=30000/1001:d=1"
    found = info_of(film(tmp_path / "a.mov", "-timecode", "01:00:00;02", source=source))
    assert found.timecode == "01:00:00;02"


def test_cover_art_is_not_a_picture(tmp_path: Path) -> None:
    art = film(tmp_path / "art.png", "-frames:v", "1")
    song = tmp_path / "song.m4a"
    command = [str(find_ffmpeg()), "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-i", str(art)]
    command += ["-map", "0", "-map", "1", "-c:v", "png", "-disposition:v", "attached_pic", str(song)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    with pytest.raises(StemError, match="without a picture"):
        info_of(song)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.mov", b"", "is empty"),
        ("text.mov", b"no film\n" * 40, "is not a supported film file"),
        ("noise.mp4", bytes(range(1, 200)) * 40, "is not a supported film file"),
        ("list.mov", b"ffconcat version 1.0\nfile /etc/passwd\n", "is not a supported film file"),
        ("cut.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(400), "without a picture"),
    ],
)
def test_what_is_not_a_film_is_one_sentence(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StemError, match=why) as refused:
        info_of(path)
    assert refused.value.hint
