"""Quantises floating-point samples to the whole steps of a file's format, with dither."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.mastering.dither import Dither
from audio_pipeline.timeline.spans import Span

Steps: TypeAlias = NDArray[np.int32]
"""`(n, channels)` samples as whole steps of the file's format."""


def quantise(
    samples: Samples, bits: int, dither: Dither, span: Span, sounding: tuple[Span, ...]
) -> Steps:
    """The samples `(n, channels)` as int32 whole steps of `bits`, dithered; exact zeros outside `sounding`.

    Steps are rounded to nearest and clipped to the format; `span` is the position of `samples`. Raises
    ValueError for samples of another shape or type, and for invalid bits.
    """
    if samples.ndim != 2 or len(samples) != len(span) or samples.dtype.kind != "f":
        raise ValueError(f"{samples.dtype} {samples.shape} is not ({len(span)}, channels) of floats")
    if not 2 <= bits <= 32:
        raise ValueError(f"samples have from 2 to 32 bits, not {bits}")
    scale = float(2 ** (bits - 1))
    out = np.zeros(samples.shape, dtype=np.int32, order="F")
    for heard in sounding:
        part = heard.intersect(span)
        if len(part):
            here = part.inside(span)
            steps = dither.draw(part, samples.shape[1])
            steps += samples[here] * scale
            np.rint(steps, out=steps)
            out[here] = np.clip(steps, -scale, scale - 1.0, out=steps)
    return out
