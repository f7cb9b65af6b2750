"""The last breath: a single exhale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.curves import db_at_half_power, pan_gains
from audio_pipeline.dsp.decibels import rms
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve
from audio_pipeline.dsp.impulse_response import velvet_noise
from audio_pipeline.dsp.noise import generator
from audio_pipeline.dsp.placement import Placer
from audio_pipeline.layers.airway import Phase, Timbre, air
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration, parse_moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Dbfs, Duration, Hz, Percent, Time

_END_FADE_S = 0.03
_DIFFUSE_S = 0.06
"""Length of the diffuse reflections (estimate)."""
_DIFFUSE_DECAY_S = 0.02
_DIFFUSE_PER_S = 1500.0
"""Reflections a second: velvet noise of this density is smooth."""


class Exhale(Layer):
    """One exhale without an inhale; it fades out along a half cosine.

    `level` is its RMS over its complete length, before placement. If there is less time than `length`
    before `until`, it is shorter, never cut. `pan` is its position; `width` is the level of its near
    diffuse reflections, which differ between the ears and cancel in mono.
    """

    kind: Literal["exhale"] = "exhale"
    at: Time = Field(parse_moment("silence + 900ms"), description="start")
    until: Time = Field(parse_moment("end"), description="latest end")
    level: Dbfs = Field(-54.0, description="RMS level")
    length: Duration = Field(parse_duration("3s"), description="length")
    ending: Duration = Field(parse_duration("300ms"), description="length of the fade-out")
    formants: Db = Field(17.0, ge=0, le=24, description="level of the airway's resonances")
    cut: Hz = Field(2000.0, ge=500, le=12_000, description="low-pass cutoff")
    width: Percent = Field(
        32.0, description="difference between the ears: their correlation is 100 % minus this"
    )

    def prepare(self, scene: Scene, name: str) -> ExhaleSource:
        """See `Layer.prepare`. Raises RenderError when the head model for headphones is missing."""
        span, room = self.span(scene), self._room(scene)
        phase = Phase(span, "out", self.level, ending=scene.samples(self.ending))
        timbre = Timbre(formants_db=self.formants, exhale_hz=self.cut)
        placer = scene.placer(db_at_half_power())
        return ExhaleSource(
            span,
            scene.sample_rate,
            scene.seed,
            name,
            phase,
            timbre,
            placer,
            self.pan,
            self.width / 100.0,
            room.stop if span.stop < room.stop else span.start,
        )

    def _room(self, scene: Scene) -> Span:
        return super().span(scene)

    def span(self, scene: Scene) -> Span:
        """The span from `at` for `length`, no later than `until`."""
        room = self._room(scene)
        return Span(room.start, min(room.stop, room.start + scene.samples(self.length)))


@dataclass(frozen=True)
class ExhaleSource:
    """The source of the last breath, panned. `width` is a share, 0 to 1."""

    span: Span
    sample_rate: int
    seed: int
    name: str
    phase: Phase
    timbre: Timbre
    placer: Placer
    pan: float
    width: float
    fixed_until: int
    channels: Literal[1, 2] = 2

    def render(self, tile: Span) -> Samples:
        """The exhale over a tile, `(len(tile), 2)`."""
        out = silence(len(tile), 2)
        part = self.span.intersect(tile)
        if len(part):
            out[part.inside(tile)] = self._whole()[part.inside(self.span)]
        return out

    def _whole(self) -> Samples:
        """The complete exhale `(len(span), 2)`: middle + side left, middle − side right, at the pan gains."""
        middle = air(self.phase, self.timbre, self.sample_rate, self.seed, self.name)
        side = self._side(middle) * math.sqrt(self.width / 2.0)
        middle *= math.sqrt(1.0 - self.width / 2.0)
        window = np.concatenate([np.zeros(self.placer.look_back), middle])
        ears = self.placer.place(window, np.array([self.pan]))
        ears += side[:, None] * (pan_gains(np.array([self.pan]), db_at_half_power()) * [1.0, -1.0])
        fade_edges(ears, 0, 0, len(ears), 0, int(_END_FADE_S * self.sample_rate))
        return ears

    def _side(self, middle: Samples) -> Samples:
        """The diffuse reflections of the surroundings, `(n,)`, with the RMS of `middle` `(n,)`."""
        taps = int(_DIFFUSE_S * self.sample_rate)
        density = np.full(taps, _DIFFUSE_PER_S)
        impulse = velvet_noise(density, self.sample_rate, generator(self.seed, f"{self.name}.side", 0))
        impulse *= np.exp(-np.arange(taps) / (_DIFFUSE_DECAY_S * self.sample_rate))
        side = convolve(np.concatenate([np.zeros(taps - 1), middle])[:, None], impulse)[:, 0]
        return side * (rms(middle) / max(rms(side), 1e-30))
