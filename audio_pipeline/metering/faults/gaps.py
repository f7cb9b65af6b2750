"""Gaps: stretches in which a channel falls to silence, with or without a return.

A gap is a fault when the signal is cut off at its edges. A signal that decays first, like speech before
a pause, is not a fault. Fed block by block; the decision at an edge needs 0.3 s on either side of it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass

NOTHING = 2.0**-15
"""A sample up to one step of 16 bits counts as silence, because dither may remain."""
SHORTEST_S = 0.0009
"""Shorter gaps cannot be distinguished from zero crossings."""
CONTEXT_S = 0.3
_NEAR_S, _FAR_S = 0.02, 0.12
_SHARP_S = 0.00025
_BRISK_S = 0.003
_PIECE_S = 0.004
_STEADY_PIECE_S = 0.02
AUDIBLE = 10.0 ** (-66.0 / 20.0)
"""For a softer signal next to a gap it is unknown whether it was cut off."""
_CUT_OFF = 10.0 ** (-12.0 / 20.0)
_LOWEST_OCTAVE_HZ, _OCTAVES = 100.0, 7
_COLOUR_FLOOR = 1e-4
_ACTIVE = 10.0 ** (-26.0 / 20.0)
_TESTED = 4
_ACTIVE_SHARE = 0.6
"""Minimum share of active pieces next to a gap, because single clicks are not a signal that was cut off."""


@dataclass(frozen=True)
class Edge:
    """One end of a gap.

    The signal is cut off there within 15 ms (`cut_off`), within 4 ms (`brisk`), within 0.25 ms
    (`sharp`); `steady`: its level was constant. `colour` is the level of each octave of the signal next
    to the gap, dB. `levels` `(channels,)` is the RMS of every channel in the 0.1 s outside the gap,
    `inside` in the 0.1 s inside it.
    """

    cut_off: bool
    brisk: bool
    sharp: bool
    steady: bool
    colour: Samples
    levels: Samples
    inside: Samples


@dataclass(frozen=True)
class Gap:
    """A gap of one channel, in samples; an edge is None at the start or end of the programme.

    `others` `(channels,)` is the RMS of every channel during the gap.
    """

    channel: int
    start: int
    stop: int
    before: Edge | None
    after: Edge | None
    others: Samples


@dataclass
class _Open:
    start: int
    before: Edge | None
    energies: Samples


class GapFinder:
    """Finds the gaps of every channel of a programme."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._shortest = max(3, int(SHORTEST_S * sample_rate_hz))
        self._context = int(CONTEXT_S * sample_rate_hz)
        self._kept = np.zeros((channels, 0))
        self._kept_from = 0
        self._decided = 0
        self._undecided = False
        self._open: list[_Open | None] = [None] * channels
        self.gaps: list[Gap] = []

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        new = block.T
        length = self._kept.shape[1] + len(block)
        stop, keep = self._kept_from + length, min(length, 2 * self._context)
        limit = max(self._decided, stop - self._context)
        if keep > len(block) or self._may_hold_gap(new):
            new = np.concatenate([self._kept, new], axis=1)
            self._decide(new, limit, last=False)
        # most blocks hold no gap, and then they are not copied: 4 % of a measurement
        self._decided = limit
        self._kept, self._kept_from = new[:, new.shape[1] - keep :].copy(), stop - keep

    def finish(self) -> list[Gap]:
        """All gaps, in order, after the end of the programme."""
        self._decide(self._kept, self._kept_from + self._kept.shape[1], last=True)
        return sorted(self.gaps, key=lambda gap: (gap.start, gap.channel))

    def _may_hold_gap(self, new: Samples) -> bool:
        """Whether a gap is undecided, or may lie in the next samples or across their start."""
        if self._undecided:
            return True
        across = [self._kept[:, -self._shortest :], new[:, : self._shortest]]
        return any(
            _silent_runs(x, self._shortest)
            for part in (np.concatenate(across, axis=1), new)
            for x in part
        )

    def _decide(self, joined: Samples, limit: int, *, last: bool) -> None:
        """Close every gap that ends at or before sample `limit`."""
        self._undecided = False
        for channel in range(len(joined)):
            self._decide_channel(joined, channel, limit, last)

    def _decide_channel(self, joined: Samples, channel: int, limit: int, last: bool) -> None:
        first = self._kept_from
        end = first + joined.shape[1]
        for start, stop in _silent_runs(joined[channel], self._shortest):
            start, stop = first + start, first + stop
            if stop <= self._decided and not (last and stop == end):
                continue
            known = self._open[channel]
            if known is None:
                before = None if start == 0 else self._edge(joined, channel, start - first, -1)
                known = _Open(start, before, np.zeros(len(joined)))
            since = max(start, self._decided) - first
            if stop > limit or (stop == end and not last):
                if start < limit:
                    known.energies += _energies(joined[:, since : limit - first])
                    self._open[channel] = known
                self._undecided = True
                break
            known.energies += _energies(joined[:, since : stop - first])
            after = None if stop == end else self._edge(joined, channel, stop - first, 1)
            rms = np.sqrt(known.energies / (stop - known.start))
            self.gaps.append(Gap(channel, known.start, stop, known.before, after, rms))
            self._open[channel] = None

    def _edge(self, joined: Samples, channel: int, at: int, way: int) -> Edge:
        """The edge at `at`; the signal is before it (`way` −1) or after it (+1)."""
        outside, inside = joined[:, at:], joined[:, :at][:, ::-1]
        if way < 0:
            outside, inside = inside, outside
        near, far = round(_NEAR_S * self._rate), round(_FAR_S * self._rate)
        x = outside[channel, : self._context]
        level, earlier = _rms(x[:near]), _rms(x[near:far])
        pieces = _pieces(x[:near], max(1, round(_PIECE_S * self._rate)))
        active = len(pieces) > 0 and np.mean(pieces >= _ACTIVE * level) >= _ACTIVE_SHARE
        cut_off = level >= AUDIBLE and level >= _CUT_OFF * earlier and bool(active)
        slow = _pieces(x, max(1, round(_STEADY_PIECE_S * self._rate)))
        steady = len(slow) > 3 and float(slow.min()) >= 0.25 * float(slow.max())
        brisk, sharp = (
            cut_off and _rms(x[: max(2, round(last_s * self._rate))]) >= _CUT_OFF * level
            for last_s in (_BRISK_S, _SHARP_S)
        )
        return Edge(
            cut_off,
            brisk,
            sharp,
            steady,
            _colour(x[:near], self._rate),
            np.sqrt(_energies(outside[:, :far]) / max(1, min(far, outside.shape[1]))),
            np.sqrt(_energies(inside[:, :far]) / max(1, min(far, inside.shape[1]))),
        )


