"""Take the DC out of a recording: a high-pass at 10 Hz of finite memory that leaves digital silence at zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from audio_pipeline.dsp.arrays import Samples

CUTOFF_HZ = 9.4
"""Where it is 3 dB down; above 25 Hz it changes nothing by more than 0.1 dB."""
_BOX_S = 0.05
"""It subtracts a mean over three of these, one after the other: 75 ms to either side, of linear phase."""
_SILENCE_S = 0.01
"""So many zeros in a row are digital silence; fewer are a wave that passes through zero."""
_LEAST = 0.25
"""The share of the window that has to sound before all of what is in it counts as DC: a click in silence is not
DC.
"""


def without_dc(blocks: Iterable[Samples], sample_rate_hz: int) -> Iterator[Samples]:
    """The same sound without DC, `(n, channels)` in pieces of any size.

    The mean that is subtracted is that of the samples around which are not digital silence, so that an
    offset is gone up to the very edge of a silence, and silence stays exactly zero. The result does not
    depend on where the sound is cut into blocks, but for rounding.
    """
    box, silence = _lengths(sample_rate_hz)
    context = 3 * (box // 2) + silence
    waiting: Samples | None = None
    done = 0  # of those that wait
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
    """Where `(n,)` is not in a run of at least `silence` zeros, `(n,)` of 0 and 1."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], x == 0.0, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= silence
    change = np.zeros(len(x) + 1)
    change[starts[long]] -= 1.0
    change[stops[long]] += 1.0
    sounds: Samples = 1.0 + np.cumsum(change[:-1])
    return sounds


def _smoothed(x: Samples, box: int) -> Samples:
    """Three running means of `box` samples, one after the other; zeros stand around."""
    half = box // 2
    for _ in range(3):
        total = np.cumsum(np.pad(x, ((half + 1, half), (0, 0))), axis=0)
        x = (total[box:] - total[:-box]) / box
    return x
