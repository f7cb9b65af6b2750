"""The parts of a projector that sound, each at its own loudness; the machine gives them their levels.

A part renders `(n,)` for a `Stretch`: some samples with the machine's state in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.control import slow_curve
from audio_pipeline.dsp.events import Phasors, Resonances, normals
from audio_pipeline.dsp.filters import convolve
from audio_pipeline.layers.machine.motion import Clock, Reel, Speed

Loudness = Callable[[Samples], Samples]
"""Linear gain of what happens at moments of the programme, seconds; any shape."""


def always(at_s: Samples) -> Samples:
    """Full loudness at any moment."""
    return np.ones_like(at_s)


@dataclass(frozen=True)
class Stretch:
    """The samples [start, stop) of the machine's life."""

    speed: Speed
    sample_rate: int
    start: int
    stop: int
    _heard: dict[Rustle, Samples] = field(default_factory=dict, repr=False, compare=False)

    def noise(self, rustle: Rustle) -> Samples:
        """`(n,)`: a rustle, worked out once for all the parts that share it."""
        if rustle not in self._heard:
            self._heard[rustle] = rustle.render(self)
        return self._heard[rustle]

    def curve(self, of: Callable[[Samples], Samples]) -> Samples:
        """`(n,)`: a slow function of the programme's seconds."""
        return slow_curve(lambda at: of(at / self.sample_rate), self.start, self.stop)

    @cached_property
    def rate(self) -> Samples:
        """`(n,)`: the machine's speed, 0 to 1."""
        return self.curve(self.speed.rate)

    @cached_property
    def turned(self) -> Samples:
        """`(n,)`: the machine's clock, seconds."""
        return self.curve(self.speed.turned)


class Part(Protocol):
    """Something that sounds."""

    def render(self, stretch: Stretch) -> Samples: ...


@dataclass(frozen=True)
class Rustle:
    """Noise of one colour, the same for whoever rubs or slaps with it: `stream` tells it from others."""

    seed: int
    stream: str
    impulse: Samples = field(compare=False, repr=False)

    def render(self, stretch: Stretch) -> Samples:
        """`(n,)` noise of RMS near 1."""
        reach = len(self.impulse) - 1
        white = noise.uniform(self.seed, self.stream, stretch.start - reach, stretch.stop)
        loudness = math.sqrt(12.0 / float(np.sum(self.impulse**2)))
        return loudness * convolve(white[:, None], self.impulse)[:, 0]


@dataclass(frozen=True)
class Chance:
    """How unlike each other the events of one kind are: in time, in level and in colour."""

    seed: int
    stream: str
    jitter_s: float
    level_db: float
    colour_db: float

    def blows(self, first: int, last: int) -> Samples:
        """`(last − first, 2)` normals for the events' time and level."""
        return normals(self.seed, f"{self.stream}/blow", first, last, 2)

    def colours(self, first: int, last: int, tones: int) -> Phasors:
        """`(last − first, tones)` gains, each with a phase of its own: 6 dB scatter it by a radian."""
        drawn = normals(self.seed, f"{self.stream}/colour", first, last, 2 * tones)
        gains = 10.0 ** (self.colour_db / 20.0 * drawn[:, :tones])
        turned: Phasors = gains * np.exp(1j * self.colour_db / 6.0 * drawn[:, tones:])
        return turned


@dataclass(frozen=True)
class Blows:
    """What strikes `per_count` times for each count of a clock, `offset` of a count late.

    `body` rings as `strengths` say; `loudness` follows the programme, and hardness the speed.
    `only`, when given, are the numbers of the events that happen at all.
    """

    clock: Clock
    per_count: int
    offset: float
    body: Resonances
    strengths: tuple[complex, ...]
    chance: Chance
    loudness: Loudness = always
    hardness: float = 1.0
    only: tuple[int, ...] | None = None

    def _numbers(self, stretch: Stretch) -> tuple[int, int]:
        edges = np.array([stretch.start - self.body.length, stretch.stop]) / stretch.sample_rate
        edges += np.array([-1.0, 1.0]) * 3.0 * self.chance.jitter_s
        counts = self.clock.count(stretch.speed.turned(edges)) - self.offset
        first, last = np.floor(counts * self.per_count).astype(int) + np.array([-1, 2])
        return int(first), int(last)

    def render(self, stretch: Stretch) -> Samples:
        first, last = self._numbers(stretch)
        numbers = np.arange(first, last)
        chance = self.chance
        at_s = stretch.speed.moment(self.clock.turned(numbers / self.per_count + self.offset))
        happens = np.isfinite(at_s)
        if self.only is not None:
            happens &= np.isin(numbers, self.only)
        at_s, drawn = at_s[happens], chance.blows(first, last)[happens]
        loud = self.loudness(at_s) * stretch.speed.rate(at_s) ** self.hardness
        loud *= 10.0 ** (chance.level_db / 20.0 * drawn[:, 1])
        strength: Phasors = np.array(self.strengths, dtype=np.complex128) * loud[:, None]
        if chance.colour_db > 0.0:
            strength = strength * chance.colours(first, last, len(self.strengths))[happens]
        at = (at_s + chance.jitter_s * drawn[:, 0]) * stretch.sample_rate
        return self.body.struck(at, strength, stretch.start, stretch.stop)


