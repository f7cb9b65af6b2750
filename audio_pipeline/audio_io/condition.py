"""Conditioning of a recording to a stem: one rate, one or two channels, no DC, no clicks, a set loudness."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from audio_pipeline.audio_io.channel_statistics import ChannelMeter
from audio_pipeline.audio_io.fold import (
    Fold,
    fold_to_mono,
    fold_to_stereo,
    pair_of,
    refuse_silent_fold,
    track_in_stereo,
)
from audio_pipeline.audio_io.read.audio_file import AudioInfo, Recording, opened
from audio_pipeline.audio_io.signal_checks import SignalCheck
from audio_pipeline.audio_io.stretch import stretched
from audio_pipeline.audio_io.trim import words_of
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.dc_removal import without_dc
from audio_pipeline.dsp.decibels import db_from_gain, gain_from_db
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.picture_lock import stretched_length
from audio_pipeline.timeline.scene import ChannelChoice

Measure: TypeAlias = Callable[[Samples, int], float | None]
"""`(samples (n, channels), sample_rate_hz)` → integrated loudness in LUFS; None below the gate."""

EDGE_FADE_S = 0.005
"""Length of the fades at both ends: long enough to prevent a click, too short to be audible as a fade."""
GATE_S = 0.4
"""The shortest signal that can be gated: one block of ITU-R BS.1770-5."""
DC_FLOOR_DBFS = -100.0
"""An offset below this is not removed: asymmetric waveforms have as much."""
MOST_HELD = 1 << 26
"""Maximum samples of a stem, all channels together: 512 MiB. In mono at 48 kHz this is 23 minutes, a little
more than a reel of film (2000 feet: 22 min 13 s). It keeps every stem's conditioning below 1 GB."""
MOST_READ = 1 << 29
"""Maximum samples of a recording for a stem, all channels together: a reel in 8 channels at 48 kHz."""
MOST_KEPT = 1 << 22
"""A recording of at most this many samples is decoded once and held in memory: 32 MB, 1.5 minutes in mono."""
MOST_BYTES = 8 * 10**9
"""Maximum size of a stem's file, because all of its bytes are read for the hash."""
MUCH_GAIN_DB = 40.0
"""Gain above this raises more noise than voice."""


class Remark(NamedTuple):
    """A note or a warning about a stem: a code for programs, and a sentence for users."""

    code: str
    message: str


@dataclass(frozen=True)
class Conditioned:
    """A conditioned stem, and the steps of its conditioning.

    `samples` is `(n, channels)` float64, read-only. `did` lists the steps in order, each like "resampled from
    44100 to 48000 Hz"; `notes` list assumptions, choices and omissions; both begin in lower case and name no
    file. `warnings` are complete sentences. `sha256` is the hash of the source file's bytes.
    """

    samples: Samples
    sample_rate_hz: int
    did: tuple[str, ...]
    warnings: tuple[Remark, ...]
    sha256: str
    source: AudioInfo
    notes: tuple[Remark, ...] = ()


