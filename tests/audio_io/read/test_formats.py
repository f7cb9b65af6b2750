"""Every format that libsndfile writes is read back; what ffmpeg must decode is decoded, or refused."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.condition import fingerprint
from audio_pipeline.audio_io.ffmpeg_program import WITHOUT_FFMPEG, find_ffmpeg
from audio_pipeline.audio_io.read import decoders
from audio_pipeline.audio_io.read import ffmpeg as compressed
from audio_pipeline.audio_io.read.audio_file import probe, read
from audio_pipeline.errors import StemError
from tests.audio_io.wave_makers import RATE, chunk, fmt, pcm16, tone

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
NEEDED = {
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
    ("WAV", "PCM_U8"), ("WAVEX", "PCM_24"), ("RF64", "PCM_24"), ("W64", "PCM_24"), ("CAF", "PCM_24"),
    ("CAF", "ALAC_24"), ("AIFF", "PCM_24"), ("AIFF", "FLOAT"), ("AU", "PCM_16"), ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip
HEADERLESS = {"RAW", "SD2"}
REFUSED = {"SDS"}  # libsndfile prints its faults on standard output
EXACT_TO = {"PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 2**-23, "FLOAT": 2**-24, "DOUBLE": 0.0}


def _writable() -> list[tuple[str, str]]:
    return [
        (kind, subtype)
        for kind in soundfile.available_formats()
        if kind not in HEADERLESS | REFUSED
        for subtype in soundfile.available_subtypes(kind)
        if subtype != "MPEG_LAYER_III" or kind == "MP3"
    ]


def _write(path: Path, kind: str, subtype: str) -> np.ndarray | None:
    """The tone that was written, or None where libsndfile reads the subtype but cannot write it."""
    for rate in (RATE, 44_100, 8_000):
        x = tone(0.5, rate)
        try:
            soundfile.write(path, x, rate, format=kind, subtype=subtype)
        except soundfile.SoundFileError:
            continue
        if soundfile.info(path).samplerate == rate:  # some formats know one rate only
            return x
    return None


def _level(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


def test_the_formats_that_people_send_are_among_those_tried() -> None:
    assert set(_writable()) >= NEEDED


@pytest.mark.parametrize(("kind", "subtype"), _writable())
def test_every_format_of_libsndfile_is_read_at_its_level(
    tmp_path: Path, kind: str, subtype: str
) -> None:
    path = tmp_path / "stem"
    x = _write(path, kind, subtype)
    if x is None:
        assert (kind, subtype) not in NEEDED
        pytest.skip("libsndfile cannot write it")
    samples, info = read(path)
    assert samples.dtype == np.float64
    assert samples.flags.c_contiguous
    assert samples.shape == (info.frames, 1)
    assert info.duration_s == pytest.approx(0.5, abs=0.03)
    assert 20 * np.log10(_level(samples) / _level(x)) == pytest.approx(0.0, abs=0.7)
    assert probe(path).frames == info.frames
    if subtype in EXACT_TO and kind != "XI":
        assert np.max(np.abs(samples[: len(x)] - x)) <= EXACT_TO[subtype]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF"])
def test_every_rate_is_read(tmp_path: Path, kind: str, rate: int) -> None:
    x = tone(0.15, rate)
    soundfile.write(tmp_path / "stem", x, rate, format=kind, subtype="PCM_24")
    samples, info = read(tmp_path / "stem")
    assert info.sample_rate_hz == rate
    assert np.max(np.abs(samples - x)) <= 2**-23


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "W64", "CAF", "FLAC", "OGG"])
def test_every_count_of_channels_is_read(tmp_path: Path, kind: str, channels: int) -> None:
    x = tone(0.2, RATE, channels)
    subtype = "VORBIS" if kind == "OGG" else "PCM_24"
    soundfile.write(tmp_path / "stem", x, RATE, format=kind, subtype=subtype)
    samples, info = read(tmp_path / "stem")
    assert info.channels == samples.shape[1] == channels
    if kind != "OGG":
        assert np.max(np.abs(samples - x)) <= 2**-23


FFMPEG = find_ffmpeg()
needs_ffmpeg = pytest.mark.skipif(
    FFMPEG is None, reason="neither ffmpeg nor imageio-ffmpeg is installed"
)


def _ffmpeg(*options: str | Path) -> bytes:
    command = [str(FFMPEG), "-nostdin", "-v", "error", "-y", *map(str, options)]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def _converted(source: Path, target: Path, *options: str) -> Path:
    _ffmpeg("-i", source, *options, target)
    return target


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.wav"
    soundfile.write(path, tone(1.0), RATE, subtype="PCM_24")
    return path


COMPRESSED = ("voice.m4a", "voice.mov", "voice.aac", "voice.mkv", "voice.wma", "-i it's [b] %d.m4a")


@needs_ffmpeg
@pytest.mark.parametrize("name", COMPRESSED)
def test_what_libsndfile_cannot_read_comes_through_ffmpeg(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    _converted(source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    header = probe(name)
    samples, info = read(name)
    assert samples.shape == (info.frames, 1)
    assert info.duration_s == pytest.approx(1.0, abs=0.05)
    assert header.frames == 0 or header.duration_s == pytest.approx(info.duration_s, abs=0.05)
    assert header.sample_rate_hz == info.sample_rate_hz
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    assert 20 * np.log10(_level(middle) / _level(tone())) == pytest.approx(0.0, abs=0.7)


@needs_ffmpeg
def test_the_sound_of_a_film_is_taken_and_its_picture_left(tmp_path: Path, source: Path) -> None:
    film = tmp_path / "film.mov"
    picture = ["-f", "lavfi", "-i", "color=s=16x16:d=1:r=24", "-map", "0:a", "-map", "1:v"]
    _converted(source, film, *picture, "-c:v", "mjpeg", "-c:a", "pcm_s24le")
    samples, info = read(film)
    assert (info.format, info.subtype) == ("QuickTime", "PCM_24")
    assert np.max(np.abs(samples - tone(1.0))) <= 2**-23


@needs_ffmpeg
def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "silent.mov"
    picture = ["-f", "lavfi", "-i", "color=s=16x16:d=1:r=24", "-c:v", "mjpeg"]
    _ffmpeg(*picture, film)
    with pytest.raises(StemError, match="without an audio track"):
        read(film)


@needs_ffmpeg
def test_a_compressed_file_that_was_cut_is_refused(tmp_path: Path, source: Path) -> None:
    whole = _converted(source, tmp_path / "whole.m4a", "-movflags", "+faststart")
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(StemError, match="truncated"):
        read(cut)


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["libvorbis", "libopus", "flac"])
def test_six_channels_come_in_the_order_of_wav(tmp_path: Path, codec: str) -> None:
    tones = "|".join(f"{0.05 * n}*sin({60 if n == 4 else 600}*t)" for n in range(1, 7))
    target = tmp_path / f"six.{'flac' if codec == 'flac' else 'ogg'}"
    _ffmpeg("-f", "lavfi", "-i", f"aevalsrc={tones}:c=5.1:s=48000:d=2", "-c:a", codec, target)
    samples, _ = read(target)
    assert np.max(np.abs(samples[24_000:72_000]), axis=0) == pytest.approx(
        [0.05, 0.10, 0.15, 0.20, 0.25, 0.30], rel=0.35
    )
    assert np.argsort(np.std(np.diff(samples[24_000:72_000], axis=0), axis=0)).tolist() == [
        3,
        0,
        1,
        2,
        4,
        5,
    ]


@needs_ffmpeg
def test_a_flac_stream_that_states_no_length_is_read_whole(tmp_path: Path, source: Path) -> None:
    stream = tmp_path / "stream.flac"
    stream.write_bytes(_ffmpeg("-i", source, "-f", "flac", "-"))
    assert probe(stream).frames == RATE
    assert len(read(stream)[0]) == RATE


def test_an_rf64_that_libsndfile_gives_up_is_read_through_a_plain_header(tmp_path: Path) -> None:
    sound = pcm16(tone())
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, 48_000, 24_000, 0))
    odd = chunk(b"fmt ", fmt()) + chunk(b"odd ", b"123456789") + b"data\xff\xff\xff\xff" + sound
    path = tmp_path / "odd.rf64"
    path.write_bytes(b"RF64\xff\xff\xff\xffWAVE" + ds64 + odd)
    with pytest.raises(soundfile.SoundFileError):
        soundfile.info(path)
    samples, info = read(path)
    assert (info.format, info.subtype, info.frames) == ("RF64", "PCM_16", 24_000)
    assert np.array_equal(samples, np.frombuffer(sound, "<i2")[:, None] / 32768)


def _m4a_header(path: Path) -> Path:
    path.write_bytes(b"\0\0\0\x1cftypM4A \0\0\x02\0M4A isomiso2" + bytes(400))
    return path


@pytest.fixture
def no_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on PATH nor as the package of [formats]."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)


@pytest.mark.usefixtures("no_ffmpeg")
def test_without_ffmpeg_the_sentence_says_what_to_install_and_what_works(tmp_path: Path) -> None:
    with pytest.raises(StemError, match=r"voice\.m4a is MPEG-4, which needs ffmpeg") as refusal:
        read(_m4a_header(tmp_path / "voice.m4a"))
    assert "render-ending[formats]" in refusal.value.hint
    assert WITHOUT_FFMPEG in refusal.value.hint


@pytest.mark.usefixtures("no_ffmpeg")
def test_the_formats_that_the_hint_names_are_read_without_ffmpeg(tmp_path: Path) -> None:
    subtypes = {"OGG": ("VORBIS", "OPUS")}
    for word in WITHOUT_FFMPEG.replace(" and ", ", ").split(", "):
        for subtype in subtypes.get(word.upper(), ("PCM_24",)):
            path = tmp_path / f"{word}-{subtype}"
            soundfile.write(path, tone(0.5), RATE, format=word.upper(), subtype=subtype)
            assert read(path)[1].format == word.upper()


def _imageio_with(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    package = ModuleType("imageio_ffmpeg")
    package.get_ffmpeg_exe = lambda: str(program)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", package)


def test_the_ffmpeg_of_path_goes_before_the_package_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_path, of_package = tmp_path / "bin" / "ffmpeg", tmp_path / "package" / "ffmpeg-linux-v1"
    for program in (of_path, of_package):
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    _imageio_with(monkeypatch, of_package)
    monkeypatch.setenv("PATH", str(of_path.parent))
    assert find_ffmpeg() == str(of_path)
    of_path.unlink()
    assert find_ffmpeg() == str(of_package)
    of_package.unlink()
    assert find_ffmpeg() is None


def test_no_ffprobe_is_needed(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if FFMPEG is None:
        pytest.skip("neither ffmpeg nor imageio-ffmpeg is installed")
    voice = _converted(source, tmp_path / "voice.m4a")
    alone = tmp_path / "bin"
    alone.mkdir()
    (alone / "ffmpeg").symlink_to(FFMPEG)
    monkeypatch.setenv("PATH", str(alone))
    assert shutil.which("ffprobe") is None
    assert (probe(voice).subtype, probe(voice).sample_rate_hz) == ("aac", RATE)
    assert len(read(voice)[0]) > 0


# kind of film: codecs, and whether a film that was cut is told from one whose picture is longer
FILMS = {
    "mov": (("-c:v", "mjpeg", "-c:a", "pcm_s16le", "-movflags", "+faststart"), True),
    "mp4": (("-c:v", "mpeg4", "-c:a", "aac", "-movflags", "+faststart"), True),
    "mkv": (("-c:v", "mjpeg", "-c:a", "pcm_s16le"), True),
    "avi": (("-c:v", "mjpeg", "-c:a", "pcm_s16le"), False),
}


@needs_ffmpeg
@pytest.mark.parametrize(
    ("kind", "late_s"), [(kind, 0.0) for kind in FILMS] + [("mov", 0.5), ("mp4", 0.5)]
)
def test_a_film_whose_picture_is_longer_than_its_sound_is_whole(
    tmp_path: Path, source: Path, kind: str, late_s: float
) -> None:
    codecs, tells = FILMS[kind]
    picture = ["-f", "lavfi", "-i", "color=s=64x64:d=3:r=24"]
    film = tmp_path / f"film.{kind}"
    _ffmpeg(
        *picture, "-itsoffset", str(late_s), "-i", source, "-map", "0:v", "-map", "1:a", *codecs, film
    )
    assert len(read(film)[0]) == pytest.approx(RATE, abs=0.05 * RATE)
    if tells:
        assert probe(film).duration_s == pytest.approx(1.0, abs=0.05)
    if tells and not late_s:
        film.write_bytes(film.read_bytes()[: film.stat().st_size // 3])
        with pytest.raises(StemError, match="truncated"):
            read(film)


@needs_ffmpeg
def test_what_a_file_s_tags_say_is_not_taken_for_what_ffmpeg_says(tmp_path: Path, source: Path) -> None:
    lie = "x\n  Duration: 09:00:00.00, start: 0\n  Stream #0:0: Video: lies\n"
    voice = tmp_path / "voice.mkv"
    _converted(source, voice, "-metadata", f"title={lie}", "-metadata", f"comment={'long ' * 20_000}")
    assert probe(voice).duration_s == pytest.approx(1.0, abs=0.02)
    assert read(voice)[1].subtype.startswith(("vorbis", "ac3", "pcm"))
    endless = f"{'9' * 5000}:00:00.0"
    _converted(
        source, voice, "-metadata:s:a:0", f"DURATION-eng={endless}", "-metadata", f"DURATION={endless}"
    )
    assert probe(voice).duration_s == pytest.approx(1.0, abs=0.02)


def test_an_ffmpeg_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nwhile :; do :; done\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(compressed, "PATIENCE_S", 0.1)
    with pytest.raises(StemError, match=r"ffmpeg timed out after 0\.1 s"):
        read(_m4a_header(tmp_path / "voice.m4a"))


@needs_ffmpeg
@pytest.mark.parametrize("options", [["-q:a", "5"], ["-b:a", "128k"]], ids=["varying", "constant"])
def test_an_mp3_that_does_not_state_its_length_is_read_whole(tmp_path: Path, options: list[str]) -> None:
    tones = ["-f", "lavfi", "-i", "sine=440:sample_rate=48000:duration=20"]
    path = tmp_path / "stream.mp3"
    _ffmpeg(*tones, "-c:a", "libmp3lame", *options, "-write_xing", "0", path)
    samples, info = read(path)
    assert info.duration_s == pytest.approx(20.0, abs=0.1)
    assert 20 * np.log10(_level(samples[-48_000:-4800]) / _level(samples[48_000:96_000])) > -0.1


@needs_ffmpeg
def test_two_mp3_joined_are_both_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    soundfile.write(out, tone(2.0), RATE, format="MP3", subtype="MPEG_LAYER_III")
    path = tmp_path / "joined.mp3"
    path.write_bytes(out.getvalue() * 2)
    assert read(path)[1].duration_s == pytest.approx(4.0, abs=0.15)
    path.write_bytes(out.getvalue())
    assert read(path)[1].subtype == "MPEG_LAYER_III"
    assert read(path)[1].duration_s == pytest.approx(2.0, abs=0.05)


@pytest.mark.usefixtures("no_ffmpeg")
def test_without_ffmpeg_half_an_mp3_is_refused_and_not_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    soundfile.write(out, tone(2.0), RATE, format="MP3", subtype="MPEG_LAYER_III")
    path = tmp_path / "joined.mp3"
    path.write_bytes(out.getvalue() * 2)
    with pytest.raises(StemError, match="is MP3, which needs ffmpeg"):
        read(path)


@needs_ffmpeg
def test_a_playlist_inside_a_container_name_opens_no_other_file(tmp_path: Path, source: Path) -> None:
    playlist = tmp_path / "voice.m4a"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{source}\n#EXT-X-ENDLIST\n")
    with pytest.raises(StemError, match="is text, not audio"):
        read(playlist)


def test_only_a_recording_that_ffmpeg_decodes_asks_for_ffmpeg_s_version(tmp_path, monkeypatch):
    """Its samples are another ffmpeg's with another version; those that libsndfile reads are not."""
    soundfile.write(tmp_path / "a.wav", 0.1 * np.ones((4800, 1)), 48_000)
    assert not fingerprint(tmp_path / "a.wav", sample_rate_hz=48_000, channels=1).by_ffmpeg
    assert decoders.ffmpeg_version() == "none" or decoders.ffmpeg_version().startswith("ffmpeg version")
    assert decoders.library_versions().keys() == {"soundfile", "libsndfile", "soxr"}