@dataclass(frozen=True)
class Bursts:
    """Rustle that swells with each blow: `swells` are blows whose body is a pulse, not a tone."""

    rustle: Rustle
    swells: tuple[tuple[float, Blows], ...]

    def render(self, stretch: Stretch) -> Samples:
        swell = np.zeros(stretch.stop - stretch.start)
        for gain, blows in self.swells:
            swell += gain * blows.render(stretch)
        if not swell.any():
            return swell
        return swell * stretch.noise(self.rustle)


def pulse(rise_s: float, fall_s: float, sample_rate: int) -> tuple[Resonances, tuple[complex, ...]]:
    """The body and strengths of a swell that rises within `rise_s` and falls to 1/e in `fall_s`.

    A quarter turn of phase makes a resonance at 0 Hz a plain decay; the second one takes the edge off.
    """
    return Resonances((0.0, 0.0), (fall_s, rise_s), sample_rate), (1j, -1j)


@dataclass(frozen=True)
class Sum:
    """Parts that are heard as one, each at a gain of its own."""

    parts: tuple[tuple[float, Part], ...]

    def render(self, stretch: Stretch) -> Samples:
        total = np.zeros(stretch.stop - stretch.start)
        for gain, part in self.parts:
            total += gain * part.render(stretch)
        return total


@dataclass(frozen=True)
class ReelRub:
    """Film that rubs on a reel which is not quite true: rustle that comes and goes with its turns."""

    rustle: Rustle
    reel: Reel
    loudness: Loudness = always

    def render(self, stretch: Stretch) -> Samples:
        def rub(at_s: Samples) -> Samples:
            turns = self.reel.turns(stretch.speed.turned(at_s))
            near = (0.5 + 0.5 * np.cos(2 * np.pi * turns)) ** 3
            return self.loudness(at_s) * stretch.speed.rate(at_s) * (0.3 + near)

        return stretch.curve(rub) * stretch.noise(self.rustle)


@dataclass(frozen=True)
class Tone:
    """A periodic sound: harmonics of a phase, drawn once and read off.

    `levels` are the amplitudes of harmonics 1, 2, 3…; `phases` theirs. `turns` gives the phase in
    periods and `gain` the loudness over the programme's seconds.
    """

    levels: tuple[float, ...]
    phases: tuple[float, ...]
    turns: Callable[[Stretch], Samples]
    gain: Loudness = always
    _points: int = field(default=16_384, repr=False)

    @cached_property
    def _period(self) -> Samples:
        spectrum = np.zeros(self._points // 2 + 1, dtype=np.complex128)
        harmonics = len(self.levels)
        spectrum[1 : harmonics + 1] = np.array(self.levels) * np.exp(1j * np.array(self.phases))
        return np.fft.irfft(spectrum, self._points) * self._points / 2.0

    def render(self, stretch: Stretch) -> Samples:
        place = np.floor(self.turns(stretch) * self._points).astype(np.int64) & (self._points - 1)
        tone: Samples = self._period[place] * stretch.curve(self.gain)
        return tone


@dataclass(frozen=True)
class Blower:
    """The fan that cools the lamp: steady noise that the shutter's blades cut."""

    rustle: Rustle
    shutter: Callable[[Samples], Samples]

    def render(self, stretch: Stretch) -> Samples:
        def wind(at_s: Samples) -> Samples:
            turned = stretch.speed.turned(at_s)
            return stretch.speed.rate(at_s) ** 2.5 * (1.0 + self.shutter(turned))

        return stretch.curve(wind) * stretch.noise(self.rustle)
