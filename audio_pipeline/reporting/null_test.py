"""The null test of two audio files: the residual of their difference.

It distinguishes a rounding difference, as between two CPU types, from a change of the audio.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import numpy as np

from audio_pipeline.audio_io.read.audio_file import AudioInfo
from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass

_BLOCK = 262_144
_FLOAT_BITS = 24
"""The word length for float files: their differences are judged in steps of 24 bits."""
_ROUNDING_STEPS = 1.5
"""The maximum rounding difference: one step between two renders, and half a step for this subtraction
between files of different word lengths."""

Verdict = Literal["identical", "rounding", "different"]


@dataclass(frozen=True)
class NullTest:
    """The residual of A minus B.

    `samples` counts the samples of all channels, `differing` those that are unequal; the levels of the
    residual are in dBFS, None when it is exactly zero; `largest_steps` is its peak in steps of the
    coarser file; `first_at_s` is the time of the first difference.
    """

    verdict: Verdict
    samples: int
    differing: int
    largest_steps: float
    residual_peak_dbfs: float | None
    residual_rms_dbfs: float | None
    first_at_s: float | None
    bits: int

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    def sentence(self) -> str:
        """The result in one sentence."""
        if self.verdict == "identical":
            return f"identical: all {self.samples} samples are equal"
        share = f"{self.differing} of {self.samples} samples differ"
        peak = f"residual peak {self.residual_peak_dbfs:.1f} dBFS, RMS {self.residual_rms_dbfs:.1f} dBFS"
        if self.verdict == "rounding":
            return f"rounding difference: {share} by one step of {self.bits} bits; {peak}"
        return f"different: {share}, the first at {self.first_at_s:.3f} s; {peak}"


def not_comparable(one: Path, other: Path) -> str | None:
    """The reason why a null test of the two files is impossible; None when it is possible.

    Raises StemError for a file that cannot be read.
    """
    a, b = programme_info(one), programme_info(other)
    for figure, x, y in (
        ("sample rate", f"{a.sample_rate_hz} Hz", f"{b.sample_rate_hz} Hz"),
        ("number of channels", a.channels, b.channels),
        ("length", f"{a.frames} samples", f"{b.frames} samples"),
    ):
        if x != y:
            return f"the {figure} differs: {x} in {one.name}, {y} in {other.name}"
    return None


def null_test(one: Path, other: Path) -> NullTest:
    """Subtract `other` from `one`, sample by sample, in blocks to save memory.

    Raises StemError for a file that cannot be read, ValueError for files that `not_comparable` names.
    """
    if (reason := not_comparable(one, other)) is not None:
        raise ValueError(reason)
    info = programme_info(one)
    bits = min(_bits(info), _bits(programme_info(other)))
    differing, peak, energy, at, first = 0, 0.0, 0.0, 0, None
    for residual in _residuals(one, other):
        unequal = residual != 0.0
        if unequal.any():
            if first is None:
                first = at + int(np.argmax(unequal.any(axis=1)))
            differing += int(np.count_nonzero(unequal))
            peak = max(peak, float(np.abs(residual).max()))
            energy += float(np.sum(np.square(residual)))
        at += len(residual)
    samples = at * info.channels
    steps = peak * 2.0 ** (bits - 1)
    return NullTest(
        verdict="identical" if not differing else "rounding" if steps < _ROUNDING_STEPS else "different",
        samples=samples,
        differing=differing,
        largest_steps=round(steps, 3),
        residual_peak_dbfs=20.0 * math.log10(peak) if peak else None,
        residual_rms_dbfs=10.0 * math.log10(energy / samples) if energy else None,
        first_at_s=None if first is None else first / info.sample_rate_hz,
        bits=bits,
    )


def _residuals(one: Path, other: Path) -> Iterator[Samples]:
    for a, b in zip_longest(programme_blocks(one, _BLOCK), programme_blocks(other, _BLOCK)):
        if a is None or b is None or a.shape != b.shape:
            raise ValueError("the decoded lengths differ")
        yield a - b


def _bits(info: AudioInfo) -> int:
    """The bits of an integer format, from its name ("PCM_24"); `_FLOAT_BITS` for others."""
    number = re.fullmatch(r"PCM_[SU]?(\d+)", info.subtype)
    return int(number[1]) if number else _FLOAT_BITS
