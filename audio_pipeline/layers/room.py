"""The room tone of an empty cinema: distant, diffuse ventilation noise.

Sources: the slope of ventilation noise, about −5 dB from each octave band to the next, is the neutral
shape of the RC curves (ASHRAE Handbook, noise and vibration control); the coherence of a diffuse field
between two points is sin(kd)/kd (Cook et al., "Measurement of correlation coefficients in reverberant
sound fields", JASA 27, 1955). At its default level, played in a cinema (85 dBC at −20 dBFS), it meets
the noise criterion NC-30, like an empty cinema.
"""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.air import SPEED_OF_SOUND
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.coloured_noise import ColouredNoise, grid_hz
from audio_pipeline.dsp.control import HOP, LONG_HOP, slow_curve
from audio_pipeline.dsp.curves import CurveName
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.drift import drift
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.stereo_noise import StereoNoise
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Dbfs, Duration, Hz, Meters


class Room(Layer):
    """Ventilation noise with a spectral slope and a slow level drift, and a rumble at low frequencies.

    `level` is the RMS over both channels of ventilation and rumble together, at a drift of 0 dB.
    """

    kind: Literal["room"] = "room"
    bus: Bus = Field("BG", description="bus of the layer")
    level: Dbfs = Field(-54.0, description="RMS level")
    slope: Db = Field(-5.5, ge=-12, le=0, description="slope of the spectrum per octave")
    from_frequency: Hz = Field(50.0, le=500, description="high-pass cutoff of the ventilation")
    to_frequency: Hz = Field(6000.0, ge=500, description="low-pass cutoff, by absorption of air")
    rumble: Db = Field(-8.0, le=12, description="level of the rumble, relative to the ventilation")
    rumble_frequency: Hz = Field(31.5, ge=20, le=80, description="frequency of the rumble")
    spacing: Meters = Field(
        0.35, le=10, description="spacing of the two microphones; wider means less correlated"
    )
    drift: Db = Field(0.7, ge=0, le=6, description="RMS of the level drift")
    drift_interval: Duration = Field(parse_duration("7s"), description="period of the level drift")
    rise: Duration = Field(parse_duration("3s"), description="length of the fade-in")
    rise_curve: CurveName = Field("hsin", description="curve of the fade-in")
    fall: Duration = Field(parse_duration("30ms"), description="length of the fade-out")

    def prepare(self, scene: Scene, name: str) -> RoomSource:
        """See `Layer.prepare`."""
        return RoomSource(self, scene, name, self.span(scene))


@dataclass
class RoomSource:
    """The source of a room layer. The rumble is drawn at the points of a slow curve, which saves time."""

    layer: Room
    scene: InitVar[Scene]
    name: str
    span: Span
    channels: Literal[1, 2] = 2
    seed: int = field(init=False)
    ventilation: StereoNoise = field(init=False, repr=False)
    rumble: ColouredNoise = field(init=False, repr=False)
    fades: tuple[int, int] = field(init=False)
    drift_interval: int = field(init=False)

    def __post_init__(self, scene: Scene) -> None:
        rate, seed, layer = scene.sample_rate, scene.seed, self.layer
        self.seed = seed
        self.fades = scene.samples(layer.rise), scene.samples(layer.fall)
        self.drift_interval = max(scene.samples(layer.drift_interval), rate // 10)
        gain, share = gain_from_db(layer.level), gain_from_db(2 * layer.rumble)
        hz, slow_hz = (np.maximum(grid_hz(r), 1.0) for r in (rate, rate // HOP))
        ventilation = _of_rms(gain / math.sqrt(1 + share), _ventilation(layer, hz))
        alike = coherence(hz, layer.spacing)
        self.ventilation = StereoNoise(seed, f"{self.name}.ventilation", ventilation, alike)
        rumble = _of_rms(gain * math.sqrt(share / (1 + share)), _rumble(layer, slow_hz))
        self.rumble = ColouredNoise(seed, f"{self.name}.rumble", rumble)

    @property
    def fixed_until(self) -> int:
        """See `Source`: the start of the fade-out."""
        return self.span.stop - self.fades[1]

    def render(self, tile: Span) -> Samples:
        """The room over a tile, `(len(tile), 2)`."""
        if not self.span.meets(tile):
            return silence(len(tile), 2)
        out = self.ventilation.draw(tile.start, tile.stop)
        level = partial(self._drift, "ventilation")
        out *= slow_curve(level, tile.start, tile.stop, hop=LONG_HOP)[:, None]
        out += slow_curve(self._slow_rumble, tile.start, tile.stop)[:, None]
        curve = self.layer.rise_curve
        fade_edges(out, tile.start, self.span.start, self.span.stop, *self.fades, rise_curve=curve)
        return out

    def _slow_rumble(self, at: Samples) -> Samples:
        """The rumble `(len(at),)` at samples `at`, which are `HOP` apart."""
        first, last = int(at[0]) // HOP, int(at[-1]) // HOP + 1
        drifting = slow_curve(
            lambda points: self._drift("rumble", points * HOP), first, last, hop=LONG_HOP // HOP
        )
        drifting *= self.rumble.draw(first, last)
        return drifting

    def _drift(self, part: str, at: Samples) -> Samples:
        """The gain of a part's drift at samples `at`."""
        stream = f"{self.name}.{part}.drift"
        db = self.layer.drift * drift(self.seed, stream, self.drift_interval, at)
        gain: Samples = 10.0 ** (db / 20.0)
        return gain


def coherence(hz: Samples, spacing_m: float) -> Samples:
    """The coherence sin(kd)/kd of a diffuse field at two points, −0.22 to 1, at each frequency."""
    alike: Samples = np.sinc(2.0 * hz * spacing_m / SPEED_OF_SOUND)
    return alike


def _ventilation(layer: Room, hz: Samples) -> Samples:
    """The magnitude of the ventilation: `slope` applies to octave bands, the density falls by 3 dB more."""
    octaves = np.log2(hz / 1000.0)
    slope = 10.0 ** ((layer.slope - 3.01) * octaves / 20.0)
    low = 1.0 / (1.0 + (layer.from_frequency / hz) ** 6)
    high = 1.0 / np.sqrt(1.0 + (hz / layer.to_frequency) ** 4)
    magnitude: Samples = slope * low * high
    return magnitude


def _rumble(layer: Room, hz: Samples) -> Samples:
    """The magnitude of the rumble: a peak about two thirds of an octave wide."""
    magnitude: Samples = 1.0 / (1.0 + (np.log2(hz / layer.rumble_frequency) / 0.35) ** 4)
    return magnitude


def _of_rms(rms: float, magnitude: Samples) -> Samples:
    """`magnitude`, scaled to noise of the given RMS."""
    scaled: Samples = magnitude * (rms / np.sqrt(np.mean(magnitude**2)))
    return scaled
