"""The empty cinema: the room's response to the sends `early` and `late`.

By default a shoebox room: image sources for `early`, velvet noise that decays per octave for `late`.
Alternatively an impulse response file of the user. Left and right are processed as exact mirror images.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.impulse_response import (
    OCTAVES_HZ,
    as_alike_as,
    crossfade_from_early_to_late,
    decaying,
    diffuse_coherence,
    pink_gain,
    trimmed,
    velvet_noise,
)
from audio_pipeline.dsp.mirrored_convolution import MirroredConvolver
from audio_pipeline.dsp.noise import generator
from audio_pipeline.dsp.shoebox import Shoebox, image_sources, reflection_response
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.errors import PresetError, StemError
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import TILE, Span
from audio_pipeline.units import Between, Duration, Meters, PerSecond, Send

_FLOOR_DB = -80.0  # energy of the trimmed end, relative to the response

_LONGEST_RESPONSE_S = 60  # four times the response of a mausoleum

_DENSEST = 4.0  # reflections per sample; more make no measurable difference

_MOST_REFLECTIONS = 10_000_000  # 80 MB for their times


class Space(Effect):
    """The room around the sounds. A send of 0 dB is calibrated.

    Steady pink noise that is sent at 0 dB returns, from `early` and from `late` alone and summed over
    both channels, with the level of the equal-power panned source. In the default room a real voice
    would have about 0 dB early and -4 dB late. Because of the mirror symmetry, a source exactly in the
    middle returns in the middle, and only a source off the middle returns wide.
    """

    stage: ClassVar[Literal["strip", "bus"]] = "bus"
    order: ClassVar[int] = 10
    hears_sends_only: ClassVar[bool] = True

    kind: Literal["space"] = "space"
    early: Send = Field(0.0, description="level of all early reflections")
    late: Send = Field(0.0, description="level of all reverberation")
    pre_delay: Annotated[Duration, Between("0s", "1s")] = Field(
        parse_duration("12ms"), description="pre-delay of the room"
    )
    split: Annotated[Duration, Between("1ms", "200ms")] = Field(
        parse_duration("60ms"), description="time at which reverberation follows the early reflections"
    )
    rt60: Annotated[Duration, Between("10ms", "12s")] = Field(
        parse_duration("700ms"), description="time to fall by 60 dB at 500 Hz"
    )
    bass_ratio: float = Field(1.15, ge=0.3, le=3.0, description="rt60 at 125 Hz over that at 500 Hz")
    treble_ratio: float = Field(
        0.9, ge=0.3, le=3.0, description="rt60 at 2 to 4 kHz over that at 500 Hz"
    )
    air_ratio: float = Field(
        0.65, ge=0.1, le=3.0, description="rt60 at 8 kHz, where the air absorbs, over that at 500 Hz"
    )
    density: PerSecond = Field(
        9000.0,
        description="reflections a second at the start of the reverberation; the density grows with the"
        " square of time",
    )
    length: Meters = Field(26.0, ge=2, description="distance from the screen to the back wall")
    width: Meters = Field(17.0, ge=2, description="distance from the left wall to the right wall")
    height: Meters = Field(9.5, ge=2, description="distance from floor to ceiling")
    seat: Meters = Field(
        16.0, description="distance of the listener from the screen, on the centre line"
    )
    ear_height: Meters = Field(1.2, description="height of the listener and of the sources")
    source_ahead: Meters = Field(5.0, description="distance of the sources in front of the listener")
    source_aside: Meters = Field(
        3.0, description="distance of the sources left or right of the centre line"
    )
    ear_spacing: Meters = Field(
        0.175, description="in headphones: spacing of the ears; wider means less correlated"
    )
    impulse_response: str | None = Field(
        None,
        description="impulse response file to use instead of the shoebox; left is the ear on the source's side",
    )

    @model_validator(mode="after")
    def _fits(self) -> Space:
        if not self.source_ahead < self.seat < self.length:
            raise ValueError("seat must lie between source_ahead and length")
        if not self.source_aside < self.width / 2:
            raise ValueError("source_aside must be less than half of width")
        if not self.ear_height < self.height:
            raise ValueError("ear_height must be less than height")
        return self

    def stems(self) -> tuple[StemRequest, ...]:
        """The recorded response, if the preset names one."""
        return () if self.impulse_response is None else (StemRequest(self.impulse_response, 2),)

    def prepare(self, scene: Scene, name: str) -> SpaceProcessor:
        """Build the responses; `name` and the scene's seed are the key of the room's noise.

        Raises StemError for a silent recorded response, PresetError for an `rt60` of 0.
        """
        recorded = self.stems()
        early, late = (
            self._recorded(scene, scene.stems[recorded[0]]) if recorded else self._built(scene, name)
        )
        waiting = np.zeros((scene.samples(self.pre_delay), 2))
        return SpaceProcessor(
            np.concatenate([waiting, early * gain_from_db(self.early)]),
            np.concatenate([waiting, late * gain_from_db(self.late)]),
        )

    def rt60_s(self, frequency_hz: Samples, at_500_hz_s: float) -> Samples:
        """The reverberation time, s, at `frequency_hz`, by linear interpolation between the given octaves."""
        treble, air = self.treble_ratio, self.air_ratio
        given_hz = np.array([125.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0])
        ratio = np.array([self.bass_ratio, 1.0, 1.0, treble, treble, air, air * air / treble])
        octave = np.log2(np.maximum(frequency_hz, 1.0))
        rt60: Samples = at_500_hz_s * np.exp2(np.interp(octave, np.log2(given_hz), np.log2(ratio)))
        return rt60

    def _built(self, scene: Scene, name: str) -> tuple[Samples, Samples]:
        if scene.seconds(self.rt60) <= 0.0:
            raise PresetError(f"{name}: rt60 must be longer than 0", hint='write "700ms"')
        room = Shoebox(self.length, self.width, self.height)
        early, late = self._early(scene, name, room), self._late(scene, name, room)
        return _calibrated(early, scene.sample_rate), _calibrated(late, scene.sample_rate)

    def _early(self, scene: Scene, name: str, room: Shoebox) -> Samples:
        split, rt60 = scene.samples(self.split), scene.seconds(self.rt60)
        ears = np.array([self.seat, self.width / 2, self.ear_height])
        source = ears - np.array([self.source_ahead, self.source_aside, 0.0])
        jitter = generator(scene.seed, f"{name}/images", 0)
        early = reflection_response(
            image_sources(room, source, ears, 1.5 * scene.seconds(self.split), jitter),
            lambda f: room.wall_reflection(self.rt60_s(f, rt60)),
            scene.sample_rate,
            taps=max(1, 3 * split // 2),
        )
        return early * np.sqrt(1.0 - crossfade_from_early_to_late(len(early), split))[:, None]

    def _late(self, scene: Scene, name: str, room: Shoebox) -> Samples:
        rate, split = scene.sample_rate, scene.samples(self.split)
        octaves_s = self.rt60_s(np.array(OCTAVES_HZ), scene.seconds(self.rt60))
        taps = int(1.5 * split - rate * _FLOOR_DB / 60.0 * octaves_s.max())
        growth = np.square(np.maximum(np.arange(taps) / max(split, 1), 1.0))
        density = max(self.density, room.reflections_per_s(split / rate)) * growth
        density = np.minimum(density, _DENSEST * rate)
        if density.sum() > _MOST_REFLECTIONS * rate:
            raise PresetError(
                f"{name}: a room of {room.volume_m3:.0f} cubic metres with this rt60 has too many"
                " reflections",
                hint="Shorten rt60, or make the room larger.",
            )
        draws = [generator(scene.seed, f"{name}/{side}", 0) for side in ("own", "other")]
        noise = np.stack([velvet_noise(density, rate, draw) for draw in draws]).T
        late = decaying(noise, octaves_s, rate)
        if scene.listening == "headphones":  # speakers create the coherence in the room
            late = as_alike_as(late, partial(diffuse_coherence, spacing_m=self.ear_spacing), rate)
        late *= np.sqrt(crossfade_from_early_to_late(taps, split))[:, None]
        return trimmed(late, _FLOOR_DB)

    def _recorded(self, scene: Scene, recording: Samples) -> tuple[Samples, Samples]:
        if not recording.any():
            raise StemError(
                f"{self.impulse_response}: the impulse response is silent",
                hint="choose another file, or remove impulse_response for the shoebox room",
            )
        if len(recording) > _LONGEST_RESPONSE_S * scene.sample_rate:
            raise StemError(
                f"{self.impulse_response}: the impulse response lasts"
                f" {len(recording) / scene.sample_rate:.0f} s; {_LONGEST_RESPONSE_S} s is the longest",
                hint="trim its silent end",
            )
        response = _calibrated(trimmed(recording, _FLOOR_DB), scene.sample_rate)
        progress = crossfade_from_early_to_late(len(response), scene.samples(self.split))[:, None]
        return response * (1.0 - progress), response * progress


def _calibrated(response: Samples, sample_rate: int) -> Samples:
    level = pink_gain(response, sample_rate)
    return response / level if level > 0.0 else response


class SpaceProcessor:
    """Convolves the sends with the responses; `early` and `late` are `(taps, 2)`: own side, other side."""

    def __init__(self, early: Samples, late: Samples) -> None:
        self._convolver = MirroredConvolver([early, late], block=TILE // 2)
        self.look_back = self._convolver.taps - 1

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """Add the room to the stereo part and remove the sends."""
        dry = Strip(window.mono, window.stereo).cut(slice(-len(tile), None))
        wet = self._convolver([window.early, window.late])
        if wet is None:
            return dry
        if dry.stereo is not None:
            wet += dry.stereo  # the convolver's own array
        return Strip(dry.mono, wet)

    def active_span(self, span: Span) -> Span:
        """The span of the input plus the tail of the room."""
        return Span(span.start, span.stop + self.look_back)
