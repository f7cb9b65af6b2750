"""Rain on the roof of the theatre: a dull wash, and single drops that make the sheet metal ring."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from audio_pipeline import Layer, Scene, Span
from audio_pipeline.dsp import noise
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.events import Resonances, normals, phasors
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve, frequencies, linear_phase
from audio_pipeline.units import Db, Dbfs, Duration, Hz, parse_duration

TAPS = 2047
TONES_HZ = (520.0, 1130.0, 1980.0)
DECAYS_S = (0.012, 0.007, 0.004)


class Rain(Layer):
    """Rain on the roof, as heard from the seats."""

    kind: Literal["rain"] = "rain"
    level: Dbfs = Field(-52.0, description="the RMS of the wash")
    cutoff: Hz = Field(900.0, ge=100, le=8000, description="above this the roof damps the wash")
    drops: Hz = Field(9.0, gt=0, le=100, description="single drops a second")
    drop_level: Db = Field(6.0, description="peak of a drop against the wash")
    rise: Duration = Field(parse_duration("4s"), description="the time in which the rain begins")

    def prepare(self, scene: Scene, name: str) -> RainSource:
        """What is the same for every tile is made here, once."""
        return RainSource(self, scene, name)


class RainSource:
    """The rain in its scene: `(len(tile), 1)` float64, a pure function of the tile."""

    channels: Literal[1] = 1

    def __init__(self, layer: Rain, scene: Scene, name: str) -> None:
        self.span, self._name, self._seed = layer.span(scene), name, scene.seed
        self._rise = scene.samples(layer.rise)
        hz = np.maximum(frequencies(8192, scene.sample_rate), 1.0)
        shape = (hz > 40.0) / (1.0 + (hz / layer.cutoff) ** 2)
        impulse = linear_phase(shape, TAPS)
        rms = np.sqrt(np.sum(impulse**2) / 12.0)  # of white noise between -0.5 and 0.5
        self._wash = impulse * (gain_from_db(layer.level) / rms)
        self._apart = scene.sample_rate / layer.drops
        self._peak = gain_from_db(layer.level + layer.drop_level)
        self._roof = Resonances(TONES_HZ, DECAYS_S, scene.sample_rate)

    def render(self, tile: Span) -> np.ndarray:
        """The rain over a tile."""
        white = noise.uniform(self._seed, f"{self._name}.wash", tile.start - TAPS + 1, tile.stop)
        out = convolve(white[:, None], self._wash)
        out[:, 0] += self._drops(tile)
        fade_edges(out, tile.start, self.span.start, self.span.stop, self._rise, self._rise)
        return out

    def _drops(self, tile: Span) -> np.ndarray:
        """The drops that ring in a tile, `(len(tile),)`: drop number n falls near n times their distance."""
        first = int((tile.start - self._roof.length) / self._apart) - 3
        last = int(tile.stop / self._apart) + 4
        numbers = np.arange(first, last)
        chance = normals(self._seed, f"{self._name}.drops", first, last, 2)
        at = (numbers + chance[:, 0]) * self._apart - tile.start
        levels = np.log(self._peak / 2.5) + 0.5 * chance[:, 1]
        strength = phasors(np.repeat(levels[:, None], 3, axis=1), np.zeros((len(numbers), 3)))
        onto = np.zeros(len(tile), np.float32)
        self._roof.strike(onto, numbers, at, strength)
        return onto
