"""Decoding by ffmpeg of formats that libsndfile does not read (m4a, mov, mp4, mkv, wma…).

pydub is not used: it needs ffprobe, has no time-out, holds the file in memory three times, and truncates AAC
to 16 bits. The demuxer is chosen from the file's first bytes, so that a playlist that names
another file is never followed.
"""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from audio_pipeline.audio_io.ffmpeg_program import INSTALL_HINT, find_ffmpeg
from audio_pipeline.audio_io.read.container_kinds import Container
from audio_pipeline.audio_io.read.decoder_limits import (
    PROBE_CPU_S,
    decode_cpu_s,
    input_limits,
    refuse_limit,
    start_limited,
)
from audio_pipeline.audio_io.read.mp4_tracks import sound_tracks
from audio_pipeline.audio_io.read.track_listing import OTHER_TRACKS, Track, selected, tracks_of
from audio_pipeline.audio_io.read.why_not_decoded import why_not_decoded
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

PATIENCE_S = 20.0
"""Seconds without output after which ffmpeg times out; the audio of a film starts in less than one."""

_MOST_TOLD = 4 << 20  # bytes of one output: the description of a file, or its first audio frame
_AU_HEAD = struct.Struct(">4s5I")  # magic, offset and size of the audio, encoding, rate, channels

# output of `ffmpeg -i`; it includes the file's tags, so the patterns are strict
_CLOCK = r"(\d{1,6}):(\d\d):(\d\d(?:\.\d+)?)"
_DURATION = re.compile(rf"^  Duration: {_CLOCK}, ", re.MULTILINE)
_OUTPUT = re.compile(r"^(?:Stream mapping:|Output #0)", re.MULTILINE)
_START = re.compile(r"[^\n]*, start (\d+\.\d+)")  # since ffmpeg 6, when it is not 0
_OWN_DURATION = re.compile(rf"^ +DURATION(?:-\w+)? *: {_CLOCK}", re.MULTILINE)


@dataclass(frozen=True)
class StreamInfo:
    """The header's values of the tracks that are read.

    `tracks` are their numbers, from 1: one track, or mono tracks that are the channels. `codec` is libsndfile's
    name of the sample format for PCM ("PCM_24"), otherwise ffmpeg's name. `layout` is ffmpeg's name of the
    channel layout, such as "5.1(side)", or "6 channels" when the file states no layout. `duration_s` is None
    when it is not stated. `own_duration` is False when it may be the duration of another stream: a film's
    picture may be longer than its audio. `remarks` are codes and sentences.
    """

    tracks: tuple[int, ...]
    codec: str
    sample_rate_hz: int
    channels: int
    layout: str
    duration_s: float | None
    own_duration: bool
    remarks: tuple[tuple[str, str], ...] = ()


def stream_info(file: RegularFile, container: Container, track: int | None = None) -> StreamInfo:
    """The header's values by `ffmpeg -i`, with rate and channels from one decoded frame.

    `track` is the number of the track to read, from 1; None leaves the choice to `selected`. Raises StemError
    if ffmpeg is missing, the file has no audio, or the track does not exist.
    """
    # one call is enough for most files, which have one track
    first = (1,) if track is None else (track,)
    frame, told = _asked(file, container, first)
    listing = _OUTPUT.split(told)[0]
    tracks, streams = tracks_of(listing)
    if not tracks and "Input #0" in listing:
        raise StemError(
            f"{file.name} is {container.title} without an audio track.", hint="Name a file with audio."
        )
    if not tracks:
        raise why_not_decoded(file, container, "", told)
    selection = selected(file, container, tracks, track)
    numbers = tuple(one.number for one in selection.tracks)
    if numbers != first:
        frame, told = _asked(file, container, numbers)
    chosen = selection.tracks[0]
    if len(frame) < _AU_HEAD.size:
        raise why_not_decoded(file, container, chosen.codec, told)
    rate_hz, channels = _AU_HEAD.unpack(frame[: _AU_HEAD.size])[4:]
    duration_s, own, apart_s = _stated_length(file, container, listing, selection.tracks, streams)
    remarks = []
    if selection.remark is not None:
        remarks.append((OTHER_TRACKS, selection.remark))
    if apart_s:
        said = f"{file.name} has tracks that differ in length by {apart_s:.3f} s; the shortest ends it."
        remarks.append((OTHER_TRACKS, said))
    layout = chosen.layout if len(numbers) == 1 else f"{len(numbers)} channels"
    return StreamInfo(
        numbers, chosen.subtype, rate_hz, channels, layout, duration_s, own, tuple(remarks)
    )


def _asked(file: RegularFile, container: Container, tracks: tuple[int, ...]) -> tuple[bytes, str]:
    """A decoded frame of the tracks, with its header, and ffmpeg's description of the file."""
    command = _command(file, container, "info", tracks, "pcm_f32be", ["-frames:a", "1"])
    frame, told = _answer(file, container, command)
    return frame, told.decode("utf-8", "replace")


