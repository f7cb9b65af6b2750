"""Someone breathing in the dark, irregular as the living are, who listens when a voice speaks.

Figures: reference, film sound, "Breath".
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.fades import edges
from audio_pipeline.layers.airway import Phase, Timbre, air
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Dbfs, Duration, Hz, Percent, PerMinute

_VARIATION_LIMIT = 2.0  # in standard deviations
_END_FADE_S = 0.03


@dataclass(frozen=True)
class Cycle:
    """In, out, and what is left until the next: a pause, or a breath that is held."""

    inhale: Phase
    exhale: Phase

    def phases(self) -> tuple[Phase, Phase]:
        """Both, in order."""
        return self.inhale, self.exhale


class Breath(Layer):
    """Breathing at rest: in, out, a pause.

    `level` is the RMS while air moves: over the inhales and exhales of ordinary cycles, without the
    pauses. Each cycle's lengths and level vary on their own.

    Who listens holds the breath: no inhale begins while a voice speaks (or shortly before and after),
    what has begun is finished, an exhale that falls among words is let out quietly, and the first
    breath afterwards is deeper.
    """

    kind: Literal["breath"] = "breath"
    level: Dbfs = Field(-52.0, description="its RMS while air moves")
    rate: PerMinute = Field(13.0, ge=4, le=40, description="breaths a minute, when nobody speaks")
    pause: Percent = Field(35.0, le=80, description="the pause's share of a cycle")
    inhale: Percent = Field(40.0, ge=10, le=90, description="the inhale's share of in and out")
    variation: Percent = Field(12.0, le=25, description="deviation of each length")
    level_variation: Db = Field(1.2, ge=0, le=6, description="deviation of each breath's level")
    exhale_level: Db = Field(-1.5, ge=-24, le=12, description="the exhale, beside the inhale")
    formants: Db = Field(6.0, ge=0, le=18, description="how far the resonances of the throat stand out")
    inhale_cut: Hz = Field(4500.0, ge=500, le=12_000, description="above this the inhale falls away")
    exhale_cut: Hz = Field(1800.0, ge=500, le=12_000, description="above this the exhale falls away")
    lips: Db = Field(-7.0, le=12, description="the small noise of the lips, beside the breath")
    lips_share: Percent = Field(35.0, description="how many inhales have it")
    holds_breath: bool = Field(True, description="whether it is held while a voice speaks")
    hold_before: Duration = Field(parse_duration("250ms"), description="held this long before a voice")
    hold_after: Duration = Field(parse_duration("700ms"), description="and this long after it")
    hush: Db = Field(6.0, ge=0, le=40, description="how much quieter an exhale is among words")
    recovery: Db = Field(2.5, ge=0, le=12, description="how much deeper the breath is after a hold")

    def prepare(self, scene: Scene, name: str) -> BreathSource:
        """See `Layer.prepare`."""
        cycles = self.cycles(scene, name)
        phases = tuple(phase for cycle in cycles for phase in cycle.phases())
        return BreathSource(self.timbre(), scene, name, self.span(scene), phases)

    def timbre(self) -> Timbre:
        """How the air sounds."""
        return Timbre(self.formants, self.inhale_cut, self.exhale_cut)

    def cycles(self, scene: Scene, name: str) -> tuple[Cycle, ...]:
        """Every cycle of the layer's span, in order; the last exhale may end after it."""
        span, rate = self.span(scene), scene.sample_rate
        cycle = 60.0 / self.rate * rate
        inhale = cycle * (1 - self.pause / 100) * self.inhale / 100
        exhale = cycle * (1 - self.pause / 100) - inhale
        held = self._held(scene) if self.holds_breath else ()
        at, cycles, deeper = span.start, [], False
        for lengths, level, chance in self._draws(scene, name, math.ceil(len(span) / cycle * 2) + 1):
            if at >= span.stop:
                break
            depth = 1.0 + (self.recovery / 20.0 if deeper else 0.0)
            turn = at + int(inhale * lengths[0] * depth)
            end = turn + int(exhale * lengths[1] * depth)
            in_db = self._inhale_dbfs() + self.level_variation * level
            in_db += self.recovery if deeper else 0.0
            among_words = any(turn < h.stop and h.start < turn for h in _near(held, turn))
            out_db = in_db + self.exhale_level - (self.hush if among_words else 0.0)
            lips = self.lips if chance * 100 < self.lips_share else None
            cycles.append(
                Cycle(Phase(Span(at, turn), "in", in_db, lips), Phase(Span(turn, end), "out", out_db))
            )
            at = end + int((cycle - inhale - exhale) * lengths[2])
            free = _first_free(held, at)
            deeper, at = free > at, free
        return tuple(cycles)

    def _inhale_dbfs(self) -> float:
        """The inhale's RMS, so that in and out together have `level`."""
        share = self.inhale / 100
        mean_square = share + (1 - share) * 10.0 ** (self.exhale_level / 10.0)
        return float(self.level - 10.0 * math.log10(mean_square))

    def _held(self, scene: Scene) -> tuple[Span, ...]:
        """Where no breath is taken: around speech."""
        before, after = scene.samples(self.hold_before), scene.samples(self.hold_after)
        return tuple(Span(s.start - before, s.stop + after) for s in scene.speech)

    def _draws(
        self, scene: Scene, name: str, n: int
    ) -> list[tuple[tuple[float, float, float], float, float]]:
        """For each cycle: what its three lengths are multiplied by, its level's deviation, a chance."""
        rng = noise.generator(scene.seed, f"{name}.cycles", 0)
        # one row a cycle, so that a longer scene begins with the same cycles
        rows = np.clip(rng.standard_normal((n, 4)), -_VARIATION_LIMIT, _VARIATION_LIMIT)
        chances = noise.generator(scene.seed, f"{name}.lips", 0).random(n)
        return [
            ((float(f[0]), float(f[1]), float(f[2])), float(row[3]), float(chance))
            for f, row, chance in zip(1 + self.variation / 100 * rows[:, :3], rows, chances, strict=True)
        ]