def condition(
    path: str | os.PathLike[str],
    *,
    sample_rate_hz: int,
    channels: Literal[1, 2],
    level_lufs: float | None = None,
    measure: Measure | None = None,
    channel: ChannelChoice = "auto",
    trim: bool = False,
    longest_samples: int | None = None,
) -> Conditioned:
    """The stem from the recording at `path`, computed in little more memory than the stem takes.

    In this order: fold to `channels`, to mono by `channel` (see `fold_to_mono`); remove DC; resample to
    exactly ⌈n·out/in⌉ samples; with `trim`, cut off the audio before the first and after the last word (see
    `words_of`); stretch a recording longer than `longest_samples` within the limit of `stretched_length`;
    fade both ends in 5 ms of raised cosine; and, when `level_lufs` is not None, apply one gain so that
    `measure` gives that loudness. A stem too short or too quiet for the gate is levelled by 10·log10 of its
    mean square summed over channels, the value of BS.1770 at 997 Hz.

    The steps depend on the complete recording; a long one is read twice, so that it need not fit in memory.
    The result may exceed full scale. Raises StemError as `read` does, for a stem or recording above the size
    limits, and for channels that do not carry a voice; ValueError for a level without a `measure`.
    """
    if level_lufs is not None and measure is None:
        raise ValueError("a level needs a measure of loudness")
    with opened(path) as recording:
        check, meter, held = _checked(recording, sample_rate_hz, channels)
        sha256 = recording.file.sha256_hex()
        recording.file.refuse_change()
        info = replace(recording.info, frames=check.count)
        did: list[str | None] = []
        notes: list[Remark] = []
        warnings = [Remark("file_structure", said) for said in info.warnings]
        warnings += [Remark(code, said) for code, said in info.remarks]
        warnings += [Remark("stem_signal", said) for said in check.warnings()]
        offset, how = _offset(check)
        did.append(how)
        fold = _fold(info, check.products(offset), meter, channels, channel)
        if fold is not None:
            did.append(fold.how)
            notes += [Remark("stem_channels", fold.how)] if info.channels > 1 else []
            warnings += [Remark("stem_channels", f"{info.name} {fold.warning}")] if fold.warning else []
        folded: Iterator[Samples] = (_folded(block, fold) for block in held or recording.blocks())
        if how is not None:
            folded = without_dc(folded, info.sample_rate_hz)
        out = resampled(folded, check.count, channels, info.sample_rate_hz, sample_rate_hz)
    if info.sample_rate_hz != sample_rate_hz:
        did.append(f"resampled from {info.sample_rate_hz} to {sample_rate_hz} Hz")
    if trim:
        words = words_of(out, sample_rate_hz)
        if (said := words.sentence(sample_rate_hz)) is not None:
            out = out[words.start : words.stop]
            did.append(said)
            notes.append(Remark("stem_trimmed", said))
    if (length := stretched_length(len(out), longest_samples)) < len(out):
        before_s, after_s = len(out) / sample_rate_hz, length / sample_rate_hz
        faster = f"{100.0 * (before_s / after_s - 1.0):.1f} % faster"
        did.append(f"stretched from {before_s:.3f} to {after_s:.3f} s ({faster})")
        out = stretched(out, length, sample_rate_hz)
    fade_edges(out, round(EDGE_FADE_S * sample_rate_hz))
    did.append(f"faded both ends in {EDGE_FADE_S * 1000:g} ms")
    if level_lufs is not None and measure is not None:
        loudness, gated = loudness_of(out, sample_rate_hz, measure)
        gain_db = level_lufs - loudness
        out *= gain_from_db(gain_db)
        by = "" if gated else ", from its RMS: it is too short or too quiet for the gate"
        did.append(f"levelled from {loudness:.1f} to {level_lufs:g} LUFS ({gain_db:+.1f} dB{by})")
        if gain_db > MUCH_GAIN_DB:
            raised = (
                f"{info.name} needed {gain_db:.0f} dB of gain; its noise floor rose with it."
                " Record it at a higher level."
            )
            warnings.append(Remark("stem_gain", raised))
    out.flags.writeable = False
    done = tuple(sentence for sentence in did if sentence is not None)
    return Conditioned(out, sample_rate_hz, done, tuple(warnings), sha256, info, tuple(notes))


def _checked(
    recording: Recording, sample_rate_hz: int, channels: int
) -> tuple[SignalCheck, ChannelMeter | None, list[Samples]]:
    """The checks of the complete recording, the meter of its channels, and its blocks.

    The meter is None for one channel; the blocks are empty for a long recording. Raises StemError for a file
    without audio, a silent one, or one that is too long.
    """
    info = recording.info
    check = SignalCheck(info.name, info.sample_rate_hz, info.channels)
    pair = pair_of(info.layout)
    meter = ChannelMeter(info.sample_rate_hz, info.channels, pair) if info.channels > 1 else None
    held: list[Samples] = []
    _refuse_from_its_head(recording, sample_rate_hz, channels)
    for block in recording.blocks():
        check.feed(block)
        if meter is not None:
            meter.feed(block)
        _refuse_too_much(replace(info, frames=check.count), sample_rate_hz, channels)
        held.append(block)
        if check.count * info.channels > MOST_KEPT:
            held.clear()  # again after every further block
    check.refuse_silence()
    return check, meter, held


def _fold(
    info: AudioInfo,
    products: Samples,
    meter: ChannelMeter | None,
    channels: int,
    channel: ChannelChoice,
) -> Fold | None:
    """The fold of the recording's channels to the stem's channels; None if no fold is needed."""
    meter = meter or ChannelMeter(info.sample_rate_hz, info.channels, None)
    statistics = meter.result(products)
    if channels == 1:
        return fold_to_mono(info.name, statistics, info.layout, channel)
    if info.channels > 2 and info.layout.source in ("tracks", "ambisonic"):
        return track_in_stereo(info.name, statistics, info.layout)
    fold = fold_to_stereo(info.layout)
    if fold is not None:
        refuse_silent_fold(info.name, fold, products)
    return fold


