"""A table of good, odd and bad files. Each is accepted, accepted with a warning, or refused in a
sentence that names the file and the cause; none hangs, and none takes memory for what it claims."""

from __future__ import annotations

import io
import os
import re
import socket
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.read.audio_file import blocks, probe, read
from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.audio_io.signal_checks import SignalCheck
from audio_pipeline.errors import StemError
from tests.audio_io.wave_makers import RATE, chunk, float32, fmt, pcm16, tone, wave
from tests.hostile.law import time_limit

SOUND = pcm16(tone())
FLOAT = fmt(tag=3, bits=32)
LITTLE_MEMORY = 32 << 20


@pytest.fixture(autouse=True)
def _never_hangs() -> Iterator[None]:
    with time_limit():
        yield


@dataclass(frozen=True)
class Case:
    """A file of these bytes, and the words that its refusal or its warning must have."""

    name: str
    content: bytes
    words: str


def at(samples: np.ndarray, index: int, value: float) -> np.ndarray:
    out = samples.copy()
    out[index] = value
    return out


def aiff() -> bytes:
    return _encoded("AIFF", "PCM_16")


def _encoded(kind: str, subtype: str, seconds: float = 0.5) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(seconds), RATE, format=kind, subtype=subtype)
    return buffer.getvalue()


