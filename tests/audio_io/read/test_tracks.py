"""Files with several tracks of sound: the default one or the group of mono tracks is read, the others are
listed, `track` selects."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import blocks, opened, probe, read
from audio_pipeline.audio_io.read.track_listing import OTHER_TRACKS, tracks_of
from audio_pipeline.errors import StemError
from tests.audio_io.wave_makers import wave

FFMPEG = find_ffmpeg()
pytestmark = pytest.mark.skipif(FFMPEG is None, reason="neither ffmpeg nor imageio-ffmpeg is installed")

TONES_HZ = (300, 500, 700, 900)
RATE = 48_000


def run(*options: str | Path) -> None:
    command = [str(FFMPEG), "-nostdin", "-v", "error", "-y", *map(str, options)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def made(
    path: Path,
    channels: tuple[int, ...],
    codec: str,
    *options: str,
    picture: str | None = None,
) -> Path:
    """A file with a track of each number of channels, each with its own tone."""
    inputs: list[str] = []
    maps: list[str] = []
    if picture is not None:
        inputs += ["-f", "lavfi", "-i", "color=s=64x64:d=1:r=24"]
        maps += ["-map", "0:v", "-c:v", picture]
    for n, count in enumerate(channels):
        tone = "|".join([f"0.1*sin({2 * np.pi * TONES_HZ[n % len(TONES_HZ)]:.6f}*t)"] * count)
        inputs += ["-f", "lavfi", "-i", f"aevalsrc={tone}:s={RATE}:d=1"]
        maps += ["-map", f"{n + (picture is not None)}:a"]
    run(*inputs, *maps, "-c:a", codec, *options, path)
    return path


def tones_of(samples: np.ndarray) -> list[int]:
    """The strongest tone of each channel, Hz."""
    middle = samples[RATE // 4 : RATE // 4 + RATE // 2]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))[:, None], axis=0))
    return [int(2 * n) for n in np.argmax(spectrum, axis=0)]


@dataclass(frozen=True)
class Case:
    """A file, the tones that are read from it, and how many tracks it has."""

    name: str
    make: Callable[[Path], Path]
    tones_hz: tuple[int, ...]
    tracks: int
    subtype: str


def language(*languages: str) -> list[str]:
    return [
        word for n, one in enumerate(languages) for word in (f"-metadata:s:a:{n}", f"language={one}")
    ]


CASES = [
    Case("two.mov", lambda p: made(p, (1, 1), "pcm_s24le"), (300, 500), 2, "PCM_24"),
    Case("four.mov", lambda p: made(p, (1, 1, 1, 1), "pcm_s16le"), TONES_HZ, 4, "PCM_16"),
    Case("float.mov", lambda p: made(p, (1, 1), "pcm_f32le"), (300, 500), 2, "FLOAT"),
    Case("wide.mov", lambda p: made(p, (1, 1), "pcm_s32le"), (300, 500), 2, "PCM_32"),
    Case("aac.mp4", lambda p: made(p, (1, 1), "aac"), (300, 500), 2, "aac"),
    Case("alac.m4a", lambda p: made(p, (1, 1), "alac"), (300, 500), 2, "ALAC_24"),
    Case(
        "film.mov",
        lambda p: made(p, (1, 1), "pcm_s24le", picture="mjpeg"),
        (300, 500),
        2,
        "PCM_24",
    ),
    Case(
        "film.mxf",
        lambda p: made(p, (1, 1), "pcm_s24le", picture="mpeg2video"),
        (300, 500),
        2,
        "PCM_24",
    ),
    Case(
        "four.mxf",
        lambda p: made(p, (1, 1, 1, 1), "pcm_s16le", picture="mpeg2video"),
        TONES_HZ,
        4,
        "PCM_16",
    ),
    Case("film.avi", lambda p: made(p, (1, 1), "pcm_s16le", picture="mpeg4"), (300, 500), 2, "PCM_16"),
    Case(
        "languages.mkv",
        lambda p: made(p, (1, 1), "pcm_s24le", *language("eng", "fra")),
        (300,),
        2,
        "PCM_24",
    ),
    Case(
        "second is default.mkv",
        lambda p: made(
            p,
            (2, 2),
            "pcm_s24le",
            *language("eng", "fra"),
            *("-disposition:a:0", "0", "-disposition:a:1", "default"),
        ),
        (500, 500),
        2,
        "PCM_24",
    ),
    Case(
        "languages.mov",
        lambda p: made(p, (1, 1), "pcm_s24le", *language("eng", "fra")),
        (300,),
        2,
        "PCM_24",
    ),
    Case("commentary.mkv", lambda p: made(p, (2, 1), "flac"), (300, 300), 2, "FLAC_24"),
    Case("stereo twice.mov", lambda p: made(p, (2, 2), "pcm_s24le"), (300, 300), 2, "PCM_24"),
    Case("stereo, then mono.mov", lambda p: made(p, (2, 1, 1), "pcm_s24le"), (300, 300), 3, "PCM_24"),
    Case("mono, then stereo.mov", lambda p: made(p, (1, 1, 2), "pcm_s24le"), (300, 500), 3, "PCM_24"),
    Case("broadcast.ts", lambda p: made(p, (2, 2), "mp2"), (300, 300), 2, "mp2"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_default_track_or_the_mono_ones_are_read_and_it_is_said(tmp_path: Path, case: Case) -> None:
    path = case.make(tmp_path / case.name)
    samples, info = read(path)
    assert tuple(tones_of(samples)) == case.tones_hz
    assert (info.channels, info.subtype) == (len(case.tones_hz), case.subtype)
    assert info.frames == pytest.approx(RATE, abs=4000)
    (said,) = [sentence for code, sentence in info.remarks if code == OTHER_TRACKS]
    assert f"has {case.tracks} tracks of sound" in said
    left_out = case.tracks - (1 if "is read" in said else len(case.tones_hz))
    assert ("not read:" in said) == (left_out > 0)
    for number in range(1, case.tracks + 1):
        with opened(path, track=number) as recording:
            alone = np.concatenate(list(recording.blocks()))
        assert set(tones_of(alone)) == {TONES_HZ[number - 1]}
        assert recording.info.channels == alone.shape[1]
    with pytest.raises(
        StemError, match=f"has {case.tracks} tracks of audio; track .* does not exist"
    ) as no:
        probe(path, track=case.tracks + 1)
    assert "--track 1" in no.value.hint


def test_mono_tracks_are_read_together_bit_for_bit(tmp_path: Path) -> None:
    """At 24 and at 32 bits, and in the order of the tracks, whatever the tracks call their channels."""
    for codec in ("pcm_s24le", "pcm_s32le"):
        path = made(tmp_path / "two.mov", (1, 1), codec)
        together, _ = read(path)
        for n in (1, 2):
            assert np.array_equal(together[:, n - 1], np.concatenate(list(blocks(path, track=n)))[:, 0])
    step = together * 2**31
    assert np.array_equal(step, np.round(step))
    assert np.any(step % 256 != 0)  # more than 24 bits came through


def test_as_many_mono_tracks_as_there_may_be_channels_stay_within_the_limits(tmp_path: Path) -> None:
    samples, info = read(made(tmp_path / "wide.mov", (1,) * 24, "pcm_s24le"))
    assert (info.channels, samples.shape[1]) == (24, 24)
    assert samples.std(axis=0).min() > 0.0


def test_tracks_of_unlike_length_end_together_with_a_word(tmp_path: Path) -> None:
    tone = ["-f", "lavfi", "-i"]
    path = tmp_path / "unlike.mov"
    run(
        *(*tone, "sine=300:r=48000:d=1", *tone, "sine=500:r=48000:d=0.5"),
        *("-map", "0", "-map", "1", "-c:a", "pcm_s24le", path),
    )
    samples, info = read(path)
    assert len(samples) == RATE // 2
    assert any("differ in length by 0.500 s" in said for _, said in info.remarks)


def test_a_file_of_one_track_has_no_second(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    path.write_bytes(wave(bytes(48_000)))
    assert probe(path, track=1).remarks == ()
    with pytest.raises(StemError, match="has 1 track of audio; track 2 does not exist"):
        probe(path, track=2)


def test_a_file_s_tags_make_no_tracks() -> None:
    listing = """Input #0, matroska,webm, from 'x':
  Metadata:
    title           : a
                    : Stream #0:0(eng): Audio: pcm_s24le, 48000 Hz, mono, s32 (24 bit)
  Stream #0:0(eng): Audio: pcm_s24le, 48000 Hz, 5.1(side), s32 (24 bit), 6912 kb/s (default)
  Stream #0:1: Video: mjpeg
  Stream #0:2[0x3](fra): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, stereo, fltp, 69 kb/s
"""
    tracks, streams = tracks_of(listing)
    assert streams == 3
    assert [(t.number, t.codec, t.sample_rate_hz, t.layout, t.language) for t in tracks] == [
        (1, "pcm_s24le", 48_000, "5.1(side)", "eng"),
        (2, "aac", 44_100, "stereo", "fra"),
    ]
    assert [track.is_default for track in tracks] == [True, False]
    assert [track.subtype for track in tracks] == ["PCM_24", "aac"]