class Fingerprint(NamedTuple):
    """The SHA-256 of a recording's file, as hex, its sample rate, and whether ffmpeg decodes it."""

    sha256: str
    sample_rate_hz: int
    by_ffmpeg: bool


def fingerprint(path: str | os.PathLike[str], *, sample_rate_hz: int, channels: int) -> Fingerprint:
    """The hash, sample rate and decoder that determine a recording's samples.

    Raises StemError for a recording that `condition` refuses before reading its samples.
    """
    with opened(path) as recording:
        _refuse_from_its_head(recording, sample_rate_hz, channels)
        return Fingerprint(
            recording.file.sha256_hex(), recording.info.sample_rate_hz, recording.by_ffmpeg
        )


def _refuse_from_its_head(recording: Recording, sample_rate_hz: int, channels: int) -> None:
    _refuse_too_much(recording.info, sample_rate_hz, channels)
    if recording.file.size > MOST_BYTES:
        raise StemError(
            f"{recording.info.name} has {recording.file.size / 1e9:.1f} GB;"
            f" a stem file may have at most {MOST_BYTES / 1e9:g} GB.",
            hint="Export the audio track only, e.g. as WAV.",
        )


def _refuse_too_much(info: AudioInfo, sample_rate_hz: int, channels: int) -> None:
    """Raise StemError when the recording, or its stem of `channels` at `sample_rate_hz`, is too large."""
    held = -(-info.frames * sample_rate_hz // info.sample_rate_hz) * channels
    if info.frames * info.channels <= MOST_READ and held <= MOST_HELD:
        return
    most_s = min(
        MOST_READ / (info.channels * info.sample_rate_hz), MOST_HELD / (channels * sample_rate_hz)
    )
    raise StemError(
        f"{info.name} lasts {info.duration_s / 60.0:.1f} minutes or more; a stem of"
        f" {info.channels} channels at {info.sample_rate_hz} Hz may last {most_s / 60.0:.1f} minutes.",
        hint="Trim it to the part that is used, or split it into several layers.",
    )


def resampled(
    blocks: Iterable[Samples], frames: int, channels: int, from_hz: int, to_hz: int
) -> Samples:
    """`blocks` of `frames` in total, resampled by soxr's best quality: `(⌈frames·to/from⌉, channels)`."""
    out = np.zeros((-(-frames * to_hz // from_hz), channels))
    at = 0
    for piece in blocks if from_hz == to_hz else _stream(blocks, channels, from_hz, to_hz):
        kept = piece[: len(out) - at]
        out[at : at + len(kept)] = kept
        at += len(kept)
    return out


def _stream(blocks: Iterable[Samples], channels: int, from_hz: int, to_hz: int) -> Iterator[Samples]:
    import soxr  # imported here, because most stems have the right rate

    stream = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float64", quality="VHQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, channels)), last=True)


def fade_edges(samples: Samples, length: int) -> None:
    """Fade `samples` in and out over `length` samples each, in place (raised cosine)."""
    length = min(length, len(samples) // 2)
    rise = np.sin(np.arange(length) * (math.pi / 2.0 / max(1, length)))[:, None] ** 2
    samples[:length] *= rise
    samples[len(samples) - length :] *= rise[::-1]


def _offset(check: SignalCheck) -> tuple[Samples, str | None]:
    """The DC offset to remove from each channel, `(channels,)`, and a sentence about it."""
    offset = check.offset()
    highest = float(np.max(np.abs(offset)))
    if highest < gain_from_db(DC_FLOOR_DBFS):
        return np.zeros_like(offset), None
    return offset, f"removed a DC offset of {db_from_gain(highest):.0f} dBFS"


def _folded(block: Samples, fold: Fold | None) -> Samples:
    return np.ascontiguousarray(block if fold is None else fold.of(block))


def loudness_of(samples: Samples, sample_rate_hz: int, measure: Measure) -> tuple[float, bool]:
    """The loudness by which a stem is levelled, LUFS, and whether it is gated.

    It is computed from the mean square for a stem that is too short or too quiet for the gate.
    """
    if len(samples) >= GATE_S * sample_rate_hz:
        loudness = measure(samples, sample_rate_hz)
        if loudness is not None and math.isfinite(loudness):
            return loudness, True
    power = float(np.vdot(samples, samples)) / len(samples)  # of all channels together, without a copy
    return 10.0 * math.log10(max(power, 1e-30)), False