def _rf64(data_size: int) -> bytes:
    body = b"WAVE" + chunk(b"ds64", struct.pack("<QQQI", 0, data_size, len(SOUND) // 2, 0))
    body += chunk(b"fmt ", fmt()) + b"data\xff\xff\xff\xff" + SOUND
    return b"RF64\xff\xff\xff\xff" + body


REFUSED = [
    Case("empty.wav", b"", r"is empty"),
    Case("text.wav", b"This is a shopping list.\n" * 40, r"is text, not audio"),
    Case("utf8.wav", "未完的对话\n".encode() * 60, r"is text, not audio"),
    Case("playlist.m4a", b"#EXTM3U\n/etc/passwd\n", r"is text, not audio"),
    Case("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(900), r"is a PNG picture"),
    Case("photo.wav", b"\xff\xd8\xff\xe0" + bytes(900), r"is a JPEG picture"),
    Case("page.wav", b"<!DOCTYPE html><html><title>404</title></html>", r"is an HTML page"),
    Case("page2.wav", b"\n <HTML>Not found</HTML>", r"is an HTML page"),
    Case(
        "pointer.flac",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        r"is a Git LFS pointer",
    ),
    Case("archive.wav", b"PK\x03\x04" + bytes(900), r"is a ZIP archive"),
    Case("document.wav", b"%PDF-1.7\n" + bytes(900), r"is a PDF document"),
    Case("sample.sds", b"\xf0\x7e" + bytes(900), r"is a MIDI sample dump"),
    Case("notes.wav", b"MThd\0\0\0\x06\0\0\0\x01\0\x60", r"is a MIDI file"),
    Case("zeros.wav", bytes(5000), r"not a supported audio file"),
    Case("noise.wav", np.random.default_rng(5).bytes(5000), r"not a supported audio file"),
    Case("riff-only.wav", b"RIFF", r"damaged or truncated"),
    Case("header-cut-in-riff.wav", wave(SOUND)[:11], r"damaged or truncated"),
    Case("header-cut-in-fmt.wav", wave(SOUND)[:30], r"says that it|damaged or truncated"),
    Case("header-cut-before-data.wav", wave(SOUND)[:40], r"damaged or truncated"),
    Case("no-data-chunk.wav", b"RIFF\x1c\0\0\0WAVE" + chunk(b"fmt ", fmt()), r"no audio follows"),
    Case("no-fmt-chunk.wav", b"RIFF\x1c\0\0\0WAVE" + chunk(b"data", SOUND), r"data before"),
    Case(
        "fmt-after-data.wav",
        b"RIFF\0\0\0\0WAVE" + chunk(b"data", SOUND) + chunk(b"fmt ", fmt()),
        r"audio data before its format chunk",
    ),
    Case("no-samples.wav", wave(b""), r"holds no audio"),
    Case("no-samples-but-more.wav", wave(b"", after=chunk(b"LIST", b"INFO")), r"holds no audio"),
    Case("half.wav", wave(SOUND)[:20_000], r"states 48000 bytes of audio, the file holds 19956"),
    Case("half.aiff", aiff()[:20_000], r"is truncated"),
    Case("half.w64", _encoded("W64", "PCM_16")[:20_000], r"is truncated"),
    Case("half.caf", _encoded("CAF", "PCM_16")[:20_000], r"is truncated"),
    Case("half.au", _encoded("AU", "PCM_16")[:20_000], r"is truncated"),
    Case("half.rf64", _rf64(48_000)[:20_000], r"is truncated"),
    Case("half.flac", _encoded("FLAC", "PCM_24")[:9_000], r"damaged or truncated"),
    Case("half.ogg", _encoded("OGG", "VORBIS", 3)[:8_000], r"its last page is missing"),
    Case(
        "claims-3-gb.wav",
        wave(SOUND, data_size=0xBFFF_FFF0, riff_size=0xBFFF_FFF0 + 36),
        r"states 3221225456 bytes",
    ),
    Case("claims-an-exabyte.rf64", _rf64(1 << 60), r"states 1152921504606846976 bytes"),
    Case(
        "claims-2-to-36-frames.flac",
        _encoded("FLAC", "PCM_16")[:21] + b"\xff" * 5 + _encoded("FLAC", "PCM_16")[26:],
        r"states a length of|damaged|channels|Hz",
    ),
    Case("rate-0.wav", wave(SOUND, fmt(rate=0)), r"has a sample rate of 0 Hz"),
    Case("rate-1.wav", wave(SOUND, fmt(rate=1)), r"has a sample rate of 1 Hz"),
    Case("rate-7999.wav", wave(SOUND, fmt(rate=7999)), r"has a sample rate of 7999 Hz"),
    Case("rate-192001.wav", wave(SOUND, fmt(rate=192_001)), r"has a sample rate of 192001 Hz"),
    Case("rate-2-to-32.wav", wave(SOUND, fmt(rate=0xFFFF_FFFF)), r"has a sample rate of 4294967295 Hz"),
    Case("channels-0.wav", wave(SOUND, fmt(channels=0)), r"has 0 channels"),
    Case("channels-25.wav", wave(SOUND, fmt(channels=25)), r"has 25 channels"),
    Case("channels-65535.wav", wave(SOUND, fmt(channels=65_535)), r"has 65535 channels"),
    Case("bits-0.wav", wave(SOUND, fmt(bits=0)), r"damaged|cannot decode"),
    Case("bits-65535.wav", wave(SOUND, fmt(bits=65_535)), r"damaged|cannot decode"),
    Case("no-known-codec.wav", wave(SOUND, fmt(tag=0x1234)), r"cannot decode"),
    Case("nan.wav", wave(float32(at(tone(), 24_00, np.nan)), FLOAT), r"at 0\.050 s: it is not a number"),
    Case(
        "inf.wav", wave(float32(at(tone(), 12_000, np.inf)), FLOAT), r"at 0\.250 s: it is not a number"
    ),
    Case("minus-inf.wav", wave(float32(at(tone(), 0, -np.inf)), FLOAT), r"is not a number"),
    Case("3e38.wav", wave(float32(at(tone(), 9, 3e38)), FLOAT), r"is at \+770 dBFS"),
    Case("101.wav", wave(float32(at(tone(), 9, 101.0)), FLOAT), r"is at \+40 dBFS"),
    Case("denormals.wav", wave(float32(tone() * 1e-40), FLOAT), r"is silent"),
    Case("silence.wav", wave(bytes(48_000)), r"is silent from beginning to end"),
    Case("one-sample.wav", wave(SOUND[2000:2002]), r"is only 0\.000 s long"),
    Case("5-ms.wav", wave(SOUND[:480]), r"is only 0\.005 s long; 0\.01 s"),
    Case("cut.m4a", b"\0\0\0\x1cftypM4A \0\0\x02\0M4A isomiso2" + bytes(400), r"cannot decode"),
    Case("empty.mkv", b"\x1a\x45\xdf\xa3" + bytes(400), r"cannot decode"),
]

WARNED = [
    Case("clipped.wav", wave(pcm16(tone(peak=2.0))), r"is clipped in 440 places"),
    Case("clipped.float.wav", wave(float32(np.clip(tone(peak=2.0), -1, 1)), FLOAT), r"clipped in 440"),
    Case("dc.wav", wave(pcm16(tone() + 0.05)), r"DC offset of -26\.0 dBFS"),
    Case("low.wav", wave(pcm16(tone(peak=0.003))), r"recorded very low"),
    Case(
        "anti-phase.wav",
        wave(pcm16(tone(channels=2) * [1.0, -1.0]), fmt(channels=2)),
        r"opposite phase \(correlation -1\.00\)",
    ),
    Case("trailing.wav", wave(SOUND, trailing=b"\0" * 333), r"has 333 bytes after its last chunk"),
    Case(
        "riff-size-0.wav",
        wave(SOUND, riff_size=0, after=chunk(b"LIST", b"INFO")),
        r"states a wrong file size",
    ),
    Case("data-size-0.wav", wave(SOUND, data_size=0, riff_size=0), r"does not state its length"),
    Case(
        "data-size-0-riff-36.wav", wave(SOUND, data_size=0, riff_size=36), r"does not state its length"
    ),
    Case("stream-ffmpeg.wav", wave(SOUND, data_size=0xFFFF_FFFF), r"all 48000 bytes of audio are read"),
    Case("stream-sox.wav", wave(SOUND, data_size=0x7FFF_F000), r"does not state its length"),
    Case(
        "stream.au",
        b".snd"
        + struct.pack(">IIIII", 24, 0xFFFF_FFFF, 3, RATE, 1)
        + np.frombuffer(SOUND, "<i2").astype(">i2").tobytes(),
        r"does not state its length",
    ),
]

ACCEPTED = [
    Case("plain.wav", wave(SOUND), ""),
    Case("100-ms.wav", wave(SOUND[:9600]), ""),
    Case("junk-first.wav", wave(SOUND, before=chunk(b"JUNK", bytes(28))), ""),
    Case("list-first.wav", wave(SOUND, before=chunk(b"LIST", b"INFOISFT\2\0\0\0a\0")), ""),
    Case("list-between.wav", wave(SOUND, between=chunk(b"LIST", b"INFOISFT\2\0\0\0a\0")), ""),
    Case("list-after.wav", wave(SOUND, after=chunk(b"LIST", b"INFOISFT\2\0\0\0a\0")), ""),
    Case("odd-sized-chunk.wav", wave(SOUND, between=chunk(b"junk", b"abc")), ""),
    Case("unknown-chunk.wav", wave(SOUND, before=chunk(b"zzzz", bytes(1000))), ""),
    Case("bext.wav", wave(SOUND, before=chunk(b"bext", bytes(602))), ""),
    Case("renamed.txt", wave(SOUND), ""),
    Case("no-extension", wave(SOUND), ""),
    Case("wrong-extension.flac", wave(SOUND), ""),
    Case("rf64.wav", _rf64(48_000), ""),
    Case("over-full-scale.wav", wave(float32(tone(peak=4.0)), FLOAT), ""),
    Case("some-denormals.wav", wave(float32(np.vstack([tone(0.3), tone(0.2) * 1e-40])), FLOAT), ""),
]


def by_name(case: Case) -> str:
    return case.name


def made(folder: Path, case: Case) -> Path:
    path = folder / case.name
    path.write_bytes(case.content)
    return path


def one_sentence(error: StemError, name: str) -> None:
    for text in (error.message, error.hint or "A hint."):
        assert text.isprintable()
        assert text.endswith((".", "?"))
    assert name in error.message


@pytest.mark.parametrize("case", REFUSED, ids=by_name)
def test_a_bad_file_is_refused_in_a_sentence_and_in_little_memory(tmp_path: Path, case: Case) -> None:
    path = made(tmp_path, case)
    tracemalloc.start()
    with pytest.raises(StemError) as refusal:
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one_sentence(refusal.value, str(path))
    assert re.search(case.words, refusal.value.message)
    assert peak < LITTLE_MEMORY


@pytest.mark.parametrize("case", WARNED, ids=by_name)
def test_an_odd_file_is_read_whole_with_one_warning(tmp_path: Path, case: Case) -> None:
    path = made(tmp_path, case)
    samples, info = read(path)
    assert len(samples) == info.frames == 24_000
    assert len(info.warnings) == 1
    assert re.search(case.words, info.warnings[0])
    assert str(path) in info.warnings[0]
    assert info.warnings[0].isprintable()


@pytest.mark.parametrize("case", ACCEPTED, ids=by_name)
def test_a_good_file_is_read_without_a_word(tmp_path: Path, case: Case) -> None:
    samples, info = read(made(tmp_path, case))
    assert info.warnings == ()
    assert samples.shape == (info.frames, info.channels)
    assert 0.49 < np.max(np.abs(samples)) < 4.01


@pytest.mark.parametrize("name", ["text.wav", "half.wav", "rate-0.wav", "claims-3-gb.wav", "5-ms.wav"])
def test_the_header_alone_tells_what_the_header_can_tell(tmp_path: Path, name: str) -> None:
    case = next(case for case in REFUSED if case.name == name)
    with pytest.raises(StemError, match=case.words):
        probe(made(tmp_path, case))


def test_a_stream_of_unknown_length_has_the_samples_of_the_closed_file(tmp_path: Path) -> None:
    expected, _ = read(made(tmp_path, Case("closed.wav", wave(SOUND), "")))
    for case in WARNED:
        if "does not say" in case.words:
            samples, _ = read(made(tmp_path, case))
            assert np.array_equal(samples, expected), case.name


def test_a_clipped_top_counts_once_wherever_the_blocks_are_cut() -> None:
    x = np.clip(tone(peak=2.0), -1, 1)
    for size in (1, 2, 3, 7, 1000, 24_000):
        check = SignalCheck("x", RATE, 1)
        for start in range(0, 2400 if size < 7 else 24_000, size):
            check.feed(x[start : min(start + size, 2400 if size < 7 else 24_000)])
        assert ("in 44 places" if size < 7 else "in 440 places") in check.warnings()[0], size


@pytest.mark.parametrize("first", [1, 2, 3, 4, 5, 6])
def test_a_top_that_is_clipped_from_the_start_counts_once(first: int) -> None:
    x = np.concatenate([np.ones(5), np.zeros(100)])[:, None]
    check = SignalCheck("x", RATE, 1)
    check.feed(x[:first])
    check.feed(x[first:])
    assert "is clipped in 1 place;" in check.warnings()[0]


def test_longer_than_six_hours_is_refused_from_the_header(tmp_path: Path) -> None:
    path = tmp_path / "day.wav"
    size = 8_000 * 3600 * 7
    with path.open("wb") as file:  # sparse: it takes no room
        file.write(wave(b"", fmt(rate=8_000, bits=8), data_size=size, riff_size=size + 36))
        file.truncate(44 + size)
    with pytest.raises(StemError, match=r"states a length of 7\.0 hours; the maximum is 6 hours"):
        probe(path)


def test_more_than_memory_should_hold_is_refused_by_read_but_not_by_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    size = 8_000 * 8 * 3600 * 5
    with path.open("wb") as file:
        file.write(wave(b"", fmt(channels=8, rate=8_000, bits=8), data_size=size, riff_size=size + 36))
        file.truncate(44 + size)
    with pytest.raises(StemError, match=r"would take 9\.2 GB of memory"):
        read(path)
    assert next(blocks(path, 1000)).shape == (1000, 8)


def test_blocks_are_the_recording_in_pieces(tmp_path: Path) -> None:
    path = made(tmp_path, Case("plain.wav", wave(SOUND), ""))
    whole, _ = read(path)
    pieces = list(blocks(path, 7000))
    assert [len(piece) for piece in pieces] == [7000, 7000, 7000, 3000]
    assert np.array_equal(np.concatenate(pieces), whole)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path may not be long
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("gone.wav")


def _to_fifo(path: Path) -> None:
    os.mkfifo(path.parent / "pipe")
    path.symlink_to("pipe")


NO_FILES: list[tuple[str, Callable[[Path], object], str]] = [
    ("folder", Path.mkdir, r"is a folder, not an audio file"),
    ("fifo", _fifo, r"is a pipe, not an audio file"),
    ("link to a fifo", _to_fifo, r"is a pipe"),
    ("socket", _socket, r"is a socket"),
    ("loop", _loop, r"is a link to itself"),
    ("dangling link", _dangling, r"is a link to gone\.wav, which does not exist"),
    ("nothing", lambda _: None, r"does not exist"),
]


@pytest.mark.parametrize(("make", "words"), [c[1:] for c in NO_FILES], ids=[c[0] for c in NO_FILES])
def test_what_is_no_file_is_told_by_its_kind_and_never_opened(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "stem.wav"
    make(path)
    for ask in (read, probe, sha256_hex):
        with pytest.raises(StemError, match=words) as refusal:
            ask(path)
        one_sentence(refusal.value, str(path))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full"])
def test_a_device_is_refused(device: str) -> None:
    with pytest.raises(StemError, match="is a device"):
        read(device)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path, Case("secret.wav", wave(SOUND), ""))
    path.chmod(0)
    with pytest.raises(StemError, match="cannot be read: permission denied"):
        read(path)


def test_what_the_system_forbids_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path, Case("secret.wav", wave(SOUND), ""))

    def forbid(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbid)
    with pytest.raises(StemError, match="cannot be read: permission denied"):
        read(path)


def test_a_misspelt_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    made(tmp_path, Case("voice_a.wav", wave(SOUND), ""))
    with pytest.raises(StemError) as refusal:
        read(tmp_path / "voice-a.wav")
    assert refusal.value.hint == "Did you mean voice_a.wav?"


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300, "no/such/folder/a.wav"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(StemError) as refusal:
        read(name)
    assert refusal.value.message.isprintable()


NAMES = {
    "spaces": b"my voice  1 .wav",
    "quotes": b'it\'s "quoted" `so`.wav',
    "newline": b"two\nlines\r.wav",
    "escape": b"\x1b[31mred\x07.wav",
    "markup": b"[bold red]voice[-]<b>&amp;.wav",
    "percent": b"%s%n%d-50%.wav",
    "option": b"-version.wav",
    "protocol": b"concat:a|b.wav",
    "chinese": "未完的对话.wav".encode(),
    "right to left": "\u202egnp.wav".encode(),
    "invalid utf-8": b"caf\xe9-\xff.wav",
    "255 bytes": b"n" * 251 + b".wav",
}


@pytest.mark.parametrize("raw", NAMES.values(), ids=NAMES.keys())
def test_any_name_is_read_and_can_be_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(raw)
    Path(name).write_bytes(wave(SOUND))
    _, info = read(name)
    assert info.name == printable(name)
    assert info.name.isprintable()
    info.name.encode("utf-8")
    Path(name).write_bytes(wave(SOUND)[:-2000])
    with pytest.raises(StemError) as refusal:
        read(name)
    one_sentence(refusal.value, printable(name))


def test_a_name_is_shown_as_it_was_given_where_it_can_be_shown() -> None:
    assert printable("stems/it's 未完 [b].wav") == "stems/it's 未完 [b].wav"
    assert printable("a\nb\x1b\udcff\u202e") == "a\\nb\\x1b\\xff\\u202e"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["WAV", "AIFF", "CAF", "FLAC", "W64", "AU"]),
    keep=st.floats(0.0, 1.0),
    spots=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else_happens(
    tmp_path: Path, kind: str, keep: float, spots: list[tuple[int, int]]
) -> None:
    content = bytearray(_encoded(kind, "PCM_16", 0.15))
    content = content[: max(1, round(keep * len(content)))]
    for offset, value in spots:
        if offset < len(content):
            content[offset] = value
    path = tmp_path / "damaged"
    path.write_bytes(content)
    try:
        samples, info = read(path)
    except StemError as error:
        one_sentence(error, str(path))
    else:
        assert samples.shape == (info.frames, info.channels)
        assert np.isfinite(samples).all()
