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
from audio_pipeline.dsp.products import row_product

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
        observe, impulse = [c], [d]
        for _ in range(BLOCK - 1):
            impulse.append(float(observe[-1] @ b))
            observe.append(observe[-1] @ a)
        toeplitz = np.zeros((BLOCK, BLOCK))
        for row in range(BLOCK):
            toeplitz[row, : row + 1] = impulse[row::-1]
        # a row of the work array is [block | state before it]; this makes its output
        self._output = np.vstack([toeplitz.T, np.array(observe).T])
        self._reach = _reach(a, b, BLOCK)
        self._rest = _reach(a, b, length % BLOCK)
        self._over_rest = np.linalg.matrix_power(a, length % BLOCK).T
        self._scan = _Scan(np.linalg.matrix_power(a, BLOCK), length // BLOCK + 1)

    def rest_state(self, channels: int) -> Samples:
        """The state `(channels, order)` of a filter that has heard nothing."""
        return np.zeros((channels, self.order))

    def run(self, x: Samples, state: Samples) -> tuple[Samples, Samples]:
        """Filter `(length, channels)`; returns `(channels, length)` and the state afterwards."""
        n, channels = x.shape
        if n != self.length:
            raise ValueError(f"the piece has {n} samples, the filter is made for {self.length}")
        whole = n // BLOCK
        work = np.empty((channels, whole + 1, BLOCK + self.order))
        work[:, :whole, :BLOCK] = x[: whole * BLOCK].reshape(whole, BLOCK, channels).transpose(2, 0, 1)
        rest = x[whole * BLOCK :].T
        work[:, whole, : rest.shape[1]] = rest
        work[:, whole, rest.shape[1] : BLOCK] = 0.0
        rows = work.reshape(-1, BLOCK + self.order)
        drive = row_product(rows[:, :BLOCK], self._reach)
        states = self._scan.before(drive.reshape(channels, whole + 1, self.order), state)
        work[:, :, BLOCK:] = states
        y = row_product(rows, self._output)
        after = states[:, whole] @ self._over_rest + rest @ self._rest
        # far below anything audible the state is put to rest: denormal numbers are slow
        after[np.abs(after).max(axis=1, initial=0.0) < _EXTINCT] = 0.0
        return y.reshape(channels, -1)[:, :n], after


class _Scan:
    """s[j+1] = step·s[j] + u[j] for `count` steps: in groups, and over the groups the same again."""

    def __init__(self, step: Samples, count: int) -> None:
        self._order = len(step)
        self._groups = -(-count // GROUP)
        self._matrix = _scan_matrix(step, GROUP)
        over_group = np.linalg.matrix_power(step, GROUP)
        self._above = _Scan(over_group, self._groups) if self._groups > 1 else None

    def before(self, drive: Samples, start: Samples) -> Samples:
        """The state before each step, `(channels, count, order)`, from the u of each and the first."""
        channels, count, m = drive.shape
        groups = np.zeros((channels, self._groups * GROUP, m))
        groups[:, :count] = drive
        # rows [state before the group | its u's]
        rows = np.empty((channels, self._groups, m * (GROUP + 1)))
        rows[:, :, m:] = groups.reshape(channels, self._groups, m * GROUP)
        if self._above is None:
            rows[:, 0, :m] = start
        else:
            added = row_product(rows.reshape(-1, m * (GROUP + 1))[:, m:], self._matrix[m:, -m:])
            rows[:, :, :m] = self._above.before(added.reshape(channels, self._groups, m), start)
        states = row_product(rows.reshape(-1, m * (GROUP + 1)), self._matrix[:, : m * GROUP])
        return states.reshape(channels, self._groups * GROUP, m)[:, :count]


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


def _scan_matrix(step: Samples, n: int) -> Samples:
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
