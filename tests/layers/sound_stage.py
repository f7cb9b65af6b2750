"""A scene to try a sound in, and what every sound has to obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.layers.base import Layer, Source
from audio_pipeline.testing import check_layer_on_the_grid
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span, tiles_over
from audio_pipeline.timeline.timecode import RATES

RATE = 48_000


def seconds(start: float, stop: float) -> Span:
    """The samples from `start` to `stop` seconds."""
    return Span(round(start * RATE), round(stop * RATE))


def stage(
    length_s: float,
    *,
    seed: int = 1,
    speech: tuple[Span, ...] = (),
    stems: Mapping[StemRequest, Samples] | None = None,
    silence_s: float | None = None,
) -> Scene:
    """A programme of that length, silent from `silence_s` on, or never."""
    silence = length_s if silence_s is None else silence_s
    cues = {"start": 0.0, "silence": silence, "end": length_s}

    def at(value: float) -> Callable[[Schedule], Fraction]:
        return lambda _: Fraction(value)

    schedule = Schedule(Clock(RATES["24"]), {name: at(value) for name, value in cues.items()})
    return Scene(RATE, seed, seconds(0, length_s), schedule, stems or {}, speech)


def heard(source: Source, span: Span) -> Samples:
    """What is heard of it over `span`, cut from whole tiles."""
    tiles = list(tiles_over(span))
    whole = np.concatenate([source.render(tile) for tile in tiles])
    return whole[span.inside(Span(tiles[0].start, tiles[-1].stop))]


def db(ratio: float) -> float:
    """A power ratio in decibels."""
    return float(10.0 * np.log10(ratio))


def windowed_rms_dbfs(x: Samples, window_s: float) -> Samples:
    """The RMS over every window of that length, one each 10 ms."""
    sums = np.concatenate([[0.0], np.cumsum(np.mean(x**2, axis=1))])
    n = round(window_s * RATE)
    return 10.0 * np.log10((sums[n:] - sums[:-n])[:: RATE // 100] / n)


def assert_obeys_the_contract(layer: Layer, scene: Scene) -> None:
    """Same seed, same samples; tiles in any order and from anyone; silent outside its span."""
    check_layer_on_the_grid(layer, scene)


def assert_no_step(x: Samples, limit: float) -> None:
    """It begins and ends with next to nothing beside its RMS, so that neither is heard as a click."""
    scale = float(np.sqrt(np.mean(x**2)))
    assert np.abs(x[0]).max() <= limit * scale
    assert np.abs(x[-1]).max() <= limit * scale
