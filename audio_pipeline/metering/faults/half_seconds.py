"""Sums over half seconds of a block, computed once for all finders that need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.products import inner_products

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class HalfSeconds:
    """The samples `(n,)` of one channel of a block, and the sums of every half second in it, `(k,)` each.

    `size` is the number of samples of a half second; the last one of a block may be shorter. `energies` are
    sums of squares.
    """

    samples: Samples
    size: int
    lengths: NDArray[np.intp]
    sums: Samples
    energies: Samples

    def products(self, other: HalfSeconds) -> Samples:
        """The sums of the products with another channel of the same block, `(k,)`."""
        return _products(self.samples, other.samples, self.size)


def half_seconds(samples: Samples, sample_rate_hz: int) -> HalfSeconds:
    """The half seconds of one channel `(n,)` of a block."""
    size = max(1, sample_rate_hz // 2)
    count, rest = divmod(len(samples), size)
    sums = samples[: count * size].reshape(count, size).sum(axis=1)
    lengths = np.full(count, size)
    if rest:
        sums, lengths = np.append(sums, samples[count * size :].sum()), np.append(lengths, rest)
    return HalfSeconds(samples, size, lengths, sums, _products(samples, samples, size))


def _products(x: Samples, y: Samples, size: int) -> Samples:
    whole = len(x) // size * size
    parts = inner_products(x[:whole].reshape(-1, size), y[:whole].reshape(-1, size))
    return parts if whole == len(x) else np.append(parts, inner_products(x[whole:], y[whole:]))
