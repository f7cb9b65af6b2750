"""Noise that belongs to a place in time: a pure function of (seed, name, channel, sample).

Each stream is cut into cells; a cell is drawn from Philox, a counter-based generator, keyed by the
stream's name and counted by the cell's number. So any window can be drawn alone, in any order, on
any worker, and no stream can move another. NumPy promises the same numbers for the same build only.
Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.random import Generator, Philox

from audio_pipeline.dsp.arrays import Samples

CELL = 24_000
"""Samples in a cell: it divides the tile, and a short look-back draws little that is not used."""


def generator(seed: int, stream: str, cell: int) -> Generator:
    """A fresh generator for one cell (any whole number, also negative) of the named stream."""
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
    counter = np.array([0, 0, cell % 2**64, 0], dtype=np.uint64)
    return Generator(Philox(counter=counter, key=key))


def _assemble(
    seed: int, stream: str, start: int, stop: int, draw: Callable[[Generator, Samples], object]
) -> Samples:
    if stop <= start:
        return np.zeros(0)
    first, last = start // CELL, (stop - 1) // CELL
    drawn = np.empty((last + 1 - first, CELL))
    for cell, out in enumerate(drawn, first):
        draw(generator(seed, stream, cell), out)
    return drawn.reshape(-1)[start - first * CELL : stop - first * CELL]


def gaussian(seed: int, stream: str, start: int, stop: int) -> Samples:
    """`(stop - start,)` white Gaussian noise of RMS 1, the same for every window that holds it."""
    return _assemble(seed, stream, start, stop, lambda g, out: g.standard_normal(out=out))


def uniform(seed: int, stream: str, start: int, stop: int) -> Samples:
    """`(stop - start,)` white noise in [−0.5, 0.5): RMS 1/√12. A long FIR makes it near Gaussian."""
    drawn = _assemble(seed, stream, start, stop, lambda g, out: g.random(out=out))
    drawn -= 0.5
    return drawn
