"""Reading of 24-bit PCM from a plain WAV, the format that is measured after every render.

libsndfile takes twice as long, and its interleaved samples must be rearranged afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.arrays import Samples, unset


def pcm24_blocks(
    file: RegularFile, offset: int, total: int, channels: int, frames: int
) -> Iterator[Samples]:
    """The `total` frames from byte `offset` on, in planar blocks `(≤ frames, channels)` float64.

    Ends early at the end of the file. It uses few operations on large arrays, so that another thread can run
    in parallel. Raises StemError when the system cannot read the file.
    """
    width = 3 * channels
    for first in range(0, total, frames):
        wanted = min(frames, total - first)
        # each sample is read as the last three of four bytes, so one more byte is read before the first
        data = file.bytes_at(offset + first * width - 1, wanted * width + 1)
        block = unset(max(0, (len(data) - 1) // width), channels)
        if len(block):
            words = np.ndarray(block.shape, "<i4", data, strides=(width, 3))
            for into, raw in zip(block.T, words.T, strict=True):
                np.multiply(raw & -256, 2.0**-31, out=into)
            yield block
        if len(block) < wanted:
            return
