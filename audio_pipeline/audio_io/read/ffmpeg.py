"""Formats that libsndfile does not read (m4a, mov, mp4, mkv, wma…), decoded by ffmpeg.

pydub is not asked to decode: it would need ffprobe, wait for ever, hold the file in memory three
times, and cut AAC to 16 bits. The demuxer is named from the file's first bytes, so that a playlist
with another file's name in it is never followed.
"""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from audio_pipeline.audio_io.ffmpeg_program import INSTALL_HINT, find_ffmpeg
from audio_pipeline.audio_io.read.decoder_limits import (
    PROBE_CPU_S,
    decode_cpu_s,
    input_limits,
    refuse_limit,
    start_limited,
)
from audio_pipeline.audio_io.read.mp4_tracks import sound_length_s
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError

PATIENCE_S = 20.0
"""How long ffmpeg may give nothing before it is stopped; a film's sound begins to come in less than one."""

_MOST_TOLD = 4 << 20  # bytes of one answer: what ffmpeg says of a file, or its first frame of sound
_AU_HEAD = struct.Struct(">4s5I")  # magic, where sound begins, its size, encoding, rate, channels

# what `ffmpeg -i` prints; tags of the file stand there too, so that nothing else is believed
_CLOCK = r"(\d{1,6}):(\d\d):(\d\d(?:\.\d+)?)"
_DURATION = re.compile(rf"^  Duration: {_CLOCK}, ", re.MULTILINE)
_KINDS = "Audio|Video|Subtitle|Data|Attachment"
_STREAM = re.compile(rf"^ {{2,4}}Stream #0:\d+[^\n]*?: ({_KINDS}): (\w*)", re.MULTILINE)
_LAYOUT = re.compile(r"[^\n]*?, \d+ Hz, ([^,\n]+)")
_START = re.compile(r"[^\n]*, start (\d+\.\d+)")  # newer than ffmpeg 5, and where it is not 0
_OWN_DURATION = re.compile(rf"^ +DURATION(?:-\w+)? *: {_CLOCK}", re.MULTILINE)


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
    """What the header says of the first sound in a file.

    `duration_s` is None where nothing states it. `own_duration` is False where it may be another
    stream's: a film's picture may be longer than its sound. `layout` is ffmpeg's word for the channel
    layout, such as "5.1(side)", or "6 channels" where the file states none.
    """

    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float | None
    own_duration: bool
    layout: str


def container_of(file: RegularFile) -> Container | None:
    """The container that the file's first bytes show, when ffmpeg is the one to read it."""
    head = file.bytes_at(0, 16)
    if head[:1] == b"\x47" and file.bytes_at(188, 1) == b"\x47" == file.bytes_at(376, 1):
        return _TRANSPORT_STREAM
    known = next((c for c in (*_CONTAINERS, _MP3) if head[c.offset :].startswith(c.magic)), None)
    return _MP3 if known is None and head[:1] == b"\xff" and head[1:2] >= b"\xe0" else known


def stream_info(file: RegularFile, container: Container) -> StreamInfo:
    """Read the header with `ffmpeg -i` and decode one frame for rate and channels.

    Raises StemError when ffmpeg is missing or the file has no audio.
    """
    command = _command(file, container, "info", ["-frames:a", "1"])
    frame, told = _answer(file, container, command)
    listing = told.decode("utf-8", "replace").split("\nStream mapping:")[0]
    parts = _STREAM.split(listing)
    streams = list(zip(parts[1::3], parts[2::3], parts[3::3], strict=True))
    sound = next(((codec, below) for kind, codec, below in streams if kind == "Audio"), None)
    if sound is None and "Input #0" in listing:
        raise StemError(
            f"{file.name} is {container.title} without an audio track.", hint="Name a file with audio."
        )
    if sound is None or len(frame) < _AU_HEAD.size:
        raise _cannot(file, container)
    codec, below = sound
    rate_hz, channels = _AU_HEAD.unpack(frame[: _AU_HEAD.size])[4:]
    duration_s, own = _stated_length(file, container, listing, below, len(streams))
    layout = _LAYOUT.match(below)
    return StreamInfo(
        codec or "unknown", rate_hz, channels, duration_s, own, layout[1] if layout else ""
    )


