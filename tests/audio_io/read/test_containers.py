"""Every kind of sound file is read as what it is, keeps its bit depth in the report, or is refused with the
true reason; what an encoder put before the sound is noted where the file does not state it."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import read
from audio_pipeline.audio_io.read.encoder_delay import ENCODER_DELAY
from audio_pipeline.audio_io.read.quiet_libraries import silenced
from audio_pipeline.errors import StemError
from audio_pipeline.reporting.file_figures import bits_of
from tests.audio_io.wave_makers import RATE, fmt, tone, wave

FFMPEG = find_ffmpeg()
needs_ffmpeg = pytest.mark.skipif(
    FFMPEG is None, reason="neither ffmpeg nor imageio-ffmpeg is installed"
)


@dataclass(frozen=True)
class Kind:
    """A file as ffmpeg writes it, what it is called in a report, and its bits there."""

    name: str
    options: str
    kind: str
    subtype: str
    bits: int | None
    delay: bool = False


KINDS = [
    Kind("a.wav", "-c:a pcm_s24le", "WAVEX", "PCM_24", 24),
    Kind("a.rf64", "-c:a pcm_s24le -f wav -rf64 always", "RF64", "PCM_24", 24),
    Kind("a.w64", "-c:a pcm_s24le", "W64", "PCM_24", 24),
    Kind("big.aif", "-c:a pcm_s24be", "AIFF", "PCM_24", 24),
    Kind("little.aifc", "-c:a pcm_s16le -f aiff", "AIFF", "PCM_16", 16),
    Kind("float.aifc", "-c:a pcm_f32be -f aiff", "AIFF", "FLOAT", None),
    Kind("a.caf", "-c:a pcm_s24le", "CAF", "PCM_24", 24),
    Kind("alac.caf", "-c:a alac", "CAF", "ALAC_16", 16),
    Kind("a.au", "-c:a pcm_s16be", "AU", "PCM_16", 16),
    Kind("a.mov", "-c:a pcm_s24le", "QuickTime", "PCM_24", 24),
    Kind("big.mov", "-c:a pcm_s24be", "QuickTime", "PCM_24", 24),
    Kind("float.mov", "-c:a pcm_f32le", "QuickTime", "FLOAT", None),
    Kind("double.mov", "-c:a pcm_f64le", "QuickTime", "DOUBLE", None),
    Kind("a.mkv", "-c:a pcm_s32le", "Matroska", "PCM_32", 32),
    Kind("a.avi", "-c:a pcm_s16le", "AVI", "PCM_16", 16),
    Kind("a.nut", "-c:a pcm_s24le", "NUT", "PCM_24", 24),
    Kind("302.ts", "-c:a s302m -ac 2 -strict -2", "MPEG-TS", "PCM_16", 16),
    Kind("a.m4a", "-c:a alac", "MPEG-4", "ALAC_16", 16),
    Kind("a.mka", "-c:a flac", "Matroska", "FLAC_16", 16),
    Kind("flac.oga", "-c:a flac -f ogg", "Ogg", "FLAC_16", 16),
    Kind("a.wv", "-c:a wavpack", "WavPack", "WAVPACK_16", 16),
    Kind("a.tta", "-c:a tta", "True Audio", "TTA_16", 16),
    Kind("a.thd", "-c:a truehd -ac 2 -strict -2", "TrueHD", "truehd", None),
    Kind("a.dts", "-c:a dca -strict -2", "DTS", "dts", None),
    Kind("a.spx", "-c:a libspeex -ar 32000", "Ogg", "speex", None),
    Kind("alaw.wav", "-c:a pcm_alaw", "WAV", "ALAW", None),
    Kind("adpcm.wav", "-c:a adpcm_ms", "WAV", "MS_ADPCM", None),
    Kind("dts.wav", "-c:a dca -strict -2", "WAV", "dts", None),
    Kind("ac3.wav", "-c:a ac3", "WAV", "ac3", None, True),
    Kind("mp3.wav", "-c:a libmp3lame", "WAV", "mp3", None, True),
    Kind("a.ac3", "-c:a ac3", "AC-3", "ac3", None, True),
    Kind("a.eac3", "-c:a eac3", "E-AC-3", "eac3", None, True),
    Kind("a.spdif", "-c:a ac3 -f spdif", "IEC 61937", "ac3", None, True),
    Kind("a.mp2", "-c:a mp2", "MP3", "mp2", None, True),
    Kind("a.mp3", "-c:a libmp3lame", "MP3", "MPEG_LAYER_III", None),
    Kind("no tag.mp3", "-c:a libmp3lame -write_xing 0", "MP3", "mp3", None, True),
    Kind("a.aac", "-c:a aac", "AAC", "aac", None, True),
    Kind("a.latm", "-c:a aac -f latm", "AAC", "aac_latm", None, True),
    Kind("aac.m4a", "-c:a aac", "MPEG-4", "aac", None),
    Kind("no edits.m4a", "-c:a aac -use_editlist 0", "MPEG-4", "aac", None, True),
    Kind("fragments.mp4", "-c:a aac -movflags +frag_keyframe+empty_moov", "MPEG-4", "aac", None, True),
    Kind("aac.ts", "-c:a aac -f mpegts", "MPEG-TS", "aac", None, True),
    Kind("a.flv", "-c:a libmp3lame -ar 44100", "FLV", "mp3", None, True),
    Kind("a.opus", "-c:a libopus", "OGG", "OPUS", None),
    Kind("a.webm", "-c:a libopus", "Matroska", "opus", None),
    Kind("opus.mp4", "-c:a libopus", "MPEG-4", "opus", None),
    Kind("a.ogg", "-c:a libvorbis", "OGG", "VORBIS", None),
    Kind("a.wma", "-c:a wmav2", "ASF", "wmav2", None),
]


def _run(*words: str | Path) -> None:
    command = [str(FFMPEG), "-nostdin", "-v", "error", "-y", *map(str, words)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "source.wav"
    soundfile.write(path, tone(1.0), RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def written(source: Path) -> Path:
    """A folder with every kind, written by one ffmpeg; an empty one where it cannot write them all."""
    folder = source.parent / "kinds"
    folder.mkdir()
    words = [word for case in KINDS for word in (*case.options.split(), folder / case.name)]
    try:
        _run("-i", source, *words)
    except subprocess.CalledProcessError:
        shutil.rmtree(folder)
        folder.mkdir()
    return folder


@needs_ffmpeg
@pytest.mark.parametrize("case", KINDS, ids=[case.name for case in KINDS])
def test_every_kind_is_read_as_what_it_is(written: Path, source: Path, case: Kind) -> None:
    path = written / case.name
    try:
        if not path.exists():
            _run("-i", source, *case.options.split(), path)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this ffmpeg cannot write it: {error.stderr.decode()[:60]}")
    samples, info = read(path)
    assert (info.format, info.subtype, bits_of(info.subtype)) == (case.kind, case.subtype, case.bits)
    assert info.duration_s == pytest.approx(1.0, abs=0.06)
    middle = samples[len(samples) // 3 : len(samples) * 2 // 3]
    loss = 10 ** (-3.01 / 20) if info.channels == 2 and "pcm" not in case.options else 1.0
    expected = {"302.ts": 10 ** (-3.01 / 20)}.get(case.name, loss)
    assert np.std(middle) == pytest.approx(expected * np.std(tone()), rel=0.12)
    if case.bits and info.channels == 1:
        original, _ = read(source)
        # ffmpeg 9 cuts the end of the last packet of its own ALAC in CAF twice
        end = len(samples) if case.name == "alac.caf" else len(original)
        assert np.array_equal(samples, original[:end])
    assert [code for code, _ in info.remarks] == ([ENCODER_DELAY] if case.delay else [])
    assert info.warnings == ()


@needs_ffmpeg
def test_coded_sound_in_the_place_of_samples_is_decoded_or_refused(tmp_path: Path, source: Path) -> None:
    _run("-i", source, "-c:a", "ac3", "-f", "spdif", tmp_path / "a.spdif")
    _run("-i", source, "-c:a", "dca", "-strict", "-2", tmp_path / "a.dts")
    burst = (tmp_path / "a.spdif").read_bytes()
    stream = (tmp_path / "a.dts").read_bytes()
    swapped = np.frombuffer(stream[: len(stream) // 2 * 2], ">u2").astype("<u2").tobytes()
    stereo = fmt(channels=2)
    for name, data, codec in (("bursts.wav", burst, "ac3"), ("cd.wav", swapped, "dts")):
        path = tmp_path / name
        path.write_bytes(wave(data, stereo))
        samples, info = read(path)
        assert info.subtype == codec
        assert np.std(samples[20_000:30_000]) == pytest.approx(np.std(tone()), rel=0.1)
    words = np.frombuffer(burst[: len(burst) // 2 * 2], "<i2").astype("<i4") * 256
    path = tmp_path / "wide.wav"
    path.write_bytes(wave(words[:, None].view(np.uint8)[:, :3].tobytes(), fmt(channels=2, bits=24)))
    with pytest.raises(StemError, match=r"holds coded sound \(Dolby or DTS, as IEC 61937\)"):
        read(path)


CLIPPED = {
    # whole steps that spell a word of DTS: 7FFE 8001, and 1FFF E800 of its form with 14 bits
    "noise": np.random.default_rng(1).choice([32_766, -32_767], (48_000, 2)),
    "square": np.repeat([[32_766, -32_767]], 24_000, axis=0) * np.repeat([1, -1], 12_000)[:, None],
    "tone": np.tile(np.repeat([[32_766], [-32_767]], 240, axis=0), (50, 2)),
    "few steps": np.tile([[8_191, -6_144], [-6_144, 8_191]], (12_000, 1)),
}


@pytest.mark.parametrize("name", CLIPPED)
def test_clipped_sound_is_not_taken_for_coded_sound(tmp_path: Path, name: str) -> None:
    path = tmp_path / "clipped.wav"
    soundfile.write(path, CLIPPED[name].astype(np.int16), 48_000, subtype="PCM_16")
    samples, info = read(path)
    assert (info.subtype, len(samples)) == ("PCM_16", len(CLIPPED[name]))


REFUSED = {
    "a codec without a decoder": ("a.mkv", "-c:a pcm_s16le", b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT"),
    "an unknown AIFF-C": ("a.aifc", "-c:a pcm_s16le -f aiff", b"sowt", b"QDXX"),
    "an unknown Ogg": ("a.spx", "-c:a libspeex -ar 32000", b"Speex   ", b"Sqeex   "),
}


@needs_ffmpeg
@pytest.mark.parametrize("name", REFUSED)
def test_a_codec_that_nobody_knows_is_the_reason_and_no_damage(
    tmp_path: Path, source: Path, name: str
) -> None:
    file, options, codec, other = REFUSED[name]
    path = tmp_path / file
    try:
        _run("-i", source, *options.split(), path)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this ffmpeg cannot write it: {error.stderr.decode()[:60]}")
    path.write_bytes(path.read_bytes().replace(codec, other))
    with pytest.raises(StemError, match="ffmpeg cannot decode: its codec is") as refused:
        read(path)
    assert "damaged" not in refused.value.message
    assert refused.value.hint == "Export the sound as WAV or FLAC."


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.wv", "a.tta"])
def test_a_cut_file_of_a_kind_that_states_its_length_is_refused(
    tmp_path: Path, source: Path, name: str
) -> None:
    path = tmp_path / name
    _run("-i", source, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StemError, match="truncated"):
        read(path)


@pytest.mark.parametrize("name", ["take.raw", "take.pcm", "take.wav"])
def test_samples_without_a_header_are_refused_for_that(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(3).integers(-3000, 3000, 48_000)
    path.write_bytes(b"\1\2" + noise.astype("<i2").tobytes())
    with pytest.raises(StemError, match="has no known header") as refused:
        read(path)
    assert "rate, width and channels" in refused.value.hint


MP3S = ["whole", "cut", "damaged", "a wrong count of bytes", "a huge tag"]


@pytest.mark.parametrize("name", MP3S)
def test_no_library_writes_to_the_terminal(tmp_path: Path, name: str) -> None:
    out = io.BytesIO()
    soundfile.write(out, tone(2.0), RATE, format="MP3", subtype="MPEG_LAYER_III")
    data = bytearray(out.getvalue())
    if name == "cut":
        del data[len(data) // 2 :]
    elif name == "damaged":
        data[3000:3400] = bytes(400)
    elif name == "a wrong count of bytes":
        data += data[1000:2000] * 3
    elif name == "a huge tag":
        data[:0] = b"ID3\4\0\0\0\0\x7f\x7f" + bytes(0x3FFF)
    path = tmp_path / "voice.mp3"
    path.write_bytes(data)
    command = [sys.executable, "-m", "audio_pipeline", "measure", str(path), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1)
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == (["error", "hint"] if done.returncode else [])


def test_stderr_comes_back_after_nested_silence(capfd: pytest.CaptureFixture[str]) -> None:
    with silenced(), silenced():
        print("lost", file=sys.__stderr__, flush=True)
    print("kept", file=sys.__stderr__, flush=True)
    assert capfd.readouterr().err == "kept\n"


def test_a_bw64_states_the_bits_of_its_samples(tmp_path: Path) -> None:
    sound = np.zeros((4800, 6), np.uint8).tobytes()
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(sound) + 100, len(sound), 4800, 0)
    body = ds64 + b"fmt " + struct.pack("<I", 16) + fmt(channels=2, bits=24)
    path = tmp_path / "a.wav"
    path.write_bytes(
        b"BW64\xff\xff\xff\xffWAVE" + body + b"data\xff\xff\xff\xff" + b"\x40" * 30 + sound[30:]
    )
    _, info = read(path)
    assert (info.format, info.subtype, bits_of(info.subtype)) == ("BW64", "PCM_24", 24)
