"""DC removal: a high-pass at 10 Hz with finite memory that keeps digital silence at zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from audio_pipeline.dsp.arrays import Samples

CUTOFF_HZ = 9.4
"""The −3 dB frequency; above 25 Hz the level changes by at most 0.1 dB."""
_BOX_S = 0.05
"""Length of one running mean. Three in a row are subtracted: 75 ms to either side, linear phase."""
_SILENCE_S = 0.01
"""The shortest run of zeros that is digital silence; a shorter one is a wave passing through zero."""
_LEAST = 0.25
"""The share of the window that must not be silent for its mean to count fully as DC: a click in silence is
not DC.
"""


def without_dc(blocks: Iterable[Samples], sample_rate_hz: int) -> Iterator[Samples]:
    """The signal without DC, `(n, channels)` in pieces of any size.

    Subtracts the mean of the surrounding samples that are not digital silence, so that an offset is removed
    up to the edge of a silence, and silence stays exactly zero. Except for rounding, the result does not
    depend on the sizes of the blocks.
    """
    box, silence = _lengths(sample_rate_hz)
    context = 3 * (box // 2) + silence
    waiting: Samples | None = None
    done = 0  # samples of `waiting` that are already yielded
    for block in blocks:
        waiting = block if waiting is None else np.concatenate([waiting, block])
        stop = len(waiting) - context
        if stop > done:
            yield _filtered(waiting, box, silence)[done:stop]
            kept = max(0, stop - context)
            waiting, done = waiting[kept:].copy(), stop - kept
    if waiting is not None and len(waiting) > done:
        yield _filtered(waiting, box, silence)[done:]


def _lengths(sample_rate_hz: int) -> tuple[int, int]:
    return 2 * round(_BOX_S * sample_rate_hz / 2) + 1, max(2, round(_SILENCE_S * sample_rate_hz))


def _filtered(x: Samples, box: int, silence: int) -> Samples:
    sounds = np.stack([_sounds(channel, silence) for channel in x.T], axis=1)
    share = _smoothed(sounds.astype(np.float64), box)
    mean = _smoothed(x * sounds, box) / np.maximum(share, _LEAST)
    filtered: Samples = (x - mean) * sounds
    return filtered


def _sounds(x: Samples, silence: int) -> Samples:
    """`(n,)`: 0 in runs of at least `silence` zeros of `x` `(n,)`, otherwise 1."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], x == 0.0, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= silence
    change = np.zeros(len(x) + 1)
    change[starts[long]] -= 1.0
    change[stops[long]] += 1.0
    sounds: Samples = 1.0 + np.cumsum(change[:-1])
    return sounds


def _smoothed(x: Samples, box: int) -> Samples:
    """Three running means of `box` samples in a row; the signal is padded with zeros."""
    half = box // 2
    for _ in range(3):
        total = np.cumsum(np.pad(x, ((half + 1, half), (0, 0))), axis=0)
        x = (total[box:] - total[:-box]) / box
    return x