def _stated_length(
    file: RegularFile, container: Container, listing: str, below: str, streams: int
) -> tuple[float | None, bool]:
    """How long the sound is said to be, and whether it is the sound that is meant. `below` is what
    stands under it in the listing."""
    if not container.states_length:
        return None, False
    if container.demuxer == "mov" and (exact := sound_length_s(file)) is not None:
        return float(exact), True
    if container.demuxer == "matroska" and (tag := _OWN_DURATION.search(below)) is not None:
        late = _START.match(below)
        return _seconds(tag) - (float(late[1]) if late else 0.0), True
    whole = _DURATION.search(listing)
    return (None, False) if whole is None else (_seconds(whole), streams == 1)


def _seconds(clock: re.Match[str]) -> float:
    return 3600.0 * int(clock[1]) + 60.0 * int(clock[2]) + float(clock[3])


def decoded(
    file: RegularFile, container: Container, stream: StreamInfo, frames: int
) -> Iterator[Samples]:
    """The first sound in the file, in pieces `(≤ frames, channels)` float64, as ffmpeg makes it: neither
    memory nor a disk holds all of it.

    Raises StemError when ffmpeg is missing, fails or times out.
    """
    command = _command(file, container, "error", [])
    cpu_s = decode_cpu_s(file.size)
    process = start_limited(command, file, cpu_s, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    output = process.stdout.fileno()
    try:
        _skip_head(file, container, stream, output)
        size = 4 * stream.channels
        while data := _taken(file, output, frames * size):
            whole = data[: len(data) // size * size]
            yield np.frombuffer(whole, ">f4").reshape(-1, stream.channels).astype(np.float64)
        if process.wait() != 0:
            refuse_limit(file, process, cpu_s)
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
            f"{file.name} is damaged: its header states {stream.channels} channels at"
            f" {stream.sample_rate_hz} Hz, its audio has {channels} at {rate_hz} Hz.",
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


def _command(file: RegularFile, container: Container, verbosity: str, options: list[str]) -> list[str]:
    """The line that decodes the first sound to stdout, as AU in float32."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise StemError(
            f"{file.name} is {container.title}, which needs ffmpeg, and ffmpeg is not installed.",
            hint=INSTALL_HINT,
        )
    bounds = ["-hide_banner", "-nostdin", "-nostats", "-v", verbosity]
    # the file that was examined, whatever its name stands for by now
    location = f"file:/dev/fd/{file.descriptor}"
    # a layout that the file does not state is not guessed
    source = ["-guess_layout_max", "0", *input_limits(container.demuxer), "-i", location]
    wanted = ["-map", "0:a:0", "-vn", "-sn", "-dn", *options]
    return [ffmpeg, *bounds, *source, *wanted, "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]


def _answer(file: RegularFile, container: Container, command: list[str]) -> tuple[bytes, bytes]:
    """What a command that ends soon prints to stdout and to stderr, within bounds of size and time."""
    process = start_limited(command, file, PROBE_CPU_S, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    answers = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    waiting = select.poll()
    for descriptor in answers:
        waiting.register(descriptor, select.POLLIN)
    open_ends, deadline = len(answers), time.monotonic() + PATIENCE_S
    try:
        while open_ends:
            ready = waiting.poll(max(0.0, 1000.0 * (deadline - time.monotonic())))
            if not ready:
                raise _given_up(file)
            for descriptor, _ in ready:
                if not (part := os.read(descriptor, 1 << 16)):
                    waiting.unregister(descriptor)
                    open_ends -= 1
                answers[descriptor] += part
                if len(answers[descriptor]) > _MOST_TOLD:
                    raise _cannot(file, container)
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
            refuse_limit(file, process, PROBE_CPU_S)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    told, complained = answers.values()
    return bytes(told), bytes(complained)


def _given_up(file: RegularFile) -> StemError:
    return StemError(
        f"{file.name} cannot be decoded: ffmpeg timed out after {PATIENCE_S:g} s.",
        hint="Export the sound as WAV or FLAC.",
    )


def _cannot(file: RegularFile, container: Container) -> StemError:
    return StemError(
        f"{file.name} is {container.title} that ffmpeg cannot decode: it is damaged,"
        " truncated or without audio.",
        hint="Copy or export it again, or export the sound as WAV or FLAC.",
    )
