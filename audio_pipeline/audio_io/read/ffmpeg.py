"""Formats that libsndfile does not read (m4a, mov, mp4, mkv, wma…), decoded by pydub's ffmpeg.

pydub finds the programs. It is not asked to decode: it would wait for ever, hold the file in memory
three times, and cut AAC to 16 bits. The demuxer is named from the file's first bytes, so that a
playlist with another file's name in it is never followed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import struct
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError

PATIENCE_S = 20.0
"""How long ffmpeg may give nothing before it is stopped; a film's sound begins to come in less than one."""

_MOST_ALLOCATED = 256 << 20  # bytes that ffmpeg may ask for at once
_AU_HEAD = struct.Struct(">4s5I")  # magic, where sound begins, its size, encoding, rate, channels


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
_MP3 = Container("MP3", 0, b"ID3", "mp3", False)
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
    known = next((c for c in (*_CONTAINERS, _MP3) if head[c.offset :].startswith(c.magic)), None)
    return _MP3 if known is None and head[:1] == b"\xff" and head[1:2] >= b"\xe0" else known


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


def decoded(
    file: RegularFile, container: Container, stream: StreamInfo, frames: int
) -> Iterator[Samples]:
    """The first sound in the file, in pieces `(≤ frames, channels)` float64, as ffmpeg makes it: neither
    memory nor a disk holds all of it.

    Raises StemError when there is no ffmpeg, when it fails, or when it gives nothing for too long.
    """
    ffmpeg, _ = _programs(file, container)
    wanted = ["-map", "0:a:0", "-vn", "-sn", "-dn", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    command = [
        ffmpeg,
        "-nostdin",
        "-max_alloc",
        f"{_MOST_ALLOCATED}",
        *_source(file, container),
        *wanted,
    ]
    process = subprocess.Popen(  # noqa: S603 -- a list of arguments, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(file.descriptor,),
    )
    assert process.stdout is not None
    output = process.stdout.fileno()
    try:
        _skip_head(file, container, stream, output)
        size = 4 * stream.channels
        while data := _taken(file, output, frames * size):
            whole = data[: len(data) // size * size]
            yield np.frombuffer(whole, ">f4").reshape(-1, stream.channels).astype(np.float64)
        if process.wait() != 0:
            raise _cannot(file, container)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _skip_head(file: RegularFile, container: Container, stream: StreamInfo, output: int) -> None:
    """Read the head of an AU file, which says what really comes. Raises StemError for a surprise."""
    head = _taken(file, output, _AU_HEAD.size)
    if len(head) < _AU_HEAD.size:
        raise _cannot(file, container)
    _, start, _, _, rate_hz, channels = _AU_HEAD.unpack(head)
    _taken(file, output, start - _AU_HEAD.size)
    if (rate_hz, channels) != (stream.sample_rate_hz, stream.channels):
        raise StemError(
            f"{file.name} is damaged: it promises {stream.channels} channels at {stream.sample_rate_hz} Hz,"
            f" and holds {channels} at {rate_hz} Hz.",
            hint="Export the sound as WAV or FLAC.",
        )


def _taken(file: RegularFile, output: int, count: int) -> bytes:
    """The next `count` bytes, fewer at the end."""
    data = bytearray()
    waiting = select.poll()
    waiting.register(output, select.POLLIN)
    while len(data) < count:
        if not waiting.poll(1000.0 * PATIENCE_S):
            raise _given_up(file)
        part = os.read(output, count - len(data))
        if not part:
            break
        data += part
    return bytes(data)


def _source(file: RegularFile, container: Container) -> list[str]:
    # the file that was examined, whatever its name stands for by now
    location = f"file:/dev/fd/{file.descriptor}"
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
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            pass_fds=(file.descriptor,),
        )
    except subprocess.TimeoutExpired as error:
        raise _given_up(file) from error
    if done.returncode != 0:
        raise _cannot(file, container)
    return done.stdout


def _given_up(file: RegularFile) -> StemError:
    return StemError(
        f"{file.name} was given up: ffmpeg made nothing of it in {PATIENCE_S:g} s.",
        hint="Export the sound as WAV or FLAC.",
    )


def _cannot(file: RegularFile, container: Container) -> StemError:
    return StemError(
        f"{file.name} is {container.title} that ffmpeg cannot decode: it is damaged,"
        " cut short or without sound.",
        hint="Copy or export it again, or export the sound as WAV or FLAC.",
    )
