"""Second-order sections computed as matrix products: exact, and without a loop over samples.

A recursive filter of order m has a state of m numbers. In blocks of `BLOCK` samples every output is a fixed
linear function of the block and of the state at its start, so two matrix products give all blocks once the
states are known. The states follow the same type of recursion at 1/`BLOCK` of the rate, which is grouped in
the same way, recursively.
Source: Burrus, "Block realization of digital filters", IEEE Trans. Audio Electroacoust., 1972.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.products import row_product
from audio_pipeline.dsp.scratch import Scratch
from audio_pipeline.records import dataclass

BLOCK = 16
GROUP = 8

_EXTINCT = 1e-60
_FEW = 64


@dataclass(frozen=True)
class Section:
    """H(z) = (b0 + b1·z⁻¹ + b2·z⁻²) / (1 + a1·z⁻¹ + a2·z⁻²)."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float

    def response(self, frequency_hz: Samples, sample_rate_hz: int) -> Samples:
        """The magnitude |H| at each frequency."""
        z = np.exp(-2j * np.pi * np.asarray(frequency_hz) / sample_rate_hz)
        above = self.b0 + self.b1 * z + self.b2 * z * z
        magnitude: Samples = np.abs(above / (1.0 + self.a1 * z + self.a2 * z * z))
        return magnitude


class RecursiveFilter:
    """A cascade of sections for pieces of exactly `length` samples; the caller passes the state on.

    `run` takes the state at the start of the piece and returns the state at its end; between calls only
    scratch arrays are kept. Use a filter in one thread at a time. Raises ValueError for a cascade without
    sections.
    """

    def __init__(self, sections: tuple[Section, ...], length: int) -> None:
        if not sections:
            raise ValueError("a recursive filter needs at least one section")
        a, b, c, d = _state_space(sections)
        self._scratch = Scratch()
        self.length = length
        self.order = len(a)
        observe, impulse = [c], [d]
        for _ in range(BLOCK - 1):
            impulse.append(float(observe[-1] @ b))
            observe.append(observe[-1] @ a)
        toeplitz = np.zeros((BLOCK, BLOCK))
        for row in range(BLOCK):
            toeplitz[row, : row + 1] = impulse[row::-1]
        # the output of a block from its own samples, and from the state before it
        self._own, self._of_state = toeplitz.T.copy(), np.array(observe).T.copy()
        self._reach = _reach(a, b, BLOCK)
        self._rest = _reach(a, b, length % BLOCK)
        self._over_rest = np.linalg.matrix_power(a, length % BLOCK).T
        self._scan = _Scan(np.linalg.matrix_power(a, BLOCK), length // BLOCK + 1)

    def rest_state(self, channels: int) -> Samples:
        """The initial state `(channels, order)`, zeros."""
        return np.zeros((channels, self.order))

    def run(self, x: Samples, state: Samples, out: Samples | None = None) -> tuple[Samples, Samples]:
        """Filter `(length, channels)`; returns `(channels, length)` and the state afterwards.

        Fastest when each channel of `x` is contiguous and an `out` `(channels, length)` is passed. Raises
        ValueError for a piece of another length.
        """
        n, channels = x.shape
        if n != self.length:
            raise ValueError(f"the piece has {n} samples, the filter is made for {self.length}")
        y = np.empty((channels, n)) if out is None else out
        count, whole = n // BLOCK, n // BLOCK * BLOCK
        shape = (channels, count, BLOCK)
        planar = x.T if x.strides[0] == x.itemsize else np.ascontiguousarray(x.T)
        blocks = planar[:, :whole].reshape(shape)
        drive = self._scratch.take("drive", (channels, self._scan.count, self.order), np.float64)
        drive[:, count:] = 0.0
        row_product(blocks, self._reach, out=drive[:, :count])
        states = self._scan.before(drive, state)
        echo = self._scratch.take("echo", shape, np.float64)
        made = row_product(blocks, self._own, out=y[:, :whole].reshape(shape))
        made += row_product(states[:, :count], self._of_state, out=echo)
        # the samples after the last complete block form a shorter block
        rest, last = x[whole:].T, states[:, count]
        y[:, whole:] = rest @ self._own[: n - whole, : n - whole] + last @ self._of_state[:, : n - whole]
        after = last @ self._over_rest + rest @ self._rest
        # an inaudible state is set to zero, because denormal numbers are slow
        after[np.abs(after).max(axis=1, initial=0.0) < _EXTINCT] = 0.0
        return y, after


class _Scan:
    """s[j+1] = step·s[j] + u[j] for `count` steps, computed in groups, recursively."""

    def __init__(self, step: Samples, count: int) -> None:
        self._scratch = Scratch()
        self._length = length = GROUP if count > _FEW else max(2, count)
        self._groups = -(-count // length)
        self.count = self._groups * length
        m = len(step)
        powers = np.empty((m, length + 1, m))
        powers[:, 0] = np.eye(m)
        for n in range(length):
            powers[:, n + 1] = powers[:, n] @ step.T
        # `_own` maps a row [u0 … u(n−1)] to its part of [s1 … sn], `_of_first` maps s0 to its part of
        # [s1 … s(n−1)]
        own = np.zeros((length, m, length, m))
        for of in range(length):
            own[of, :, of:] = powers[:, : length - of]
        self._own = own.reshape(length * m, length * m)
        self._of_first = powers[:, 1:length].reshape(m, -1)
        self._above = _Scan(powers[:, length].T, self._groups) if self._groups > 1 else None

    def before(self, drive: Samples, start: Samples) -> Samples:
        """The state before each step, `(channels, self.count, order)`, from the inputs and the first state.

        `drive`: u of each step, `(channels, count, order)`, with at most `self.count` steps.
        """
        channels, count, m = drive.shape
        if count < self.count:
            drive = np.concatenate([drive, np.zeros((channels, self.count - count, m))], axis=1)
        shape = (channels * self._groups, self._length * m)
        own = row_product(drive.reshape(shape), self._own, self._scratch.take("own", shape, np.float64))
        first = start
        if self._above is not None:
            added = own[:, -m:].reshape(channels, self._groups, m)
            first = self._above.before(added, start)[:, : self._groups].reshape(-1, m)
        states = self._scratch.take("states", shape, np.float64)
        states[:, :m] = first
        echo = self._scratch.take("echo", (len(own), m * (self._length - 1)), np.float64)
        np.add(own[:, :-m], row_product(first, self._of_first, echo), out=states[:, m:])
        return states.reshape(channels, self.count, m)


def _state_space(sections: tuple[Section, ...]) -> tuple[Samples, Samples, Samples, float]:
    """(A, b, c, d) of the cascade, each section in transposed direct form II."""
    a, b, c, d = np.zeros((0, 0)), np.zeros(0), np.zeros(0), 1.0
    for s in sections:
        own = np.array([[-s.a1, 1.0], [-s.a2, 0.0]])
        into = np.array([s.b1 - s.a1 * s.b0, s.b2 - s.a2 * s.b0])
        a = np.block([[a, np.zeros((len(a), 2))], [np.outer(into, c), own]])
        b = np.concatenate([b, into * d])
        c = np.concatenate([s.b0 * c, [1.0, 0.0]])
        d = s.b0 * d
    return a, b, c, d


def _reach(a: Samples, b: Samples, n: int) -> Samples:
    """`(n, order)`: the contribution of each of n consecutive samples to the state after the last one."""
    rows = [b]
    for _ in range(n - 1):
        rows.append(a @ rows[-1])
    return np.array(rows[:n][::-1]).reshape(n, len(b))