def _silent_runs(x: Samples, shortest: int) -> list[tuple[int, int]]:
    """The runs of at least `shortest` samples up to `NOTHING`, as (start, stop).

    A run that is long enough contains four neighbours of the samples at multiples of `shortest // 4`. Only the
    samples near such neighbours are looked at: 12 % of the time to measure speech.
    """
    neighbours = min(_TESTED, shortest)
    cell = shortest // neighbours
    looked = np.abs(x[::cell]) <= NOTHING
    silent = looked[: max(0, len(looked) - neighbours + 1)].copy()
    for later in range(1, neighbours):
        silent &= looked[later : later + len(silent)]
    if not silent.any():
        return []
    near = np.zeros(len(looked) + 1, np.bool_)  # the cells before, between and after
    for place in range(neighbours + 1):
        near[place : place + len(silent)] |= silent
    count = len(x) // cell
    whole, cells = count * cell, np.flatnonzero(near[1 : count + 1])
    found = np.zeros(len(x) + 2, np.bool_)
    inside = found[1:-1]
    inside[:whole].reshape(count, cell)[cells] = np.abs(x[:whole].reshape(count, cell)[cells]) <= NOTHING
    inside[whole:] = np.abs(x[whole:]) <= NOTHING
    edges = np.flatnonzero(found[1:] != found[:-1])
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= shortest
    return list(zip(starts[long].tolist(), stops[long].tolist(), strict=True))


def _energies(x: Samples) -> Samples:
    energies: Samples = np.einsum("cn,cn->c", x, x)
    return energies


def _rms(x: Samples) -> float:
    return float(np.sqrt(np.einsum("n,n->", x, x) / len(x))) if len(x) else 0.0


def _pieces(x: Samples, size: int) -> Samples:
    """The RMS of each complete piece of `size` samples."""
    whole = x[: len(x) // size * size].reshape(-1, size)
    rms: Samples = np.sqrt(np.mean(whole * whole, axis=1))
    return rms


def _colour(x: Samples, rate: int) -> Samples:
    """The share of each octave from 100 Hz on in the power of the signal, dB."""
    size = 1 << max(1, len(x) - 1).bit_length()
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)), size)) ** 2
    frequencies = np.fft.rfftfreq(size, 1.0 / rate)
    edges = np.searchsorted(frequencies, _LOWEST_OCTAVE_HZ * 2.0 ** np.arange(_OCTAVES + 1))
    octaves = np.array([power[low:high].sum() for low, high in pairwise(edges.tolist())])
    colour: Samples = 10.0 * np.log10(octaves / max(float(octaves.sum()), 1e-30) + _COLOUR_FLOOR)
    return colour
