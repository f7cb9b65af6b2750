"""Formats that libsndfile does not read (m4a, mov, mp4, mkv, wma…), decoded by pydub's ffmpeg.

pydub finds the programs. It is not asked to decode: it would wait for ever, hold the file in memory
three times, and cut AAC to 16 bits. The demuxer is named from the file's first bytes, so that a
playlist with another file's name in it is never followed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_files.regular_file import RegularFile
from audio_pipeline.errors import StemError

DECODER_LIMIT_S = 600.0
"""How long ffmpeg may take before it is stopped; it decodes some hundred times faster than it plays."""


@dataclass(frozen=True)
class Container:
    """A kind of file: how it is recognised, ffmpeg's name of it, whether it states a true length."""

    title: str
    offset: int
    magic: bytes
    demuxer: str
    states_length: bool


_CONTAINERS = (
    Container("MPEG-4", 4, b"ftyp", "mov", True),
    Container("QuickTime", 4, b"moov", "mov", True),
    Container("QuickTime", 4, b"mdat", "mov", True),
    Container("QuickTime", 4, b"wide", "mov", True),
    Container("QuickTime", 4, b"free", "mov", True),
    Container("Matroska", 0, b"\x1a\x45\xdf\xa3", "matroska", True),
    Container("AVI", 8, b"AVI ", "avi", True),
    Container("MXF", 0, b"\x06\x0e\x2b\x34", "mxf", True),
    Container("ASF", 0, b"\x30\x26\xb2\x75", "asf", False),
    Container("FLV", 0, b"FLV\x01", "flv", False),
    Container("MPEG", 0, b"\x00\x00\x01\xba", "mpeg", False),
    Container("AAC", 0, b"\xff\xf1", "aac", False),
    Container("AAC", 0, b"\xff\xf9", "aac", False),
    Container("AC-3", 0, b"\x0b\x77", "ac3", False),
    Container("AMR", 0, b"#!AMR", "amr", False),
    Container("WavPack", 0, b"wvpk", "wv", False),
    Container("Monkey's Audio", 0, b"MAC ", "ape", False),
    Container("CAF", 0, b"caff", "caf", False),
    Container("WAV", 8, b"WAVE", "wav", False),
)
_TRANSPORT_STREAM = Container("MPEG-TS", 0, b"\x47", "mpegts", False)


@dataclass(frozen=True)
class StreamInfo:
    """What ffprobe says of the first sound in a file; `duration_s` is None where nothing states it."""

    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float | None


def container_of(file: RegularFile) -> Container | None:
    """The container that the file's first bytes show, when ffmpeg is the one to read it."""
    head = file.bytes_at(0, 16)
    if head[:1] == b"\x47" and file.bytes_at(188, 1) == b"\x47" == file.bytes_at(376, 1):
        return _TRANSPORT_STREAM
    return next((c for c in _CONTAINERS if head[c.offset :].startswith(c.magic)), None)


def stream_info(file: RegularFile, container: Container) -> StreamInfo:
    """Ask ffprobe. Raises StemError when there is no ffprobe, or no sound in the file."""
    _, ffprobe = _programs(file, container)
    asked = "stream=codec_name,sample_rate,channels,duration:format=duration"
    options = ["-select_streams", "a:0", "-show_entries", asked, "-of", "json"]
    answer = json.loads(_run(file, container, [ffprobe, *_source(file, container), *options]))
    if not answer.get("streams"):
        raise StemError(f"{file.name} is {container.title} without any sound in it.")
    stream = answer["streams"][0]
    duration = stream.get("duration") or answer.get("format", {}).get("duration")
    return StreamInfo(
        codec=str(stream.get("codec_name", "unknown")),
        sample_rate_hz=int(stream.get("sample_rate", 0)),
        channels=int(stream.get("channels", 0)),
        duration_s=float(duration) if duration and container.states_length else None,
    )


@contextmanager
def decoded(file: RegularFile, container: Container, longest_s: float) -> Iterator[Path]:
    """A 32-bit float WAV of the first sound in the file, at most `longest_s` long, for a while.

    Raises StemError when there is no ffmpeg, when it fails, or when it takes too long.
    """
    ffmpeg, _ = _programs(file, container)
    with tempfile.TemporaryDirectory(prefix="render-ending-") as folder:
        target = Path(folder) / "decoded.wav"
        options = ["-map", "0:a:0", "-vn", "-sn", "-dn", "-c:a", "pcm_f32le", "-rf64", "auto"]
        command = [ffmpeg, "-nostdin", *_source(file, container), *options]
        _run(file, container, [*command, "-t", f"{longest_s}", "-f", "wav", str(target)])
        yield target


def _source(file: RegularFile, container: Container) -> list[str]:
    location = f"file:{os.fspath(Path(file.path).absolute())}"
    return ["-v", "error", "-protocol_whitelist", "file", "-f", container.demuxer, "-i", location]


def _programs(file: RegularFile, container: Container) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # pydub warns when it finds no ffmpeg; the sentence below is ours
        from pydub import AudioSegment
        from pydub.utils import get_prober_name

        names = (str(AudioSegment.converter), str(get_prober_name()))
    found = tuple(shutil.which(name) for name in names)
    if found[0] is None or found[1] is None:
        raise StemError(
            f"{file.name} is {container.title}, which needs ffmpeg, and ffmpeg is not installed.",
            hint="Install ffmpeg, or export the sound as WAV or FLAC.",
        )
    return found[0], found[1]


def _run(file: RegularFile, container: Container, command: list[str]) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 -- a list of arguments, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=DECODER_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StemError(
            f"{file.name} was given up: ffmpeg took longer than {DECODER_LIMIT_S:g} s to decode it.",
            hint="Export the sound as WAV or FLAC.",
        ) from error
    if b"No space left on device" in done.stderr:
        raise StemError(
            f"{file.name} could not be decoded: the disk is full.",
            hint=f"Make room in {tempfile.gettempdir()}, or set TMPDIR.",
        )
    if done.returncode != 0:
        raise StemError(
            f"{file.name} is {container.title} that ffmpeg cannot decode: it is damaged,"
            " cut short or without sound.",
            hint="Copy or export it again, or export the sound as WAV or FLAC.",
        )
    return done.stdout
