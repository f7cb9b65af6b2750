"""The parts of a projector, each at unit loudness; the machine sets their levels.

A part plays for a `Stretch` of time onto a `Recording`: it adds its own samples, or raises the gain of
one of the machine's noises, which is rendered once for all parts that share it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field
from functools import lru_cache
from typing import Protocol

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.coloured_noise import ColouredNoise
from audio_pipeline.dsp.control import HOP, straight_between
from audio_pipeline.dsp.events import Phasors, Resonances, Ringing, normals, phasors
from audio_pipeline.layers.machine.motion import Clock, Speed
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

_DB_IN_A_NEPER = 20.0 / math.log(10.0)

_POINTS_LOG2 = 13
"""Points of a tone's period, with linear interpolation between them: its error is 90 dB below the tone."""

_LINE = 128
"""Samples over which pitch and gain of a tone change linearly: motors are slow."""

_ROWS = 512
"""Lines of a tone that are computed per pass: they fit in the CPU cache."""

Loudness = Callable[[Samples], Samples]
"""Linear gain at times of the programme in seconds; any shape."""


def always(at_s: Samples) -> Samples:
    """A gain of 1 at every time."""
    return np.ones_like(at_s)


@dataclass(frozen=True)
class Stretch:
    """The samples [start, stop) of a machine's run; both are multiples of `_LINE`, and so of `HOP`."""

    speed: Speed
    sample_rate: int
    start: int
    stop: int
    _drawn: dict[ColouredNoise, list[Ringing]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def around(cls, span: Span, speed: Speed, sample_rate: int) -> Stretch:
        """The shortest stretch that contains `span`."""
        start, stop = span.start // _LINE * _LINE, -(-span.stop // _LINE) * _LINE
        return cls(speed, sample_rate, start, stop)

    def noise(self, noise: ColouredNoise) -> list[Ringing]:
        """The pieces of a noise, `(n,)` in total, drawn once for all recordings of this stretch."""
        if noise not in self._drawn:
            self._drawn[noise] = list(noise.pieces(self.start, self.stop))
        return self._drawn[noise]

    def points(self, of: Callable[[Samples], Samples], apart: int) -> Samples:
        """`(n / apart + 1,)`: a slow function of the programme's seconds, every `apart` samples."""
        return of(np.arange(self.start, self.stop + 1, apart) / self.sample_rate)


class Recording:
    """The output of the parts in a stretch: the samples `sound` `(n,)`, and the gain of each noise.

    In float32: the rounding error is 140 dB below the machine.
    """

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self.sound = np.zeros(stretch.stop - stretch.start, np.float32)
        self._swells: dict[ColouredNoise, Ringing] = {}

    def swell(self, noise: ColouredNoise) -> Ringing:
        """The gain `(n,)` of `noise`, to which parts add."""
        if noise not in self._swells:
            self._swells[noise] = np.zeros_like(self.sound)
        return self._swells[noise]

    def render(self) -> Ringing:
        """The samples `(n,)` with all noises."""
        heard = self.sound.copy()
        for noise, swell in self._swells.items():
            at = 0
            for piece in self.stretch.noise(noise):
                heard[at : at + len(piece)] += swell[at : at + len(piece)] * piece
                at += len(piece)
        return heard


class Part(Protocol):
    """A part of the machine that adds to a recording."""

    def play(self, gain: float, onto: Recording) -> None:
        """Add the part's samples in the stretch of `onto`, times the linear `gain`, to `onto`."""


@dataclass(frozen=True)
class Ensemble:
    """A group of parts, each with its own gain."""

    parts: tuple[tuple[float, Part], ...]

    def play(self, gain: float, onto: Recording) -> None:
        """See `Part.play`."""
        for own, part in self.parts:
            part.play(gain * own, onto)


@dataclass(frozen=True)
class Chance:
    """The variation between events of one kind: in time, level and spectrum."""

    seed: int
    stream: str
    jitter_s: float
    level_db: float
    colour_db: float

    def blows(self, first: int, last: int) -> Samples:
        """`(last − first, 2)` normals for the events' time and level."""
        return normals(self.seed, f"{self.stream}/blow", first, last, 2)

    def colours(self, first: int, last: int, tones: int) -> Phasors:
        """`(last − first, tones)` complex gains; a level scatter of 6 dB goes with a phase scatter of 1 rad."""
        drawn = normals(self.seed, f"{self.stream}/colour", first, last, 2 * tones)
        nepers, radians = self.colour_db / _DB_IN_A_NEPER, self.colour_db / 6.0
        return phasors(nepers * drawn[:, :tones], radians * drawn[:, tones:])


@dataclass(frozen=True)
class Voice:
    """The response to a blow: `body` rings with `strengths`; with a `noise`, it is the noise's envelope."""

    body: Resonances
    strengths: tuple[complex, ...]
    noise: ColouredNoise | None = None


def puff(noise: ColouredNoise, loud: float, rise_s: float, fall_s: float, sample_rate: int) -> Voice:
    """Noise that rises within `rise_s` and falls to 1/e in `fall_s`.

    With a phase of a quarter turn, a resonance at 0 Hz is a plain decay; the second one smooths the
    attack.
    """
    body = Resonances((0.0, 0.0), (fall_s, rise_s), sample_rate)
    return Voice(body, (1j * loud, -1j * loud), noise=noise)


@dataclass(frozen=True)
class Blows:
    """Events that strike `per_count` times for each count of a clock, `offset` of a count late.

    `loudness` is the gain over the programme's seconds; the level also follows speed^`hardness`.
    `only`, when given, holds the numbers of the events that happen; all others are left out.
    """

    clock: Clock
    per_count: int
    offset: float
    voices: tuple[Voice, ...]
    chance: Chance
    loudness: Loudness = always
    hardness: float = 1.0
    only: tuple[int, ...] | None = None

    def _numbers(self, stretch: Stretch) -> tuple[int, int]:
        longest = max(voice.body.length for voice in self.voices)
        edges = np.array([stretch.start - longest, stretch.stop]) / stretch.sample_rate
        edges += np.array([-1.0, 1.0]) * 3.0 * self.chance.jitter_s
        counts = self.clock.count(stretch.speed.turned(edges)) - self.offset
        first, last = np.floor(counts * self.per_count).astype(int) + np.array([-1, 2])
        return int(first), int(last)

    def play(self, gain: float, onto: Recording) -> None:
        """See `Part.play`."""
        stretch, chance = onto.stretch, self.chance
        first, last = self._numbers(stretch)
        numbers = np.arange(first, last)
        at_s = stretch.speed.moment(self.clock.turned(numbers / self.per_count + self.offset))
        happens = np.isfinite(at_s)
        if self.only is not None:
            happens &= np.isin(numbers, self.only)
        loud = np.zeros(len(numbers))
        loud[happens] = self.loudness(at_s[happens]) * stretch.speed.rate(at_s[happens]) ** self.hardness
        happens &= loud > 0.0
        if not happens.any():
            return
        drawn = chance.blows(first, last)[happens]
        at = (at_s[happens] + chance.jitter_s * drawn[:, 0]) * stretch.sample_rate - stretch.start
        struck = gain * loud[happens] * 10.0 ** (chance.level_db / 20.0 * drawn[:, 1])
        for voice in self.voices:
            strength: Phasors = np.outer(struck, voice.strengths).astype(np.complex64)
            if voice.noise is None and chance.colour_db > 0.0:
                strength *= chance.colours(first, last, len(voice.strengths))[happens]
            target = onto.sound if voice.noise is None else onto.swell(voice.noise)
            voice.body.strike(target, numbers[happens], at, strength)


@dataclass(frozen=True)
class Strikes:
    """Blows at fixed times of the programme, independent of the machine; each bounces once."""

    at_s: tuple[float, ...]
    voices: tuple[Voice, ...]
    bounces: tuple[tuple[float, float], ...] = ((0.0, 1.0), (0.011, 0.35))
    """Delay in seconds and linear gain of each bounce."""

    def play(self, gain: float, onto: Recording) -> None:
        """See `Part.play`."""
        stretch = onto.stretch
        blows = [(at_s + late_s, gain * loud) for at_s in self.at_s for late_s, loud in self.bounces]
        for number, (at_s, loud) in enumerate(blows):
            at = np.array([at_s * stretch.sample_rate - stretch.start])
            for voice in self.voices:
                strength: Phasors = np.array([voice.strengths], np.complex64) * np.complex64(loud)
                target = onto.sound if voice.noise is None else onto.swell(voice.noise)
                voice.body.strike(target, np.array([number]), at, strength)


@dataclass(frozen=True)
class Wind:
    """Noise with a slow gain `loudness`: moving air, rubbing film."""

    noise: ColouredNoise
    loudness: Loudness

    def play(self, gain: float, onto: Recording) -> None:
        """See `Part.play`."""
        swell = onto.swell(self.noise)
        swell += straight_between((gain * onto.stretch.points(self.loudness, HOP)).astype(np.float32))


@dataclass(frozen=True)
class Tone:
    """A periodic signal: harmonics of a phase, read from a wavetable.

    `levels` are the amplitudes of harmonics 1, 2, 3…; `phases` their phases. `turns` returns the phase
    in periods and `loudness` the gain over the programme's seconds, both slow.
    """

    levels: tuple[float, ...]
    phases: tuple[float, ...]
    turns: Callable[[Samples], Samples]
    loudness: Loudness = always

    def play(self, gain: float, onto: Recording) -> None:
        """See `Part.play`."""
        turns = onto.stretch.points(self.turns, _LINE)
        loud = (gain * onto.stretch.points(self.loudness, _LINE)).astype(np.float32)
        # the phase in 2³² steps per turn, so that integer overflow wraps it
        phase = np.floor(turns % 1.0 * 2.0**32).astype(np.int64).astype(np.uint32)
        advance = np.rint(np.diff(turns) * (2.0**32 / _LINE)).astype(np.int64).astype(np.uint32)
        points, rises = _period(self.levels, self.phases)
        within = np.uint32(32 - _POINTS_LOG2)
        steps = np.arange(_LINE, dtype=np.uint32)
        sound = onto.sound.reshape(-1, _LINE)
        gains = straight_between(loud, _LINE).reshape(sound.shape)
        for first in range(0, len(sound), _ROWS):
            rows = slice(first, first + _ROWS)
            place = advance[rows, None] * steps
            place += phase[:-1][rows, None]
            point = (place >> within).astype(np.intp)
            place &= (np.uint32(1) << within) - np.uint32(1)
            tone = place.view(np.int32).astype(np.float32)
            # every index is in range, and "wrap" is faster than a check
            tone *= rises.take(point, mode="wrap")
            tone += points.take(point, mode="wrap")
            tone *= gains[rows]
            sound[rows] += tone


@lru_cache(maxsize=16)
def _period(levels: tuple[float, ...], phases: tuple[float, ...]) -> tuple[Ringing, Ringing]:
    """The points of one period, and the slope per step of the phase between them."""
    points = 2**_POINTS_LOG2
    period = _harmonics(levels, phases, points)
    steps = (np.roll(period, -1) - period) / 2.0 ** (32 - _POINTS_LOG2)
    return period.astype(np.float32), steps.astype(np.float32)


def _harmonics(
    levels: tuple[float, ...], phases: tuple[float, ...], points: int, turns: int = 1
) -> Samples:
    """`(points,)` samples of `turns` complete periods; harmonics above the Nyquist frequency are left out."""
    spectrum = np.zeros(points // 2 + 1, dtype=np.complex128)
    heard = slice(0, (len(spectrum) - 1) // turns)
    strengths = np.array(levels[heard]) * np.exp(1j * np.array(phases[heard]))
    spectrum[turns : turns * len(strengths) + 1 : turns] = strengths
    sound: Samples = np.fft.irfft(spectrum, points, norm="forward") / 2.0
    return sound


@dataclass(frozen=True)
class Steady:
    """A periodic signal of constant pitch, `hz` in whole hertz; see `Tone`.

    The shortest run of complete periods that is a whole number of samples is computed once and
    repeated.
    """

    levels: tuple[float, ...]
    phases: tuple[float, ...]
    hz: int
    loudness: Loudness = always

    def play(self, gain: float, onto: Recording) -> None:
        """See `Part.play`."""
        stretch = onto.stretch
        turns = math.gcd(self.hz, stretch.sample_rate)
        period = _harmonics(
            self.levels, self.phases, stretch.sample_rate // turns, self.hz // turns
        ).astype(np.float32)
        loud = (gain * stretch.points(self.loudness, _LINE)).astype(np.float32)
        sound = straight_between(loud, _LINE)
        first = stretch.start % len(period)
        repeated = np.tile(period, (first + len(sound)) // len(period) + 1)
        sound *= repeated[first : first + len(sound)]
        onto.sound += sound
