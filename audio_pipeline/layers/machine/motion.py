"""The motion of the machine: speed, film and reels in closed form, so that any time is computed directly.

There are three clocks: the programme's (seconds), the machine's (seconds that the same rotation takes
at full speed), and the film's (frames). Parts that turn with the machine follow the second clock, so
that pitch and rate rise and fall together; parts that the film touches follow the third, with wow and
flutter.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPIN_UP = 0.5
_COAST = 1.3
"""Exponents of the speed over time: start-up of a strong motor, and run-down by bearings and air [E]."""


def wave(turns: Samples) -> NDArray[np.float32]:
    """sin(2π · `turns`), within 10⁻⁶; in float32, without whole turns, which is ten times as fast."""
    part = turns - np.floor(turns)
    part *= 2.0 * math.pi
    radians = part.astype(np.float32)
    return np.sin(radians, out=radians)


@dataclass(frozen=True)
class Speed:
    """The machine's speed, 1 at full speed; it starts at `start_s` and is switched off at `stop_s`.

    `start_up_s` 0: it is already running; `stop_s` may be infinite. All in seconds of the programme.
    Speed rises with √time and falls with (1 − share of the coast)^1.3.
    """

    start_s: float
    start_up_s: float = 0.0
    stop_s: float = math.inf
    coast_s: float = 0.0

    @property
    def _lag_s(self) -> float:
        return self.start_s + self.start_up_s * (1.0 - 1.0 / (_SPIN_UP + 1.0))

    @property
    def last_s(self) -> float:
        """The machine's clock at standstill; may be infinite."""
        return self.stop_s - self._lag_s + self.coast_s / (_COAST + 1.0)

    def rate(self, at_s: Samples) -> Samples:
        """The speed at times of the programme, 0 to 1."""
        up = np.ones_like(at_s)
        if self.start_up_s > 0.0:
            up = np.clip((at_s - self.start_s) / self.start_up_s, 0.0, 1.0) ** _SPIN_UP
        if self.stop_s == math.inf:
            return up
        left = np.clip(1.0 - (at_s - self.stop_s) / max(self.coast_s, 1e-9), 0.0, 1.0)
        return up * left**_COAST

    def turned(self, at_s: Samples) -> Samples:
        """The machine's clock at times of the programme: the integral of `rate`."""
        turned = at_s - self._lag_s
        if self.start_up_s > 0.0:
            share = np.clip((at_s - self.start_s) / self.start_up_s, 0.0, None)
            rising = self.start_up_s / (_SPIN_UP + 1.0) * share ** (_SPIN_UP + 1.0)
            turned = np.where(share < 1.0, rising, turned)
        if self.stop_s == math.inf:
            return turned
        left = np.clip(1.0 - (at_s - self.stop_s) / max(self.coast_s, 1e-9), 0.0, 1.0)
        falling = self.last_s - self.coast_s / (_COAST + 1.0) * left ** (_COAST + 1.0)
        return np.where(at_s < self.stop_s, turned, falling)

    def moment(self, turned_s: Samples) -> Samples:
        """The time in seconds of the programme at which the machine's clock is `turned_s`; NaN for never."""
        at_s = turned_s + self._lag_s
        turns = turned_s < self.last_s
        if self.start_up_s > 0.0:
            turns &= turned_s >= 0.0
            share = np.clip(turned_s / self.start_up_s * (_SPIN_UP + 1.0), 0.0, None)
            rising = self.start_s + self.start_up_s * share ** (1.0 / (_SPIN_UP + 1.0))
            at_s = np.where(share < 1.0, rising, at_s)
        if self.stop_s < math.inf:
            left = (self.last_s - turned_s) * (_COAST + 1.0) / max(self.coast_s, 1e-9)
            share = 1.0 - np.clip(left, 0.0, 1.0) ** (1.0 / (_COAST + 1.0))
            at_s = np.where(at_s < self.stop_s, at_s, self.stop_s + self.coast_s * share)
        return np.where(turns, at_s, np.nan)


