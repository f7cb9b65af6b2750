"""Irregular breathing, which is held while a voice speaks.

A person at rest breathes 10 to 15 times a minute: in for 1 to 1.5 s, out for 1.5 to 2 s, and a pause of
1 to 2 s; the turn between in and out takes 0.1 to 0.5 s. Every cycle is different.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.layers.airway import Phase, Timbre, air
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Between, Db, Dbfs, Duration, Hz, Percent, PerMinute, Time

_VARIATION_LIMIT = 2.0  # in standard deviations
_END_FADE_S = 0.03
_TURN_RANGE = (0.4, 2.0)
"""The shortest and the longest turn, as shares of `turn`; log-uniform, so that their mean is `turn`."""
_SHALLOW_LENGTH = 0.6
"""Length of a shallow breath, as a share of an ordinary one (estimate)."""
_UNDER_THE_LIMIT = 0.85
"""Mean gap between shallow breaths, as a share of `longest_hold`; the rest is room for variation."""


@dataclass(frozen=True)
class Cycle:
    """One cycle: inhale, exhale, and a pause or a hold.

    A shallow cycle is taken while the breath is held for a voice.
    """

    inhale: Phase
    exhale: Phase
    shallow: bool = False

    def phases(self) -> tuple[Phase, Phase]:
        """Inhale and exhale, in order."""
        return self.inhale, self.exhale


class _Chance(NamedTuple):
    """The variation of one cycle: factors of its lengths, deviation of its level, 0..1 for its noises."""

    inhale: float
    exhale: float
    pause: float
    level: float
    lips: float
    throat: float
    turn: float


class Breath(Layer):
    """Breathing at rest: in, out, a pause.

    `level` is the RMS while air moves: over the inhales and exhales of ordinary cycles, without the
    pauses. The lengths and the level of each cycle vary independently.

    The breath is held for speech: no inhale begins while a voice speaks (or shortly before and after),
    a breath that has begun is finished, an exhale among words is quieter, and the first breath
    afterwards is deeper. A hold that would be longer than `longest_hold` contains shallow breaths, at
    times drawn from the seed within the span of speech, independently of the words.
    """

    kind: Literal["breath"] = "breath"
    level: Dbfs = Field(-52.0, description="RMS level while air moves")
    rate: PerMinute = Field(13.0, ge=4, le=40, description="breaths a minute, while no voice speaks")
    pause: Percent = Field(35.0, le=80, description="share of a cycle that is pause")
    inhale: Percent = Field(40.0, ge=10, le=90, description="share of inhale in inhale plus exhale")
    turn: Annotated[Duration, Between("0s", "2s")] = Field(
        parse_duration("250ms"),
        description="mean pause between inhale and exhale; 0.4 to 2 times as long",
    )
    variation: Percent = Field(12.0, le=25, description="standard deviation of each length")
    level_variation: Db = Field(
        1.2, ge=0, le=6, description="standard deviation of the level of a breath"
    )
    exhale_level: Db = Field(
        -1.5, ge=-24, le=12, description="level of the exhale, relative to the inhale"
    )
    formants: Db = Field(17.0, ge=0, le=24, description="level of the airway's resonances")
    inhale_cut: Hz = Field(6000.0, ge=500, le=12_000, description="low-pass cutoff of the inhale")
    exhale_cut: Hz = Field(2000.0, ge=500, le=12_000, description="low-pass cutoff of the exhale")
    lips: Db = Field(-6.0, le=12, description="level of the lip noise, relative to the breath")
    lips_share: Percent = Field(35.0, description="share of inhales with lip noise")
    throat: Db = Field(-8.0, le=12, description="level of the throat noise, relative to the breath")
    throat_share: Percent = Field(25.0, description="share of exhales with throat noise")
    holds_breath: bool = Field(True, description="whether the breath is held while a voice speaks")
    hold_before: Duration = Field(parse_duration("250ms"), description="hold time before a voice")
    hold_after: Duration = Field(parse_duration("700ms"), description="hold time after a voice")
    hush: Db = Field(6.0, ge=0, le=40, description="level of an exhale between words")
    longest_hold: Annotated[Duration, Between("2s", "1h")] = Field(
        parse_duration("8s"), description="longest time without a breath; then a shallow one is taken"
    )
    shallow: Db = Field(
        -5.0, ge=-24, le=0, description="level of a shallow breath, relative to a normal one"
    )
    recovery: Db = Field(2.5, ge=0, le=12, description="depth of the first breath after a hold")
    alone_from: Time | None = Field(
        None, description="start of the rate and level of `alone_rate` and `alone_level`"
    )
    alone_rate: PerMinute = Field(13.0, ge=4, le=40, description="breaths a minute from `alone_from` on")
    alone_level: Db = Field(0.0, description="change of level from `alone_from` on")

    def prepare(self, scene: Scene, name: str) -> BreathSource:
        """See `Layer.prepare`."""
        cycles = self.cycles(scene, name)
        phases = tuple(phase for cycle in cycles for phase in cycle.phases())
        return BreathSource(self.timbre(), scene.sample_rate, scene.seed, name, self.span(scene), phases)

    def timbre(self) -> Timbre:
        """The timbre of the air."""
        return Timbre(self.formants, self.inhale_cut, self.exhale_cut)

    def cycles(self, scene: Scene, name: str) -> tuple[Cycle, ...]:
        """Every cycle of the layer's span, in order; the last exhale may end after it."""
        span = self.span(scene)
        held = self._held(scene) if self.holds_breath else ()
        alone_at = span.stop if self.alone_from is None else scene.at(self.alone_from)
        shortest = min(self._cycle_samples(scene, alone=alone) for alone in (False, True))
        most = math.ceil(2 * len(span) / shortest) + 1  # no cycle is less than half as long
        last = wanted = span.start
        cycles: list[Cycle] = []
        for chance in self._chances(scene, name, most):
            at = _first_free(held, wanted)
            if at > wanted:
                cycles += self._shallow_cycles(scene, name, Span(last, at))
            if at >= span.stop:
                break
            alone = at >= alone_at
            deeper = bool(cycles) and at > wanted
            cycle = self._cycle(scene, at, chance, deeper=deeper, held=held, alone=alone)
            cycles.append(cycle)
            last = cycle.exhale.span.stop
            resting = self._cycle_samples(scene, alone=alone) * self.pause / 100
            wanted = last + int(max(resting - scene.samples(self.turn), 0.0) * chance.pause)
        return tuple(cycle for cycle in cycles if cycle.inhale.span.start < span.stop)

    def _cycle(
        self,
        scene: Scene,
        at: int,
        chance: _Chance,
        *,
        deeper: bool,
        held: tuple[Span, ...],
        alone: bool,
    ) -> Cycle:
        """The cycle that begins at sample `at`; `deeper` makes it louder, and longer by half as many dB."""
        recovery = self.recovery if deeper else 0.0
        moving = self._moving_samples(scene, alone=alone) * gain_from_db(recovery / 2)
        full = at + int(moving * self.inhale / 100 * chance.inhale)
        turned = full + int(scene.samples(self.turn) * chance.turn)
        end = turned + int(moving * (1 - self.inhale / 100) * chance.exhale)
        inhale_dbfs = self._inhale_dbfs() + self.level_variation * chance.level + recovery
        inhale_dbfs += self.alone_level if alone else 0.0
        exhale_dbfs = inhale_dbfs + self.exhale_level - (self.hush if _holds(held, turned) else 0.0)
        lips = self.lips if chance.lips * 100 < self.lips_share else None
        throat = self.throat if chance.throat * 100 < self.throat_share else None
        return Cycle(
            Phase(Span(at, full), "in", inhale_dbfs, lips),
            Phase(Span(turned, end), "out", exhale_dbfs, throat),
        )

    def _shallow_cycles(self, scene: Scene, name: str, held: Span) -> list[Cycle]:
        """The shallow breaths in a hold; empty for a hold of up to `longest_hold`.

        They divide the hold evenly; each is then moved at random as far as the limit allows on both
        sides.
        """
        limit = scene.samples(self.longest_hold)
        if len(held) <= limit:
            return []
        # at most half the limit, so that it fits at every rate
        length = int(min(self._moving_samples(scene, alone=False) * _SHALLOW_LENGTH, limit / 2))
        wanted = _UNDER_THE_LIMIT * limit
        count = max(math.ceil((len(held) - wanted) / (length + wanted)), 1)
        apart = max(len(held) - count * length, 0) / (count + 1)
        moves = noise.generator(scene.seed, f"{name}.shallow", held.start).uniform(-1.0, 1.0, count)
        reach = min(limit - apart, apart) / 2
        starts = held.start + apart + np.arange(count) * (apart + length) + reach * moves
        return [self._shallow_cycle(scene, int(start), length) for start in starts]

    def _shallow_cycle(self, scene: Scene, at: int, length: int) -> Cycle:
        """A shallow breath of `length` samples, including its turn, without noises of lips and throat."""
        turn = min(scene.samples(self.turn), length // 4)
        full = at + int((length - turn) * self.inhale / 100)
        level_dbfs = self._inhale_dbfs() + self.shallow
        return Cycle(
            Phase(Span(at, full), "in", level_dbfs),
            Phase(Span(full + turn, at + length), "out", level_dbfs + self.exhale_level),
            shallow=True,
        )

    def _moving_samples(self, scene: Scene, *, alone: bool) -> float:
        """The number of samples of a mean cycle in which air moves."""
        return float(self._cycle_samples(scene, alone=alone) * (1 - self.pause / 100))

    def _cycle_samples(self, scene: Scene, *, alone: bool) -> float:
        return float(60.0 / (self.alone_rate if alone else self.rate) * scene.sample_rate)

    def _inhale_dbfs(self) -> float:
        """The RMS of the inhale at which inhale and exhale together have `level`."""
        share = self.inhale / 100
        mean_square = share + (1 - share) * 10.0 ** (self.exhale_level / 10.0)
        return float(self.level - 10.0 * math.log10(mean_square))

    def _held(self, scene: Scene) -> tuple[Span, ...]:
        """The spans around speech in which the breath is held."""
        before, after = scene.samples(self.hold_before), scene.samples(self.hold_after)
        return tuple(Span(s.start - before, s.stop + after) for s in scene.speech)

    def _chances(self, scene: Scene, name: str, n: int) -> Iterator[_Chance]:
        """The variation of each of `n` cycles; a longer scene begins with the same values."""
        lengths = noise.generator(scene.seed, f"{name}.cycles", 0).standard_normal((n, 4))
        mouth = noise.generator(scene.seed, f"{name}.mouth", 0).random((n, 2))
        shortest, longest = np.log(_TURN_RANGE)
        turns = np.exp(noise.generator(scene.seed, f"{name}.turn", 0).uniform(shortest, longest, (n, 1)))
        lengths = np.clip(lengths, -_VARIATION_LIMIT, _VARIATION_LIMIT)
        lengths[:, :3] = 1.0 + self.variation / 100.0 * lengths[:, :3]
        return (_Chance(*row) for row in np.hstack([lengths, mouth, turns]).tolist())


@dataclass
class BreathSource:
    """The source of a breath layer: phases in order, without overlap."""

    timbre: Timbre
    sample_rate: int
    seed: int
    name: str
    span: Span
    phases: tuple[Phase, ...]
    channels: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if any(a.span.stop > b.span.start for a, b in pairwise(self.phases)):
            raise ValueError("nobody breathes in and out at once")

    @property
    def fixed_until(self) -> int:
        """See `Source`: the start of the fade at the end; no breath before depends on the end."""
        return self.span.stop - self._fall

    @property
    def _fall(self) -> int:
        return int(_END_FADE_S * self.sample_rate)

    def render(self, tile: Span) -> Samples:
        """The breath over a tile, `(len(tile), 1)`."""
        out = silence(len(tile), 1)
        # earlier phases end before the tile
        first = bisect_left(self.phases, tile.start, key=lambda phase: phase.span.stop)
        for phase in self.phases[first:]:
            part = phase.span.intersect(tile).intersect(self.span)
            if phase.span.start >= tile.stop:
                break
            if len(part):
                sound = air(phase, self.timbre, self.sample_rate, self.seed, self.name)
                out[part.inside(tile), 0] = sound[part.inside(phase.span)]
        fade_edges(out, tile.start, self.span.start, self.span.stop, 0, self._fall)
        return out


def _holds(held: tuple[Span, ...], sample: int) -> bool:
    """Whether one of the spans contains `sample`."""
    return _first_free(held, sample) != sample


def _first_free(held: tuple[Span, ...], sample: int) -> int:
    """The first sample from `sample` on that no span contains."""
    for span in held[bisect_left(held, sample + 1, key=lambda span: span.stop) :]:
        if sample < span.start:
            break
        sample = max(sample, span.stop)
    return sample
