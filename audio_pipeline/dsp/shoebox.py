"""The early reflections of a rectangular room, by image sources, as a level-panned stereo response.

Source: Allen & Berkley, "Image method for efficiently simulating small-room acoustics", 1979; the images
are displaced by a few centimetres to break up regular arrivals, after De Sena et al., "On the modeling of
rectangular geometries in room acoustic simulations", 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.air import SPEED_OF_SOUND
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import pan_gains
from audio_pipeline.dsp.filters import frequencies, minimum_phase
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.random import Generator

_WALL_TAPS = 512
_JITTER_M = 0.08  # De Sena et al.: up to 8 cm breaks the sweeping echoes of a perfect box
_LEVEL_PAN_DB = 3.0103


@dataclass(frozen=True)
class Shoebox:
    """A rectangular room in metres: x from the screen backwards, y from left to right, z upwards."""

    length_m: float
    width_m: float
    height_m: float

    @property
    def volume_m3(self) -> float:
        """Volume, m³."""
        return self.length_m * self.width_m * self.height_m

    @property
    def surface_m2(self) -> float:
        """Area of all six walls, m²."""
        x, y, z = self.length_m, self.width_m, self.height_m
        return 2.0 * (x * y + y * z + z * x)

    def wall_reflection(self, rt60_s: Samples) -> Samples:
        """Pressure reflection factor of one wall, linear, when all walls together give this RT60 (Eyring)."""
        return np.exp(-0.161 * self.volume_m3 / (2.0 * self.surface_m2 * rt60_s))

    def reflections_per_s(self, after_s: float) -> float:
        """Reflections per second at the time `after_s` after the sound: 4πc³t²/V."""
        return 4.0 * np.pi * SPEED_OF_SOUND**3 * after_s**2 / self.volume_m3


@dataclass(frozen=True)
class Reflections:
    """The reflections after the direct sound; every field `(images,)`, in order of arrival.

    `delay_s` after the direct sound; `gain` relative to it, by distance alone; `bounces`, the number of wall
    reflections; `lateral`, the sine of the angle from the middle, −1 (left) to +1 (right).
    """

    delay_s: Samples
    gain: Samples
    bounces: Samples
    lateral: Samples


def image_sources(
    room: Shoebox, source_m: Samples, listener_m: Samples, within_s: float, jitter: Generator
) -> Reflections:
    """The reflections less than `within_s` after the direct sound.

    `source_m`, `listener_m`: `(3,)` inside the room. Raises ValueError for a position outside it.
    """
    sides = np.array([room.length_m, room.width_m, room.height_m])
    if np.any((source_m <= 0) | (source_m >= sides) | (listener_m <= 0) | (listener_m >= sides)):
        raise ValueError("source and listener must be inside the room")
    direct_m = float(np.linalg.norm(source_m - listener_m))
    reach_m = direct_m + within_s * SPEED_OF_SOUND
    last = [int(np.ceil(reach_m / (2.0 * side))) + 1 for side in sides]
    cells = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in last), indexing="ij"), -1)
    flips = np.stack(np.meshgrid(*([np.arange(2)] * 3), indexing="ij"), -1)
    cell, flip = cells.reshape(-1, 1, 3), flips.reshape(1, -1, 3)
    images = (2 * cell * sides + np.where(flip == 1, -source_m, source_m)).reshape(-1, 3)
    bounces = np.abs(2 * cell - flip).sum(axis=-1).reshape(-1)
    images += _JITTER_M * (2.0 * jitter.random(images.shape) - 1.0)
    away = images - listener_m
    distance = np.linalg.norm(away, axis=-1)
    delay_s = (distance - direct_m) / SPEED_OF_SOUND
    heard = (bounces > 0) & (delay_s > 0.0) & (delay_s < within_s)
    order = np.flatnonzero(heard)[np.argsort(delay_s[heard], kind="stable")]
    return Reflections(
        delay_s[order],
        direct_m / distance[order],
        bounces[order].astype(np.float64),
        away[order, 1] / distance[order],
    )


def reflection_response(
    reflections: Reflections,
    wall: Callable[[Samples], Samples],
    sample_rate: int,
    taps: int,
) -> Samples:
    """The reflections as a `(taps, 2)` response, left and right, panned by level alone.

    `wall(frequencies_hz)` is the pressure reflection factor of one wall. Panned by level alone, because a
    delay between the channels would comb when they are folded to mono.
    """
    response = np.zeros((taps, 2))
    position = np.rint(reflections.delay_s * sample_rate).astype(np.int64)
    gains = reflections.gain[:, None] * pan_gains(reflections.lateral, _LEVEL_PAN_DB)
    magnitude = wall(frequencies(8 * _WALL_TAPS, sample_rate))
    for bounces in sorted(set(reflections.bounces.tolist())):  # np.unique imports numpy.ma
        some = (reflections.bounces == bounces) & (position < taps)
        train = np.zeros((taps, 2))
        np.add.at(train, position[some], gains[some])
        fir = minimum_phase(magnitude**bounces, _WALL_TAPS)
        for channel in range(2):
            response[:, channel] += np.convolve(train[:, channel], fir)[:taps]
    return response
