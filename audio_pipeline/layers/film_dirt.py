"""Noise of dirt on an optical track: specks of dust, repeating scratches, pops.

Each kind is a list of bursts, a pure function of (seed, stream, span). The stream is drawn in
independent cells of `CELL_S` seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import fast_length
from audio_pipeline.dsp.noise import generator
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

DUST_S = (0.05e-3, 2e-3)
"""The shortest and the longest speck, s (estimated)."""
POP_S = (10e-3, 40e-3)
"""The shortest and the longest pop, s: one cycle under a Hann window, so 25 to 100 Hz."""
CELL_S = 5
"""Length of a cell, in whole seconds."""
SPECKS = (1, 2)
"""Minimum and maximum of specks in a stretch of time; they prevent long gaps and loud clusters."""
LEVEL_LIMIT = 2.0
"""Levels are log-normal, clipped at this many standard deviations, so that no speck stands out."""

_BATCH = 16
"""Bursts panned per pass: they fit in the CPU cache."""


@dataclass(frozen=True)
class Bursts:
    """Short bursts of audio, one per row.

    `starts` `(n,)` samples on the programme's clock; `waves` `(n, m)` of energy 1 each; `gains`
    `(n,)` with a mean square of 1 over a long time; `positions` `(n,)` from −1 to +1.
    """

    starts: NDArray[np.int64]
    waves: Samples
    gains: Samples
    positions: Samples

    def evened(self, impulse: Samples) -> Bursts:
        """The same bursts, with waves whose energy after the FIR `impulse` is 1.

        Short bursts of noise differ in spectrum: without this, some would have ten times the energy of
        others after the FIR.
        """
        energies = np.sum(np.square(through(impulse, self.waves)), axis=1, dtype=np.float64)
        return replace(self, waves=self.waves / np.sqrt(np.maximum(energies, 1e-30))[:, None])

    def add_to(self, out: Samples, start: int, impulse: Samples, width: float, energy: float) -> None:
        """Add the bursts, filtered by the FIR `impulse`, to `out` `(n, 2)`, which begins at sample `start`.

        Each has the mean energy `energy` before the FIR and a pan of up to ±`width`. They are panned at
        constant power, so that `energy` is the sum of both channels.
        """
        sounds = through(impulse, self.waves)
        angle = (1.0 + width * self.positions) * (math.pi / 4)
        pans = np.stack([np.cos(angle), np.sin(angle)], axis=1) * math.sqrt(energy)
        gains = (pans * self.gains[:, None])[:, :, None]
        ears, places = out.T, (self.starts - start).tolist()
        for batch in range(0, len(places), _BATCH):
            some = slice(batch, batch + _BATCH)
            for at, panned in zip(places[some], gains[some] * sounds[some, None, :], strict=True):
                sounding = ears[:, max(at, 0) : max(at + sounds.shape[1], 0)]
                sounding += panned[:, max(-at, 0) :][:, : sounding.shape[1]]


def through(impulse: Samples, waves: Samples) -> NDArray[np.float32]:
    """Each of the waves `(n, m)`, filtered by the FIR `(taps,)`: `(n, m + taps − 1)`.

    In float32: the rounding error is 140 dB below the signal.
    """
    length = waves.shape[1] + len(impulse) - 1
    size = fast_length(length)
    response = (np.fft.rfft(impulse, size) * size).astype(np.complex64)
    padded = np.zeros((len(waves), size), np.float32)  # NumPy's own padding takes twice as long
    padded[:, : waves.shape[1]] = waves
    spectra = np.fft.rfft(padded, norm="forward")
    return np.fft.irfft(spectra * response, size)[:, :length].astype(np.float32, copy=False)


def dust(seed: int, stream: str, span: Span, sample_rate: int, per_s: float, spread_db: float) -> Bursts:
    """Specks that begin in `span`, or before it by less than the longest speck, at random times.

    Time is divided into stretches. A stretch has one or two specks, 1.5 on average, at any of its
    samples, so that no gap is longer than two stretches. A speck is a decaying burst of white noise;
    filtered, dust has the spectrum of the hiss.
    """
    longest = math.ceil(DUST_S[1] * sample_rate)
    drawn = partial(_dust_of_cell, seed, stream, sample_rate, per_s, spread_db)
    return _over(Span(span.start - longest, span.stop), sample_rate, drawn)


@lru_cache(maxsize=8)
def _dust_of_cell(
    seed: int, stream: str, sample_rate: int, per_s: float, spread_db: float, cell: int
) -> Bursts:
    rng, longest = generator(seed, stream, cell), math.ceil(DUST_S[1] * sample_rate)
    mean = sum(SPECKS) / len(SPECKS)
    stretches = int(per_s * CELL_S / mean + rng.random())  # random rounding keeps the mean
    counts = rng.choice(SPECKS, stretches)
    n = int(counts.sum())
    places = (np.repeat(np.arange(stretches), counts) + rng.random(n)) / max(stretches, 1)
    starts = _beginning(cell, sample_rate) + np.sort((places * CELL_S * sample_rate).astype(np.int64))
    lengths = log_uniform(rng, n, DUST_S) * sample_rate
    positions = rng.uniform(-1.0, 1.0, n)
    gains = log_normal(rng, n, spread_db)
    return Bursts(starts, _ticks(rng.standard_normal((n, longest)), lengths), gains, positions)


def scratches(
    seed: int, stream: str, span: Span, sample_rate: int, per_s: float, turn: int, turns: int
) -> Bursts:
    """Ticks of scratches that meet `span`: each repeats every `turn` samples, `turns` times.

    A scratch grows and fades as the reel turns; `per_s` is the number of new scratches a second.
    """
    longest = math.ceil(DUST_S[1] * sample_rate)
    reach = Span(span.start - longest - turn * (turns + 1), span.stop)
    return _over(
        reach, sample_rate, partial(_scratches_of_cell, seed, stream, sample_rate, per_s, turn, turns)
    )


@lru_cache(maxsize=16)
def _scratches_of_cell(
    seed: int, stream: str, sample_rate: int, per_s: float, turn: int, turns: int, cell: int
) -> Bursts:
    rng, longest = generator(seed, stream, cell), math.ceil(DUST_S[1] * sample_rate)
    envelope = np.sin(np.pi * (np.arange(turns) + 0.5) / turns) * math.sqrt(2.0)
    n = int(rng.poisson(per_s * CELL_S))
    first = _beginning(cell, sample_rate) + rng.integers(0, CELL_S * sample_rate, n)
    slip = rng.integers(-turn // 200, turn // 200 + 1, (n, turns))
    starts = (first[:, None] + turn * np.arange(turns) + slip).ravel()
    # the same position on the film every time, but a slightly different tick
    noise = rng.standard_normal((n, 1, longest)) + 0.3 * rng.standard_normal((n, turns, longest))
    lengths = np.full(n * turns, longest / 2.0)
    positions = np.repeat(rng.uniform(-1.0, 1.0, n), turns)
    ticks = _ticks(noise.reshape(n * turns, longest), lengths)
    return Bursts(starts, ticks, np.tile(envelope, n), positions)


def pops(seed: int, stream: str, span: Span, sample_rate: int, per_s: float, spread_db: float) -> Bursts:
    """Pops that begin in `span`, or before it by less than the longest pop: a Poisson process."""
    longest = math.ceil(POP_S[1] * sample_rate)
    drawn = partial(_pops_of_cell, seed, stream, sample_rate, per_s, spread_db)
    return _over(Span(span.start - longest, span.stop), sample_rate, drawn)


@lru_cache(maxsize=8)
def _pops_of_cell(
    seed: int, stream: str, sample_rate: int, per_s: float, spread_db: float, cell: int
) -> Bursts:
    rng, longest = generator(seed, stream, cell), math.ceil(POP_S[1] * sample_rate)
    n = int(rng.poisson(per_s * CELL_S))
    starts = _beginning(cell, sample_rate) + np.sort(rng.integers(0, CELL_S * sample_rate, n))
    waves = pop_waves(log_uniform(rng, n, POP_S) * sample_rate, longest)
    signs = rng.choice([-1.0, 1.0], n)
    return Bursts(starts, waves, signs * log_normal(rng, n, spread_db), np.zeros(n))


def pop_waves(lengths: Samples, longest: int) -> Samples:
    """One pop of energy 1 for each length in samples, `(n, longest)`."""
    x = np.minimum(np.arange(longest) / lengths[:, None], 1.0)
    return _unit_energy(np.sin(np.pi * x) ** 2 * np.sin(2 * np.pi * x))


def log_uniform(rng: Generator, n: int, bounds: tuple[float, float]) -> Samples:
    """`(n,)` values between `bounds`, with the same density in each octave."""
    return np.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1]), n))


def log_normal(rng: Generator, n: int, spread_db: float) -> Samples:
    """`(n,)` gains with normally distributed decibels, clipped at ±`LEVEL_LIMIT` standard deviations.

    Their mean square is 1, by the closed form for the exponential of a clipped normal variable.
    """
    s, k = spread_db * math.log(10.0) / 10.0, LEVEL_LIMIT
    mean_square = (
        math.exp(s * s / 2) * (_phi(k - s) - _phi(-k - s))
        + math.exp(s * k) * _phi(-k)
        + math.exp(-s * k) * _phi(-k)
    )
    z = np.clip(rng.standard_normal(n), -k, k)
    return np.exp(z * s / 2) / math.sqrt(mean_square)


def _phi(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _ticks(noise: Samples, lengths: Samples) -> Samples:
    time = np.arange(noise.shape[1])
    return _unit_energy(
        noise * np.where(time < lengths[:, None], np.exp(-3 * time / lengths[:, None]), 0)
    )


def _unit_energy(waves: Samples) -> Samples:
    unit: Samples = waves / np.sqrt(np.sum(waves**2, axis=1, keepdims=True))
    return unit


def _beginning(cell: int, sample_rate: int) -> int:
    """The first sample of a cell."""
    return cell * CELL_S * sample_rate


def _over(span: Span, sample_rate: int, drawn: Callable[[int], Bursts]) -> Bursts:
    """The bursts that begin in `span`; `drawn` returns the bursts of a cell.

    The latest cells are cached: the next tile contains the end of the bursts of this one.
    """
    length = CELL_S * sample_rate
    every = [drawn(cell) for cell in range(span.start // length, (span.stop - 1) // length + 1)]
    starts = np.concatenate([b.starts for b in every])
    kept = (starts >= span.start) & (starts < span.stop)
    return Bursts(
        starts[kept],
        np.concatenate([b.waves for b in every])[kept],
        np.concatenate([b.gains for b in every])[kept],
        np.concatenate([b.positions for b in every])[kept],
    )
