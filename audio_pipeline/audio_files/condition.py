"""Make a stem of a recording: one rate, one or two channels, no DC, no clicks, a known loudness."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from audio_pipeline.audio_files.channels import to_mono, to_stereo
from audio_pipeline.audio_files.read import AudioInfo, read
from audio_pipeline.audio_files.regular_file import sha256_hex
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain, gain_from_db

Measure: TypeAlias = Callable[[Samples, int], float | None]
"""`(samples (n, channels), sample_rate_hz)` → integrated loudness in LUFS; None below the gate."""

EDGE_FADE_S = 0.005
"""How long the fades at both ends are: long enough for no click, too short to be heard as a fade."""
GATE_S = 0.4
"""The shortest that can be gated: one block of ITU-R BS.1770-5."""
DC_FLOOR_DBFS = -100.0
"""An offset below this is left alone: a waveform that is not symmetric has as much."""
MUCH_GAIN_DB = 30.0
"""Gain above this brings up more noise than voice."""


@dataclass(frozen=True)
class Conditioned:
    """A stem ready for the timeline, and what was done to get there.

    `samples` is `(n, channels)` float64, read-only. `did` holds what was done, in order, each like
    "resampled from 44100 to 48000 Hz"; `warnings` are whole sentences.
    `sha256` is that of the source file's bytes, None when there was no file.
    """

    samples: Samples
    sample_rate_hz: int
    did: tuple[str, ...]
    warnings: tuple[str, ...]
    sha256: str | None
    source: AudioInfo


def condition(
    path: str | os.PathLike[str],
    *,
    sample_rate_hz: int,
    channels: Literal[1, 2],
    level_lufs: float | None = None,
    measure: Measure | None = None,
) -> Conditioned:
    """Read `path` and condition it; see `condition_samples`. Raises StemError as `read` does."""
    digest = sha256_hex(path)
    samples, info = read(path)
    return condition_samples(
        samples,
        info,
        sample_rate_hz=sample_rate_hz,
        channels=channels,
        level_lufs=level_lufs,
        measure=measure,
        sha256=digest,
    )


def condition_samples(
    samples: Samples,
    info: AudioInfo,
    *,
    sample_rate_hz: int,
    channels: Literal[1, 2],
    level_lufs: float | None = None,
    measure: Measure | None = None,
    sha256: str | None = None,
) -> Conditioned:
    """Condition `(n, info.channels)` at `info.sample_rate_hz`.

    In this order: take the mean out (it would hide that channels cancel); fold to `channels`;
    resample to exactly ⌈n·out/in⌉ samples; fade both ends in 5 ms of raised cosine; and, when
    `level_lufs` is not None, apply one gain so that `measure` gives that loudness. What is too short
    or too quiet for the gate is levelled by 10·log10 of its mean square summed over channels, which
    is what BS.1770 gives at 997 Hz.
    The result may exceed full scale. Raises ValueError for a level without a `measure`.
    """
    if level_lufs is not None and measure is None:
        raise ValueError("a level needs a measure of loudness")
    did, warnings = [], list(info.warnings)
    centred, how = _without_dc(samples)
    if how is not None:
        did.append(how)
    folded, how = to_mono(centred) if channels == 1 else to_stereo(centred)
    if how is not None:
        did.append(how)
    if info.sample_rate_hz != sample_rate_hz:
        folded = resample(folded, info.sample_rate_hz, sample_rate_hz)
        did.append(f"resampled from {info.sample_rate_hz} to {sample_rate_hz} Hz")
    out = faded(folded, round(EDGE_FADE_S * sample_rate_hz))
    did.append(f"faded both ends in {EDGE_FADE_S * 1000:g} ms")
    if level_lufs is not None and measure is not None:
        loudness, gated = _loudness(out, sample_rate_hz, measure)
        gain_db = level_lufs - loudness
        out *= gain_from_db(gain_db)
        by = "" if gated else ", by its RMS: it is too short or too quiet for the gate"
        did.append(f"levelled from {loudness:.1f} to {level_lufs:g} LUFS ({gain_db:+.1f} dB{by})")
        if gain_db > MUCH_GAIN_DB:
            warnings.append(f"{info.name} needed {gain_db:.0f} dB of gain; its noise came up with it.")
    out.flags.writeable = False
    return Conditioned(out, sample_rate_hz, tuple(did), tuple(warnings), sha256, info)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """`(⌈n·to/from⌉, channels)` at `to_hz`, by soxr's best quality through librosa."""
    import librosa  # two seconds, and most stems have the right rate

    wanted = -(-len(samples) * to_hz // from_hz)
    resampled = librosa.resample(samples, orig_sr=from_hz, target_sr=to_hz, res_type="soxr_vhq", axis=0)
    out = np.zeros((wanted, samples.shape[1]))
    kept = min(wanted, len(resampled))
    out[:kept] = resampled[:kept]
    return out


def faded(samples: Samples, length: int) -> Samples:
    """A copy that rises from 0 over `length` samples and falls to 0 as it rose (raised cosine)."""
    length = min(length, len(samples) // 2)
    out = np.array(samples, dtype=np.float64, order="C")
    rise = np.sin(np.arange(length) * (math.pi / 2.0 / max(1, length)))[:, None] ** 2
    out[:length] *= rise
    out[len(out) - length :] *= rise[::-1]
    return out


def _without_dc(samples: Samples) -> tuple[Samples, str | None]:
    offset = samples.mean(axis=0)
    highest = float(np.max(np.abs(offset)))
    if highest < gain_from_db(DC_FLOOR_DBFS):
        return samples, None
    return samples - offset, f"took out a DC offset of {db_from_gain(highest):.0f} dBFS"


def _loudness(samples: Samples, sample_rate_hz: int, measure: Measure) -> tuple[float, bool]:
    if len(samples) >= GATE_S * sample_rate_hz:
        loudness = measure(samples, sample_rate_hz)
        if loudness is not None and math.isfinite(loudness):
            return loudness, True
    power = float(np.sum(np.mean(np.square(samples), axis=0)))
    return 10.0 * math.log10(max(power, 1e-30)), False
