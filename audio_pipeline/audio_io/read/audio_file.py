"""Reading of audio files with libsndfile, and of other formats with ffmpeg.

Every file is either read completely and correctly, or refused with one sentence that names it and the cause.
Sizes in a header are never trusted for allocations.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import soundfile

from audio_pipeline.audio_io.read import containers
from audio_pipeline.audio_io.read.coded_samples import coded_kind, coded_sound
from audio_pipeline.audio_io.read.encoder_delay import remark_on_delay
from audio_pipeline.audio_io.read.expansion import most_frames, refuse_expansion
from audio_pipeline.audio_io.read.pcm24 import pcm24_blocks
from audio_pipeline.audio_io.read.sound_file import sound_file
from audio_pipeline.audio_io.read.stated_layout import layout_of, layout_of_decoded
from audio_pipeline.audio_io.read.structure import Structure
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file
from audio_pipeline.audio_io.signal_checks import SignalCheck
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.layouts import Layout
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

SHORTEST_S = 0.01
"""Shorter than a picture frame at any rate: single pops and clicks are valid recordings."""
LONGEST_S = 6 * 3600.0
MOST_BYTES_IN_MEMORY = 4 << 30
"""`read` holds the complete recording as float64 and refuses more than this; `blocks` has no such limit."""

BLOCK = 65_536
_MOST_COUNTED = 1 << 31  # samples of all channels, in a stream without a stated length
_UNKNOWN_FRAMES = 1 << 62
_CODEC_PADDING_S = 0.25
_OGG_TO_WAV = {
    3: (0, 2, 1),
    5: (0, 2, 1, 3, 4),
    6: (0, 2, 1, 5, 3, 4),
    7: (0, 2, 1, 6, 5, 3, 4),
    8: (0, 2, 1, 7, 5, 6, 3, 4),
}
"""For each channel in WAV order, its index in Vorbis order (Vorbis I, 4.3.9)."""
_VORBIS_ORDER = ("VORBIS", "OPUS")
"""The codecs with channels in Vorbis order; FLAC in an Ogg has WAV order."""


_LOSSY = {"MPEG_LAYER_III": "mp3", "MPEG_LAYER_II": "mp2", "OPUS": "opus"}
"""The codecs with a delay: libsndfile's name → ffmpeg's name."""


@dataclass(frozen=True)
class AudioInfo:
    """The format of an audio file.

    `name` is the path as given, printable. `frames` is the number of samples per channel. `format` and
    `subtype` are libsndfile's names ("WAV", "PCM_24"), or container and codec if ffmpeg reads the file
    ("MPEG-4", "aac"). `layout` gives each channel its role. `warnings` are sentences about the header,
    `remarks` are codes (`reporting.warnings.WarningCode`) and sentences about the reading.
    """

    name: str
    format: str
    subtype: str
    frames: int
    sample_rate_hz: int
    channels: int
    layout: Layout
    warnings: tuple[str, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """The assumptions about the channels, as sentences."""
        return tuple(f"{self.name} {note}." for note in self.layout.notes)

    @property
    def loudness_weights(self) -> tuple[float, ...]:
        """The loudness weight of each channel's power (BS.1770-5).

        Raises StemError for ambisonic audio, which has no loudness before it is decoded to loudspeakers.
        """
        if self.layout.source == "ambisonic":
            raise StemError(
                f"{self.name} is ambisonic ({self.channels} channels of B-format): BS.1770 defines loudness"
                " for loudspeaker channels only.",
                hint="Decode it to a loudspeaker layout (stereo, 5.1, 7.1.4), then measure that.",
            )
        return self.layout.weights

    @property
    def duration_s(self) -> float:
        """The duration, in seconds."""
        return self.frames / self.sample_rate_hz

    @property
    def whole_numbers(self) -> bool:
        """Whether samples are integers, which are always within full scale."""
        return self.subtype.startswith("PCM_")


def probe(path: str | os.PathLike[str], *, track: int | None = None) -> AudioInfo:
    """The format of `path`, from its header, without reading samples.

    `track` is the number, from 1, of the track to read; None selects the default track, or all mono tracks
    together. If ffmpeg decodes the file, `frames` is the length that the container states, 0 if it states
    none; the decoded length may differ by the padding of the codec. Raises StemError for a file that cannot
    be read.
    """
    with opened(path, track=track) as recording:
        return recording.info


def read(path: str | os.PathLike[str]) -> tuple[Samples, AudioInfo]:
    """The complete recording, `(n, channels)` float64 in the channel order of WAV, and its format.

    Raises StemError for a file that cannot be read, is shorter than 10 ms or longer than 6 h, is silent, holds
    a NaN, an infinity or an absurdly high value, changes during reading, or needs too much memory.
    """
    with opened(path) as recording:
        info = recording.info
        _refuse_too_much(info, info.frames)
        check = SignalCheck(info.name, info.sample_rate_hz, info.channels)
        for block in recording.blocks():
            check.feed(block)
            _refuse_too_much(info, check.count)
        check.refuse_silence()
        samples, at = np.empty((check.count, info.channels)), 0
        for block in recording.blocks():
            samples[at : at + len(block)] = block
            at += len(block)
        warnings = info.warnings + check.warnings()
        return samples, replace(info, frames=check.count, warnings=warnings)


def blocks(
    path: str | os.PathLike[str], frames: int = BLOCK, *, track: int | None = None
) -> Iterator[Samples]:
    """The recording in blocks `(≤ frames, channels)` float64, in order, in little memory.

    The blocks are planar, which is faster to process. `track` as for `probe`. Raises StemError as `read` does,
    when the faulty block is reached; silence is not refused.
    """
    with opened(path, track=track) as recording:
        info = recording.info
        check = SignalCheck(info.name, info.sample_rate_hz, info.channels)
        for block in recording.blocks(frames):
            by_channel = np.asfortranarray(block)  # the layout in which a plain WAV is read
            if not info.whole_numbers:
                check.feed(by_channel)
            yield by_channel


@dataclass(frozen=True)
class Recording:
    """An open file that can be read from its start repeatedly.

    `info.frames` is the stated length, as in `probe`.
    """

    file: RegularFile
    info: AudioInfo
    _pieces: Callable[[int], Iterator[Samples]]
    _surely: int
    """The minimum number of frames; with fewer the file is truncated."""
    by_ffmpeg: bool = False
    """Whether ffmpeg decodes the file, not libsndfile."""

    def blocks(self, frames: int = BLOCK) -> Iterator[Samples]:
        """The complete recording in blocks `(≤ frames, channels)` float64, in the channel order of WAV.

        Raises StemError for a file that is damaged, truncated or longer than 6 h, or changes during reading.
        """
        delivered = 0
        try:
            for block in self._pieces(frames):
                delivered += len(block)
                if delivered > LONGEST_S * self.info.sample_rate_hz:
                    _refuse_length(replace(self.info, frames=delivered))
                refuse_expansion(self.file, delivered, self.info.sample_rate_hz, self.info.channels)
                yield block
        except soundfile.SoundFileError as error:
            self.file.refuse_change()
            raise StemError(
                f"{self.info.name} is damaged or truncated: its {self.info.duration_s:.3f} s of sound"
                " cannot be read to the end.",
                hint="Copy or export it again.",
            ) from error
        self.file.refuse_change()
        if delivered < self._surely:
            raise StemError(
                f"{self.info.name} is damaged or truncated: its header states {self.info.duration_s:.3f} s,"
                f" its audio ends at {delivered / self.info.sample_rate_hz:.3f} s.",
                hint="Copy or export it again.",
            )
        _refuse_length(replace(self.info, frames=delivered))


@contextmanager
def opened(path: str | os.PathLike[str], *, track: int | None = None) -> Iterator[Recording]:
    """The recording at `path`, open and not yet decoded. `track` as for `probe`.

    Raises StemError as `probe` does, and for a track that does not exist.
    """
    with regular_file(path) as file:
        recording = _by_libsndfile(file)
        if recording is not None and track not in (None, 1):
            from audio_pipeline.audio_io.read.track_listing import no_such_track

            raise no_such_track(file.name, track or 0, 1)
        yield recording or _by_ffmpeg(file, track)


def _coded_kind(file: RegularFile, structure: Structure, subtype: str) -> str | None:
    """A description of the coded audio that a plain WAV holds instead of samples; otherwise None."""
    if structure.data is None or subtype not in ("PCM_16", "PCM_24"):
        return None
    return coded_kind(file, structure.data, int(subtype[-2:]))


def _by_libsndfile(file: RegularFile) -> Recording | None:
    """The recording by libsndfile; None if libsndfile cannot read the file, or only a part of it."""
    structure = containers.examine(file)
    try:
        with sound_file(file, structure) as sound:
            info = _info(file, structure, sound)
    except soundfile.SoundFileError:
        return None
    if info.format == "MP3":
        from audio_pipeline.audio_io.read.mpeg_frames import states_its_length

        if not states_its_length(file, info.frames):
            return None
    if info.subtype.startswith("MPEG") and info.format != "MP3":
        return None  # libsndfile miscounts the samples of an MP3 in a WAV
    if _coded_kind(file, structure, info.subtype) is not None:
        return None
    order = _OGG_TO_WAV.get(info.channels) if info.subtype in _VORBIS_ORDER else None

    data, width = structure.data, 3 * info.channels
    if info.subtype == "PCM_24" and data is not None and data.size // width == info.frames:
        plain = partial(pcm24_blocks, file, data.body, info.frames, info.channels)
        return Recording(file, info, plain, info.frames)

    def pieces(frames: int) -> Iterator[Samples]:
        with sound_file(file, structure) as sound:
            while len(block := sound.read(frames, dtype="float64", always_2d=True)):
                yield np.ascontiguousarray(block[:, order]) if order else block

    return Recording(file, info, pieces, info.frames)


def _by_ffmpeg(file: RegularFile, track: int | None) -> Recording:
    # what ffmpeg needs takes 3 % of a render that never asks for it
    from audio_pipeline.audio_io.read.container_kinds import container_of
    from audio_pipeline.audio_io.read.ffmpeg import decoded, stream_info
    from audio_pipeline.audio_io.read.sniff import why_not_audio

    container = container_of(file)
    if container is None:
        raise why_not_audio(file)
    stream = stream_info(file, container, track)
    kind = _coded_kind(file, containers.examine(file), stream.codec)
    if kind is not None:
        raise coded_sound(file, kind)
    rate, channels = stream.sample_rate_hz, stream.channels
    containers.refuse_unusable(file.name, rate, channels)
    frames = round((stream.duration_s or 0.0) * rate)
    info = AudioInfo(
        file.name,
        container.title,
        stream.codec,
        frames,
        rate,
        channels,
        layout_of_decoded(file, stream.layout, channels),
        remarks=stream.remarks + remark_on_delay(file, stream.codec, container.demuxer, stream.tracks),
    )
    if stream.duration_s is not None:
        _refuse_length(info)
        refuse_expansion(file, frames, rate, channels)
    # tolerance for the codec's padding
    surely = frames - round(_CODEC_PADDING_S * rate) if stream.own_duration else 0
    pieces = partial(decoded, file, container, stream)
    return Recording(file, info, pieces, surely, by_ffmpeg=True)


def _info(file: RegularFile, structure: Structure, sound: soundfile.SoundFile) -> AudioInfo:
    containers.refuse_unusable(file.name, sound.samplerate, sound.channels)
    info = AudioInfo(
        name=file.name,
        format=structure.title or sound.format,
        subtype=sound.subtype,
        frames=sound.frames if sound.frames < _UNKNOWN_FRAMES else _count(file, structure),
        sample_rate_hz=sound.samplerate,
        channels=sound.channels,
        layout=layout_of(file, sound.channels),
        warnings=structure.warnings,
        remarks=remark_on_delay(file, _LOSSY.get(sound.subtype, ""), ""),
    )
    _refuse_length(info)
    refuse_expansion(file, info.frames, info.sample_rate_hz, info.channels)
    return info


def _count(file: RegularFile, structure: Structure) -> int:
    """The number of frames of a recording without a stated length (a FLAC stream), by decoding it."""
    with sound_file(file, structure) as sound:
        held = most_frames(file, sound.channels)
        most = min(LONGEST_S * sound.samplerate, _MOST_COUNTED // sound.channels, held)
        count = 0
        while count <= most and len(block := sound.read(BLOCK, dtype="int32", always_2d=True)):
            count += len(block)
    return count


def _refuse_too_much(info: AudioInfo, frames: int) -> None:
    size = frames * info.channels * 8
    if size > MOST_BYTES_IN_MEMORY:
        raise StemError(
            f"{info.name} would take {size / 1e9:.1f} GB of memory"
            f" ({frames / info.sample_rate_hz:.0f} s of {info.channels} channels).",
            hint="Trim it to the part that is needed.",
        )


def _refuse_length(info: AudioInfo) -> None:
    if info.frames == 0:
        raise StemError(f"{info.name} holds no audio.", hint="Copy or export it again.")
    if info.duration_s < SHORTEST_S:
        raise StemError(
            f"{info.name} is only {info.duration_s:.3f} s long; {SHORTEST_S:g} s is the shortest"
            " that can be used.",
            hint="Export it with silence after it.",
        )
    if info.duration_s > LONGEST_S:
        raise StemError(
            f"{info.name} states a length of {info.duration_s / 3600:.1f} hours;"
            f" the maximum is {LONGEST_S / 3600:g} hours.",
            hint="Trim it to the part that is needed; if it is shorter, export it again.",
        )
