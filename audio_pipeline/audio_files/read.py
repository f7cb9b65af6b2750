"""Read audio files: what libsndfile reads, and through ffmpeg what it does not.

Every file is either read whole and right, or refused in one sentence that names it and the cause.
Nothing is allocated because a header claims it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import soundfile

from audio_pipeline.audio_files import containers
from audio_pipeline.audio_files.compressed import container_of, decoded, stream_info
from audio_pipeline.audio_files.not_audio import why_not_audio
from audio_pipeline.audio_files.regular_file import RegularFile, regular_file
from audio_pipeline.audio_files.signal_checks import SignalCheck
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError

SHORTEST_S = 0.1
LONGEST_S = 6 * 3600.0
MOST_BYTES_IN_MEMORY = 4 << 30
"""`read` holds a whole recording as float64 and refuses more than this; `blocks` has no such limit."""

_BLOCK = 65_536
_UNKNOWN_FRAMES = 1 << 62
_CODEC_PADDING_S = 0.25
_OGG_TO_WAV = {
    3: (0, 2, 1),
    5: (0, 2, 1, 3, 4),
    6: (0, 2, 1, 5, 3, 4),
    7: (0, 2, 1, 6, 5, 3, 4),
    8: (0, 2, 1, 7, 5, 6, 3, 4),
}
"""Where each channel in the order of WAV stands in the order of Vorbis (Vorbis I, 4.3.9)."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file is. `name` is the path as it was given, printable; `warnings` are sentences.

    `frames` counts samples of one channel. `format` and `subtype` are libsndfile's names ("WAV",
    "PCM_24"), or the container and the codec where ffmpeg reads it ("MPEG-4", "aac").
    """

    name: str
    format: str
    subtype: str
    frames: int
    sample_rate_hz: int
    channels: int
    warnings: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """How long it plays, in seconds."""
        return self.frames / self.sample_rate_hz


def probe(path: str | os.PathLike[str]) -> AudioInfo:
    """What `path` is, from its header: cheap, and without a look at its samples.

    Where ffmpeg decodes, `frames` is what the container states, which may differ from what is
    decoded by the padding of the codec; 0 when it states nothing. Raises StemError for what cannot
    be read.
    """
    with regular_file(path) as file:
        structure = containers.examine(file)
        try:
            with _sound_file(file, structure) as sound:
                return _info(file, structure, sound)
        except soundfile.SoundFileError as error:
            container = container_of(file)
            if container is None:
                raise why_not_audio(file) from error
        stream = stream_info(file, container)
        containers.refuse_unusable(file.name, stream.sample_rate_hz, stream.channels)
        frames = round((stream.duration_s or 0.0) * stream.sample_rate_hz)
        info = AudioInfo(
            file.name, container.title, stream.codec, frames, stream.sample_rate_hz, stream.channels
        )
        if stream.duration_s is not None:
            _refuse_length(info)
        return info


def read(path: str | os.PathLike[str]) -> tuple[Samples, AudioInfo]:
    """The whole recording, `(n, channels)` float64 in the channel order of WAV, and what it is.

    Raises StemError for what cannot be read, is shorter than 0.1 s or longer than 6 h, is silent,
    holds a NaN, an infinity or an absurd value, or would take too much memory.
    """
    with _opened(path) as (sound, info):
        size = info.frames * info.channels * 8
        if size > MOST_BYTES_IN_MEMORY:
            raise StemError(
                f"{info.name} would take {size / 1e9:.1f} GB of memory"
                f" ({info.duration_s:.0f} s of {info.channels} channels).",
                hint="Cut it to what is needed.",
            )
        check = SignalCheck(info.name, info.sample_rate_hz, info.channels)
        parts = []
        for block in _blocks(sound, info, _BLOCK):
            check.feed(block)
            parts.append(block)
        check.refuse_silence()
        return np.concatenate(parts), replace(info, warnings=info.warnings + check.warnings())


def blocks(path: str | os.PathLike[str], frames: int = _BLOCK) -> Iterator[Samples]:
    """The recording in pieces `(≤ frames, channels)` float64, in order, in little memory; in each piece
    every channel is contiguous, which is quicker to work on.

    Raises StemError as `read` does, when the piece in question is reached; silence is not refused.
    """
    with _opened(path) as (sound, info):
        check = SignalCheck(info.name, info.sample_rate_hz, info.channels)
        for block in _blocks(sound, info, frames):
            by_channel = np.asfortranarray(block)
            check.feed(by_channel)
            yield by_channel


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[soundfile.SoundFile, AudioInfo]]:
    """The file for libsndfile to read, decoded by ffmpeg first where it must be."""
    with regular_file(path) as file:
        structure = containers.examine(file)
        try:
            sound = _sound_file(file, structure)
        except soundfile.SoundFileError as error:
            if container_of(file) is None:
                raise why_not_audio(file) from error
        else:
            with sound:
                yield sound, _info(file, structure, sound)
            return
    info = probe(path)
    with regular_file(path) as file:
        container = container_of(file)
        if container is None:
            raise why_not_audio(file)
        with decoded(file, container, LONGEST_S + 1.0) as wav, _Sequential(wav) as sound:
            _refuse_decoded_short(info, sound)
            decoded_info = replace(info, frames=sound.frames, channels=sound.channels)
            _refuse_length(decoded_info)
            yield sound, decoded_info


def _sound_file(file: RegularFile, structure: containers.Structure) -> soundfile.SoundFile:
    source = _View(file, structure.mended) if structure.mended else file.descriptor
    return _Sequential(source, closefd=False)


def _info(file: RegularFile, structure: containers.Structure, sound: soundfile.SoundFile) -> AudioInfo:
    containers.refuse_unusable(file.name, sound.samplerate, sound.channels)
    info = AudioInfo(
        name=file.name,
        format=sound.format,
        subtype=sound.subtype,
        frames=sound.frames if sound.frames < _UNKNOWN_FRAMES else _count(file, structure),
        sample_rate_hz=sound.samplerate,
        channels=sound.channels,
        warnings=structure.warnings,
    )
    _refuse_length(info)
    return info


def _count(file: RegularFile, structure: containers.Structure) -> int:
    """The frames of a recording that does not state them: a FLAC stream."""
    with _Sequential(_View(file, structure.mended), closefd=False) as sound:
        count = 0
        while (
            count <= LONGEST_S * sound.samplerate and (block := sound.read(_BLOCK, always_2d=True)).size
        ):
            count += len(block)
    return count


def _refuse_length(info: AudioInfo) -> None:
    if info.frames == 0:
        raise StemError(f"{info.name} holds no sound at all.", hint="Copy or export it again.")
    if info.duration_s < SHORTEST_S:
        raise StemError(
            f"{info.name} is only {info.duration_s:.3f} s long; {SHORTEST_S:g} s is the shortest"
            " that can be used."
        )
    if info.duration_s > LONGEST_S:
        raise StemError(
            f"{info.name} claims to be {info.duration_s / 3600:.1f} hours long;"
            f" {LONGEST_S / 3600:g} hours is the longest that can be used.",
            hint="Cut it to what is needed, or export it again if it is not that long.",
        )


def _blocks(sound: soundfile.SoundFile, info: AudioInfo, frames: int) -> Iterator[Samples]:
    delivered = 0
    order = _OGG_TO_WAV.get(info.channels) if info.format == "OGG" else None
    while True:
        try:
            block = sound.read(frames, dtype="float64", always_2d=True)
        except soundfile.SoundFileError as error:
            raise StemError(
                f"{info.name} is damaged or cut short: its {info.duration_s:.3f} s of sound cannot be"
                " read to the end.",
                hint="Copy or export it again.",
            ) from error
        if not len(block):
            break
        delivered += len(block)
        yield np.ascontiguousarray(block[:, order]) if order else block
    if delivered < info.frames:
        raise _cut(info, delivered)


def _cut(info: AudioInfo, delivered: int) -> StemError:
    return StemError(
        f"{info.name} is damaged or cut short: it promises {info.duration_s:.3f} s of sound,"
        f" and can be read up to {delivered / info.sample_rate_hz:.3f} s.",
        hint="Copy or export it again.",
    )


def _refuse_decoded_short(info: AudioInfo, sound: soundfile.SoundFile) -> None:
    """`info.frames` is what the container states, or 0; the codec's own padding is forgiven."""
    if sound.frames < info.frames - _CODEC_PADDING_S * info.sample_rate_hz:
        raise _cut(info, sound.frames)


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is only read forward. soundfile seeks after every block where it may, which makes
    the next block of an MP3 another one than in a single read, and fails in a FLAC stream."""

    def seekable(self) -> bool:
        return False


class _View(io.RawIOBase):
    """A file as libsndfile should see it, some bytes of its header replaced; it moves no descriptor."""

    def __init__(self, file: RegularFile, mended: tuple[tuple[int, bytes], ...]) -> None:
        self._file = file
        self._mended = mended
        self._position = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        count = self._file.size - self._position if size < 0 else size
        data = bytearray(self._file.bytes_at(self._position, count))
        for offset, replacement in self._mended:
            start = offset - self._position
            for index, byte in enumerate(replacement, start):
                if 0 <= index < len(data):
                    data[index] = byte
        self._position += len(data)
        return bytes(data)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