def _stated_length(
    file: RegularFile, container: Container, listing: str, tracks: Sequence[Track], streams: int
) -> tuple[float | None, bool, float]:
    """The stated duration, whether it is the audio's own, and the difference between the tracks' lengths.

    Both times are in seconds; the duration is None if it is not stated.
    """
    if not container.states_length:
        return None, False, 0.0
    if container.demuxer == "mov":
        known = dict(enumerate(sound_tracks(file), 1))
        lengths = [known[t.number].length_s for t in tracks if t.number in known]
        stated = [float(length) for length in lengths if length is not None]
        if len(stated) == len(tracks):
            apart_s = max(stated) - min(stated)
            return min(stated), True, apart_s if apart_s > 0.001 else 0.0
    below = tracks[0].below
    if container.demuxer == "matroska" and (tag := _OWN_DURATION.search(below)) is not None:
        late = _START.match(below)
        return _seconds(tag) - (float(late[1]) if late else 0.0), True, 0.0
    whole = _DURATION.search(listing)
    return (None, False, 0.0) if whole is None else (_seconds(whole), streams == 1, 0.0)


def _seconds(clock: re.Match[str]) -> float:
    return 3600.0 * int(clock[1]) + 60.0 * int(clock[2]) + float(clock[3])


def decoded(
    file: RegularFile, container: Container, stream: StreamInfo, frames: int
) -> Iterator[Samples]:
    """The decoded audio of the tracks of `stream`, in blocks `(≤ frames, channels)` float64.

    The blocks are read while ffmpeg writes them, so that neither memory nor disk holds the complete audio.
    Raises StemError when ffmpeg is missing, fails or times out.
    """
    command = _command(file, container, "error", stream.tracks, _wire(stream), [])
    cpu_s = decode_cpu_s(file.size)
    process = start_limited(command, file, cpu_s, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    output = process.stdout.fileno()
    try:
        _skip_head(file, container, stream, output)
        wide = _wire(stream) == "pcm_f64be"
        size = (8 if wide else 4) * stream.channels
        while data := _taken(file, output, frames * size):
            whole = data[: len(data) // size * size]
            yield (
                np.frombuffer(whole, ">f8" if wide else ">f4")
                .reshape(-1, stream.channels)
                .astype(np.float64)
            )
        if process.wait() != 0:
            refuse_limit(file, process, cpu_s)
            raise _cannot(file, container)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _skip_head(file: RegularFile, container: Container, stream: StreamInfo, output: int) -> None:
    """Read the header of the AU stream. Raises StemError when its rate or channels differ from `stream`."""
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
    """The next `count` bytes of ffmpeg's output, fewer at its end."""
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


def _wire(stream: StreamInfo) -> str:
    """ffmpeg's output format: 32-bit float, which holds 24 bits exactly; 64-bit float for more than 24 bits."""
    return "pcm_f64be" if stream.codec in ("PCM_32", "DOUBLE") else "pcm_f32be"


def _command(
    file: RegularFile,
    container: Container,
    verbosity: str,
    tracks: tuple[int, ...],
    codec: str,
    options: list[str],
) -> list[str]:
    """The command line that decodes tracks to stdout, as AU in `codec`."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise StemError(
            f"{file.name} is {container.title}, which needs ffmpeg, and ffmpeg is not installed.",
            hint=INSTALL_HINT,
        )
    bounds = ["-hide_banner", "-nostdin", "-nostats", "-v", verbosity]
    # the open descriptor, because another file may have the name by now
    location = f"file:/dev/fd/{file.descriptor}"
    # ffmpeg must not guess an unstated layout
    source = ["-guess_layout_max", "0", *input_limits(container.demuxer), "-i", location]
    wanted = [*_mapping(tracks), "-vn", "-sn", "-dn", *options]
    return [ffmpeg, *bounds, *source, *wanted, "-c:a", codec, "-f", "au", "pipe:1"]


def _mapping(tracks: tuple[int, ...]) -> list[str]:
    """The options that select one track, or merge mono tracks into the channels of one track."""
    if len(tracks) == 1:
        return ["-map", f"0:a:{tracks[0] - 1}"]
    # each track is converted to unlabelled mono first, because amerge sorts channels by their labels
    plain = "".join(f"[0:a:{number - 1}]pan=mono|c0=c0[m{number}];" for number in tracks)
    merged = "".join(f"[m{number}]" for number in tracks)
    threads = [
        "-filter_complex_threads",
        "1",
    ]  # the default, one for each CPU, would exceed the memory limit
    return [
        *threads,
        "-filter_complex",
        f"{plain}{merged}amerge=inputs={len(tracks)}[all]",
        "-map",
        "[all]",
    ]


def _answer(file: RegularFile, container: Container, command: list[str]) -> tuple[bytes, bytes]:
    """The stdout and stderr of a short command, limited in size and time."""
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
