"""Second-order sections run as matrix products: exact, and without a loop over samples.

A recursive filter of order m is a state of m numbers. Cut the signal into blocks of `BLOCK` samples:
every output in a block is a fixed linear function of the block and of the state at its start, so all
blocks are one matrix product once their states are known, and the states obey the same kind of
recursion 32 times slower, and so on up.
Source: Burrus, "Block realization of digital filters", IEEE Trans. Audio Electroacoust., 1972.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio_pipeline.dsp.arrays import Samples

BLOCK = 32
GROUP = 16

_EXTINCT = 1e-60


@dataclass(frozen=True)
class Section:
    """H(z) = (b0 + b1·z⁻¹ + b2·z⁻²) / (1 + a1·z⁻¹ + a2·z⁻²)."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float

    def response(self, frequency_hz: Samples, sample_rate_hz: int) -> Samples:
        """|H| at each frequency."""
        z = np.exp(-2j * np.pi * np.asarray(frequency_hz) / sample_rate_hz)
        above = self.b0 + self.b1 * z + self.b2 * z * z
        magnitude: Samples = np.abs(above / (1.0 + self.a1 * z + self.a2 * z * z))
        return magnitude


class RecursiveFilter:
    """A cascade of sections, run over pieces of exactly `length` samples with the state handed on.

    Stateless: `run` takes the state at the start of the piece and returns the one at its end.
    """

    def __init__(self, sections: tuple[Section, ...], length: int) -> None:
        a, b, c, d = _state_space(sections)
        self.length = length
        self.order = len(a)
        self._blocks = length // BLOCK + 1
        self._groups = -(-self._blocks // GROUP)
        observe, impulse = [c], [d]
        for _ in range(BLOCK):
            impulse.append(float(observe[-1] @ b))
            observe.append(observe[-1] @ a)
        toeplitz = np.zeros((BLOCK, BLOCK))
        for row in range(BLOCK):
            toeplitz[row, : row + 1] = impulse[row::-1]
        # a row of the work array is [block | state before it]; this makes its output
        self._output = np.vstack([toeplitz.T, np.array(observe[:BLOCK]).T])
        self._reach = _reach(a, b, BLOCK)
        self._rest = _reach(a, b, length % BLOCK)
        self._over_rest = np.linalg.matrix_power(a, length % BLOCK).T
        over_block = np.linalg.matrix_power(a, BLOCK)
        self._in_group = _scan(over_block, GROUP)
        self._over_groups = _scan(np.linalg.matrix_power(over_block, GROUP), self._groups)

    def rest_state(self, channels: int) -> Samples:
        """The state `(channels, order)` of a filter that has heard nothing."""
        return np.zeros((channels, self.order))

    def run(self, x: Samples, state: Samples) -> tuple[Samples, Samples]:
        """Filter `(length, channels)`; returns `(channels, length)` and the state afterwards."""
        n, channels = x.shape
        if n != self.length:
            raise ValueError(f"the piece has {n} samples, the filter is made for {self.length}")
        whole = n // BLOCK
        work = np.zeros((channels, self._groups * GROUP, BLOCK + self.order))
        work[:, :whole, :BLOCK] = x[: whole * BLOCK].reshape(whole, BLOCK, channels).transpose(2, 0, 1)
        rest = x[whole * BLOCK :].T
        work[:, whole, : n - whole * BLOCK] = rest
        states = self._states(work, state)
        work[:, :, BLOCK:] = states
        y = work.reshape(-1, BLOCK + self.order) @ self._output
        after = states[:, whole] @ self._over_rest + rest @ self._rest
        # far below anything audible the state is put to rest: denormal numbers are slow
        after[np.abs(after).max(axis=1, initial=0.0) < _EXTINCT] = 0.0
        return y.reshape(channels, -1)[:, :n], after

    def _states(self, work: Samples, state: Samples) -> Samples:
        """The state before every block, `(channels, blocks, order)`."""
        channels, m = state.shape
        drive = work.reshape(-1, BLOCK + m)[:, :BLOCK] @ self._reach
        groups = np.empty((channels, self._groups, m * (GROUP + 1)))
        groups[:, :, m:] = drive.reshape(channels, self._groups, m * GROUP)
        groups[:, :, :m] = 0.0
        # what each group adds to the state by itself, then the state before each group
        added = groups.reshape(-1, m * (GROUP + 1)) @ self._in_group[:, -m:]
        chain = np.hstack([state, added.reshape(channels, -1)])
        before = chain @ self._over_groups[:, : m * self._groups]
        groups[:, :, :m] = before.reshape(channels, self._groups, m)
        every = groups.reshape(-1, m * (GROUP + 1)) @ self._in_group[:, : m * GROUP]
        return every.reshape(channels, self._groups * GROUP, m)


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
    """`(n, order)`: what each of n samples in a row has left in the state after the last of them."""
    rows = [b]
    for _ in range(n - 1):
        rows.append(a @ rows[-1])
    return np.array(rows[:n][::-1]).reshape(n, len(b))


def _scan(step: Samples, n: int) -> Samples:
    """The matrix of s[j+1] = step·s[j] + u[j]: the row [s0, u0 … u(n-1)] becomes [s0, s1 … sn]."""
    m = len(step)
    powers = [np.eye(m)]
    for _ in range(n):
        powers.append(step @ powers[-1])
    matrix = np.zeros((n + 1, m, n + 1, m))
    for source in range(n + 1):
        for target in range(source, n + 1):
            matrix[source, :, target, :] = powers[target - source].T
    return matrix.reshape((n + 1) * m, (n + 1) * m)
