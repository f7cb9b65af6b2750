"""Polarity, phase, level and delay between two channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.faults.half_seconds import HalfSeconds
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

AUDIBLE_POWER = 10.0 ** (-60.0 / 10.0)
"""Channels below −60 dBFS RMS are not compared."""
_WINDOW = 16_384
_MOST_WINDOWS = 40
_SHARE_DELAYED = 0.8
"""Of the windows that are looked at, so many must agree on a delay."""
_LONGEST_DELAY_S = 0.05
_ALIKE = 0.9
_RIVAL = 0.95
_RIVAL_S = 0.0005
_MOST_IN_PLACE = 0.1


@dataclass(frozen=True, eq=False)
class Chunks:
    """Energies of a pair without its offset, chunk by chunk, `(n,)` each.

    `first`, `second` and `product` are the energies of the first channel, of the second, and of their
    product; `edges` `(n + 1,)` are samples.
    """

    first: Samples
    second: Samples
    product: Samples
    edges: Samples

    @property
    def active(self) -> NDArray[np.bool_]:
        """Whether both channels are loud enough for a comparison, for each chunk, `(n,)`."""
        least = AUDIBLE_POWER * np.diff(self.edges)
        loud: NDArray[np.bool_] = (self.first > least) & (self.second > least)
        return loud

    @property
    def correlation(self) -> Samples:
        """The correlation in each chunk, `(n,)`; 0 if one of the channels is silent."""
        power = np.sqrt(self.first * self.second)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Samples = np.where(power > 0.0, self.product / power, 0.0)
        return found


class PairMeter:
    """Measures polarity, phase, level and delay between two channels."""

    def __init__(self, sample_rate_hz: int, *, delays: bool) -> None:
        self._rate = sample_rate_hz
        self._rows: list[Samples] = []
        self._lengths: list[NDArray[np.intp]] = []
        self._windows = _MOST_WINDOWS if delays else 0
        self._delays: list[tuple[int, float] | None] = []

    def feed(self, first: HalfSeconds, second: HalfSeconds) -> None:
        """Feed the next samples of both channels."""
        n, x, y = first.lengths, first.sums, second.sums
        energies = np.maximum(0.0, [first.energies - x * x / n, second.energies - y * y / n])
        self._rows.append(np.vstack([energies, first.products(second) - x * y / n]))
        self._lengths.append(n)
        if not self._windows:
            return
        for part in np.flatnonzero((n >= 1024) & (energies.min(axis=0) > AUDIBLE_POWER * n)).tolist():
            start = part * first.size
            window = slice(start, start + min(_WINDOW, int(n[part])))
            self._windows -= 1
            self._delays.append(self._delay(first.samples[window], second.samples[window]))
            # no window that follows could change the answer: 5 % of a re-render, 4 % of a measurement
            if self._delays.count(None) > _MOST_WINDOWS - _SHARE_DELAYED * _MOST_WINDOWS:
                self._windows = 0
            if not self._windows:
                return

    def chunks(self) -> Chunks:
        """The energies of all samples so far."""
        first, second, product = np.concatenate([np.zeros((3, 0)), *self._rows], axis=1)
        edges = np.cumsum(np.concatenate([[0.0], *self._lengths]))
        return Chunks(first, second, product, edges)

    def delay_samples(self) -> int | None:
        """The delay of the second channel in samples; None if the channels are not delayed copies."""
        found = [delay[0] for delay in self._delays if delay is not None]
        if not found or len(found) < _SHARE_DELAYED * len(self._delays):
            return None
        middle = sorted(found)[len(found) // 2]
        steady = sum(abs(delay - middle) <= 1 for delay in found)
        return middle if middle != 0 and steady >= _SHARE_DELAYED * len(self._delays) else None

    def _delay(self, x: Samples, y: Samples) -> tuple[int, float] | None:
        """The delay with the highest correlation of two windows, and that value; None if no delay fits."""
        x, y = np.diff(x), np.diff(y)  # whitens a little: low frequencies correlate at any delay
        size = 2 * _WINDOW
        crossed = np.fft.irfft(np.conj(np.fft.rfft(x, size)) * np.fft.rfft(y, size), size)
        power = float(np.sqrt(_product(x, x) * _product(y, y)))
        if power <= 0.0:
            return None
        reach = min(round(_LONGEST_DELAY_S * self._rate), len(x) // 2)
        near = np.abs(np.concatenate([crossed[-reach:], crossed[: reach + 1]])) / power
        lags = np.arange(-reach, reach + 1)
        near /= 1.0 - np.abs(lags) / len(x)
        best = int(np.argmax(near))
        lag, alike = int(lags[best]), float(near[best])
        rivals = near[np.abs(lags - lag) > max(4, _RIVAL_S * self._rate)]
        alone = not len(rivals) or float(rivals.max()) < _RIVAL * alike
        apart = alike - float(near[reach]) > _MOST_IN_PLACE
        return (lag, alike) if alike >= _ALIKE and alone and apart and lag != 0 else None


def _product(x: Samples, y: Samples) -> float:
    # not BLAS: the overhead of its threads is longer than this takes
    return float(np.einsum("n,n->", x, y))