@dataclass(frozen=True)
class Reel:
    """A take-up reel that fills; its rotation is computed from the thickness of the film.

    The square of the radius grows linearly with the film wound, so that with ρ = 1/rate the turns are
    2·T·(ρ − ρ_core)/(ρ_full² − ρ_core²). `played` is the share already wound when the clock is 0.
    """

    core_hz: float
    full_hz: float
    length_s: float
    played: float

    def turns(self, turned_s: Samples) -> Samples:
        """Turns since the start of the film; a full reel keeps its lowest speed."""
        share = self.played + turned_s / self.length_s
        wound = np.clip(share, 0.0, 1.0)
        core, full = 1.0 / self.core_hz, 1.0 / self.full_hz
        if abs(full - core) < 1e-6 * core:
            return share * self.length_s * self.core_hz
        slow = np.sqrt(core**2 + wound * (full**2 - core**2))
        turns = 2.0 * self.length_s * (slow - core) / (full**2 - core**2)
        return turns + (share - wound) * self.length_s / slow


@dataclass(frozen=True)
class Wobble:
    """A periodic variation of the film's speed by `share`, `per_s` times a second."""

    share: float
    per_s: float
    phase: float

    @property
    def shift_s(self) -> float:
        """Maximum deviation of the film's time, seconds."""
        return self.share / (2.0 * math.pi * self.per_s)


class Clock(Protocol):
    """A counter of the machine's rotation that gives the times of its counts."""

    def count(self, turned_s: Samples) -> Samples: ...
    def turned(self, count: Samples) -> Samples: ...


@dataclass(frozen=True)
class Shaft:
    """A shaft that turns evenly with the machine, `rate_hz` times a second at full speed."""

    rate_hz: float

    def count(self, turned_s: Samples) -> Samples:
        """Turns when the machine's clock is `turned_s`."""
        return turned_s * self.rate_hz

    def turned(self, count: Samples) -> Samples:
        """The machine's clock after `count` turns."""
        return count / self.rate_hz


@dataclass(frozen=True)
class Film:
    """The film's clock: `frames_per_s`, with wow and flutter."""

    frames_per_s: float
    wobbles: tuple[Wobble, ...] = ()

    @cached_property
    def _uneven(self) -> tuple[Samples, Samples, NDArray[np.float32]]:
        """Rates, phases in turns and shifts of the wobbles, each `(wobbles, 1)`."""
        rates = [[wobble.per_s] for wobble in self.wobbles]
        phases = [[wobble.phase / (2.0 * math.pi)] for wobble in self.wobbles]
        shifts = [[wobble.shift_s] for wobble in self.wobbles]
        return np.array(rates), np.array(phases), np.array(shifts, np.float32)

    def _ahead_s(self, turned_s: Samples) -> Samples:
        if not self.wobbles:
            return np.zeros_like(turned_s)
        rates, phases, shifts = self._uneven
        waves = wave(rates * turned_s + phases)
        waves *= shifts
        ahead: Samples = np.add.reduce(waves, axis=0, dtype=np.float64)
        return ahead

    def count(self, turned_s: Samples) -> Samples:
        """Frames that have passed the gate when the machine's clock is `turned_s`."""
        return self.frames_per_s * (turned_s + self._ahead_s(turned_s))

    def turned(self, count: Samples) -> Samples:
        """The machine's clock when `count` frames have passed.

        Computed by fixed-point iteration: each round multiplies the error by the sum of the wobbles'
        shares, which is far below 1. It ends at a ten-millionth of the first error.
        """
        uneven = sum(wobble.share for wobble in self.wobbles)
        rounds = math.ceil(math.log(1e-7) / math.log(min(max(uneven, 1e-7), 0.5)))
        steady = count / self.frames_per_s
        turned = steady
        for _ in range(rounds):
            turned = steady - self._ahead_s(turned)
        return turned
