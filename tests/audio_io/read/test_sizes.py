"""Sizes that a writer left open or wrote wrong: all samples are read, none is made of later chunks, and a
warning says what was wrong. What was cut is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.read.audio_file import blocks, probe, read
from audio_pipeline.errors import StemError
from tests.audio_io.read.size_cases import (
    CASES,
    DATA,
    FORM,
    FRAMES,
    LATER,
    OPEN,
    SOUND,
    SizeCase,
    encoded,
    riff,
)
from tests.audio_io.wave_makers import chunk
from tests.hostile.law import time_limit


def made(folder: Path, content: bytes) -> Path:
    path = folder / "odd"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_sample_is_read_and_nothing_else(tmp_path: Path, case: SizeCase) -> None:
    path = made(tmp_path, case.content)
    samples, info = read(path)
    assert (info.format, info.subtype, info.frames) == (case.kind, "PCM_24", FRAMES)
    assert np.array_equal(samples, SOUND)
    assert probe(path).frames == FRAMES
    assert np.array_equal(np.concatenate(list(blocks(path, 5000))), SOUND)
    said = " ".join(info.warnings)
    assert (case.words in said) if case.words else not said
    assert all(str(path) in warning and warning.endswith(".") for warning in info.warnings)


def test_there_are_many_cases_of_every_kind() -> None:
    assert len(CASES) == len({case.name for case in CASES}) > 120


@pytest.mark.parametrize("kind", ["WAV", "W64", "AIFF", "AU", "CAF"])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, kind: str) -> None:
    whole = encoded(kind)
    with pytest.raises(StemError, match="is truncated: its header states"):
        read(made(tmp_path, whole[: len(whole) // 2]))


@pytest.mark.parametrize("later", [b"", LATER], ids=["alone", "chunks"])
def test_data_of_no_length_is_no_sound(tmp_path: Path, later: bytes) -> None:
    with pytest.raises(StemError, match="holds no audio"):
        read(made(tmp_path, riff(FORM, chunk(b"data", b""), later)))


@pytest.mark.parametrize("size", OPEN)
def test_every_width_of_samples_is_read_to_the_end(tmp_path: Path, size: int) -> None:
    for channels, bits, code in ((1, 8, 1), (3, 16, 1), (1, 32, 1), (2, 32, 3), (1, 64, 3)):
        width = channels * bits // 8
        form = struct.pack("<HHIIHH", code, channels, 48_000, 48_000 * width, width, bits)
        sound = np.zeros((6000, width), np.uint8).tobytes() + b"\1"  # a byte too many for a whole frame
        path = made(
            tmp_path, riff(chunk(b"fmt ", form), b"data", struct.pack("<I", size), sound, size=size)
        )
        assert probe(path).frames == 6000 + (width == 1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_header_makes_samples_of_chunks_or_fails(tmp_path: Path, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(OPEN) | st.integers(0, 0xFFFF_FFFF))
    riff_size = data.draw(
        st.sampled_from([0, len(DATA) + 36, 0xFFFF_FFFF]) | st.integers(0, 0xFFFF_FFFF)
    )
    later = data.draw(st.sampled_from([b"", LATER, LATER + bytes(512), b"TAG" + bytes(125)]))
    path = made(tmp_path, riff(FORM, chunk(b"data", DATA, size), later, size=riff_size))
    with time_limit():
        try:
            samples, _ = read(path)
        except StemError:
            return
    assert len(samples) <= FRAMES
    assert np.array_equal(samples, SOUND[: len(samples)])
