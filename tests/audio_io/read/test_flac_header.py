"""The length of a FLAC is told from its header, or not at all: never otherwise than libsndfile tells it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.read.audio_file import probe
from audio_pipeline.audio_io.read.flac_header import stated_length
from audio_pipeline.errors import StemError
from tests.conftest import REPOSITORY

STEMS = REPOSITORY / "stems"


def asked(path: Path) -> tuple[int, int] | str:
    """What libsndfile says, or our words for what it does not take."""
    try:
        info = probe(path)
    except StemError as error:
        return error.message
    return info.frames, info.sample_rate_hz


def told(path: Path) -> tuple[int, int] | str | None:
    try:
        return stated_length(path)
    except StemError as error:
        return error.message


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """FLACs cut off after some frames: with and without comments, in one and two channels, 16 and 24 bit."""
    path = tmp_path_factory.mktemp("flac") / "commented.flac"
    with soundfile.SoundFile(path, "w", 44_100, 2, "PCM_16", format="FLAC") as file:
        file.title, file.artist, file.comment = "Ending", "nobody", "take 3"
        file.write(np.random.default_rng(1).uniform(-0.5, 0.5, (9600, 2)))
    return [p.read_bytes()[:12_000] for p in (path, STEMS / "voice_a.flac")]


def test_the_shipped_stems_and_common_files_are_told(tmp_path: Path, heads: list[bytes]) -> None:
    for name in ("voice_a", "voice_b"):
        assert stated_length(STEMS / f"{name}.flac") == asked(STEMS / f"{name}.flac")
    (tmp_path / "x.flac").write_bytes(heads[0])
    assert stated_length(tmp_path / "x.flac") == (9600, 44_100) == asked(tmp_path / "x.flac")


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_of_a_damaged_header_nothing_is_told_that_libsndfile_would_not(
    tmp_path: Path, heads: list[bytes], data: st.DataObject
) -> None:
    damaged = bytearray(data.draw(st.sampled_from(heads)))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, 299))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.flac"
    path.write_bytes(damaged[: data.draw(st.sampled_from([None, *range(300)]))])
    found = told(path)
    assert found is None or found == asked(path)


@pytest.mark.parametrize(
    ("offset", "byte"),
    [(0, 0), (4, 0x83), (7, 0x23), (18, 0), (21, 0x70 + 4), (46, 0x21), (49, 1)],
    ids=["magic", "no first block", "its length", "rate", "hours", "vendor", "many comments"],
)
def test_what_is_uncommon_is_left_to_libsndfile(tmp_path: Path, offset: int, byte: int) -> None:
    damaged = bytearray((STEMS / "voice_a.flac").read_bytes()[:4000])
    damaged[offset] = byte
    (tmp_path / "x.flac").write_bytes(damaged)
    assert stated_length(tmp_path / "x.flac") is None


def test_a_hostile_header_takes_no_time(tmp_path: Path) -> None:
    head = (STEMS / "voice_a.flac").read_bytes()[:42]
    path = tmp_path / "x.flac"
    path.write_bytes(head + b"\x01\0\0\0" * 1_000_000)  # padding without end
    assert stated_length(path) is None
    path.write_bytes(head + b"\x84\xff\xff\xff" + b"\0" * 0xFFFFFF)
    assert stated_length(path) is None


def test_what_is_no_file_is_said_as_everywhere(tmp_path: Path) -> None:
    with pytest.raises(StemError, match="does not exist"):
        stated_length(tmp_path / "x.flac")
    (tmp_path / "x.flac").touch()
    with pytest.raises(StemError, match="is empty"):
        stated_length(tmp_path / "x.flac")
    (tmp_path / "x.flac").write_bytes(b"fLaC")
    assert stated_length(tmp_path / "x.flac") is None
