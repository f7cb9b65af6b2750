"""Plain 24-bit WAVs are unpacked here, to the very numbers that libsndfile gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.read import audio_file as read
from audio_pipeline.audio_io.read.audio_file import blocks, probe
from audio_pipeline.errors import StemError


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 8), st.integers(4800, 50_000), st.integers(1, 60_000), st.sampled_from("WRX"))
def test_it_is_what_libsndfile_reads(tmp_path, channels, frames, block, kind):
    path = tmp_path / "x.wav"
    rng = np.random.default_rng(frames)
    steps = rng.integers(-(2**23), 2**23, (frames, channels)) << 8
    container = {"W": "WAV", "R": "RF64", "X": "WAVEX"}[kind]
    soundfile.write(path, steps.astype(np.int32), 48_000, "PCM_24", format=container)
    found = list(blocks(path, block))
    assert max(len(b) for b in found) <= block
    wanted, _ = soundfile.read(path, always_2d=True)
    assert np.array_equal(np.concatenate(found), wanted)


def test_libsndfile_is_asked_where_samples_lie_otherwise(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(read, "pcm24_blocks", None)
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (9600, 2))
    for name, subtype, endian in (
        ("a.wav", "PCM_16", "FILE"),
        ("b.wav", "FLOAT", "FILE"),
        ("c.aiff", "PCM_24", "FILE"),
        ("d.wav", "PCM_24", "BIG"),
        ("e.flac", "PCM_24", "FILE"),
    ):
        soundfile.write(tmp_path / name, samples, 48_000, subtype, endian=endian)
        assert np.concatenate(list(blocks(tmp_path / name))).shape == samples.shape


def test_a_file_that_grows_shorter_meanwhile_is_refused(tmp_path: Path):
    path = tmp_path / "x.wav"
    soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, (96_000, 2)), 48_000, "PCM_24")
    pieces = blocks(path, 9600)
    next(pieces)
    with path.open("r+b") as file:
        file.truncate(200_000)
    with pytest.raises(StemError, match=r"x\.wav"):
        list(pieces)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_whole_numbers_pass_full_scale_in_no_format(tmp_path: Path, subtype: str):
    # so that `blocks` need not look for absurd values in them
    path = tmp_path / "x.wav"
    soundfile.write(path, np.resize([-1.0, 1.0], 9600), 48_000, subtype)
    assert probe(path).whole_numbers
    assert max(float(np.abs(block).max()) for block in blocks(path)) <= 1.0
    soundfile.write(path, np.resize([-1.0, 1.0], 9600), 48_000, "FLOAT")
    assert not probe(path).whole_numbers
