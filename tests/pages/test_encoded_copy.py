"""Encoded listening copies: as long as the master, as loud, tagged, and whole or not there."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import read
from audio_pipeline.errors import RenderError
from audio_pipeline.metering.meter import measure
from audio_pipeline.pages import encoded_copy
from audio_pipeline.pages.encoded_copy import COPY_FORMATS, write_encoded_copy
from tests.command import run, tiny_project
from tests.conftest import speech_like

needs_ffmpeg = pytest.mark.skipif(find_ffmpeg() is None, reason="needs ffmpeg or the extra [formats]")


@pytest.fixture
def master(tmp_path):
    def made(rate=48_000, seconds=3.0):
        x = np.stack([speech_like(seed, seconds, rate) for seed in (1, 2)], axis=1)
        soundfile.write(tmp_path / "mix.wav", x, rate, subtype="PCM_24")
        return tmp_path / "mix.wav"

    return made


@needs_ffmpeg
@pytest.mark.parametrize("suffix", COPY_FORMATS)
@pytest.mark.parametrize("rate", [48_000, 96_000])
def test_a_copy_is_as_long_and_as_loud_as_its_master(master, suffix, rate):
    original = master(rate)
    copy = write_encoded_copy(original, suffix, "Unfinished Conversation: mix")
    assert copy == original.with_suffix(f".{suffix}")
    samples, info = read(copy)
    assert info.sample_rate_hz == 48_000
    assert info.channels == 2
    assert info.duration_s == pytest.approx(3.0, abs=0.1)
    wanted = measure(read(original)[0], rate).integrated_lufs
    assert measure(samples, 48_000).integrated_lufs == pytest.approx(wanted, abs=0.3)


@needs_ffmpeg
def test_a_copy_is_the_same_each_time(master):
    original = master()
    first = write_encoded_copy(original, "mp3", "T").read_bytes()
    assert write_encoded_copy(original, "mp3", "T").read_bytes() == first
    assert b"T" in first[:2048]


def test_without_ffmpeg_the_extra_is_named(master, monkeypatch):
    monkeypatch.setattr(encoded_copy, "find_ffmpeg", lambda: None)
    with pytest.raises(RenderError) as caught:
        write_encoded_copy(master(), "mp3", "T")
    assert "render-ending[formats]" in str(caught.value.hint)


def test_what_is_too_long_for_memory_is_refused(master, monkeypatch):
    monkeypatch.setattr(encoded_copy, "LONGEST_S", 1.0)
    monkeypatch.setattr(encoded_copy, "find_ffmpeg", lambda: "ffmpeg")
    with pytest.raises(RenderError, match="a copy may last"):
        write_encoded_copy(master(), "mp3", "T")


def test_an_encoder_that_fails_leaves_nothing(master, monkeypatch):
    monkeypatch.setattr(encoded_copy, "find_ffmpeg", lambda: "/bin/false")
    original = master()
    with pytest.raises(RenderError, match=r"mix\.mp3 cannot be encoded"):
        write_encoded_copy(original, "mp3", "T")
    assert [path.name for path in original.parent.iterdir()] == ["mix.wav"]


@needs_ffmpeg
def test_the_command_writes_copies_beside_the_master(tmp_path):
    film = tiny_project(tmp_path / "film")
    done = run(film, "--preset", "tiny", "--copy", "mp3", "--copy", "m4a")
    assert done.returncode == 0, done.stderr
    assert "tiny.mp3" in done.stderr
    assert {"tiny.mp3", "tiny.m4a", "tiny.wav"} <= {path.name for path in (film / "renders").iterdir()}


@needs_ffmpeg
@pytest.mark.parametrize("suffix", COPY_FORMATS)
def test_a_file_of_another_program_is_not_replaced(master, suffix):
    original = master()
    write_encoded_copy(original, suffix, "T")
    copy = write_encoded_copy(original, suffix, "T")  # our own is
    copy.write_bytes(b"precious")
    with pytest.raises(RenderError, match="is not a listening copy by this program"):
        write_encoded_copy(original, suffix, "T")
    assert copy.read_bytes() == b"precious"