@dataclass
class BreathSource:
    """The breath in its scene: phases in order, none meets another."""

    timbre: Timbre
    scene: Scene
    name: str
    span: Span
    phases: tuple[Phase, ...]
    channels: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if any(a.span.stop > b.span.start for a, b in pairwise(self.phases)):
            raise ValueError("nobody breathes in and out at once")

    def render(self, tile: Span) -> Samples:
        """The breath over a tile, `(len(tile), 1)`."""
        out = np.zeros((len(tile), 1))
        # the phase before the first that ends in the tile cannot reach into it
        first = bisect_left(self.phases, tile.start, key=lambda phase: phase.span.stop)
        for phase in self.phases[first:]:
            part = phase.span.intersect(tile).intersect(self.span)
            if phase.span.start >= tile.stop:
                break
            if len(part):
                sound = air(phase, self.timbre, self.scene.sample_rate, self.scene.seed, self.name)
                out[part.inside(tile), 0] = sound[part.inside(phase.span)]
        fall = int(_END_FADE_S * self.scene.sample_rate)
        out[:, 0] *= edges(self.span.start, self.span.stop, 0, fall, tile.start, tile.stop)
        return out


def _near(held: tuple[Span, ...], sample: int) -> tuple[Span, ...]:
    """The span, if any, that could hold `sample`: the first that stops after it."""
    index = bisect_left(held, sample + 1, key=lambda span: span.stop)
    return held[index : index + 1]


def _first_free(held: tuple[Span, ...], sample: int) -> int:
    """The first sample from `sample` on that no span holds."""
    for span in held[bisect_left(held, sample + 1, key=lambda span: span.stop) :]:
        if sample < span.start:
            break
        sample = max(sample, span.stop)
    return sample
