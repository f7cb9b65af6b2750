"""Film grain: the noise of an optical track through the playback curve of cinemas.

`dsp.optical_track` gives the curve and its source. The rates, lengths and levels of dirt, swell and
noise reduction are an engineer's estimates; the preset holds them.
"""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.coloured_noise import grid_hz
from audio_pipeline.dsp.control import LONG_HOP, slow_curve
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import frequencies, minimum_phase
from audio_pipeline.dsp.noise import generator
from audio_pipeline.dsp.optical_track import optical_magnitude
from audio_pipeline.dsp.stereo_noise import StereoNoise
from audio_pipeline.layers import film_dirt
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Dbfs, Duration, Hz, Percent, PerMinute, PerSecond

_TAPS = 1024
_MOST_TURNS = 64
_RESPONSE_SIZE = 16_384


class Grain(Layer):
    """The hiss of an optical track, its dust, scratches and pops, and the movement of its noise floor.

    `level` is the RMS over both channels of the grain alone, without voices (with the ground-noise
    reduction closed), as in the last second of the mix. The levels of its components are computed so
    that their sum has this level: more dust means less hiss, not more level. While a voice speaks, the
    ground-noise reduction opens and the noise floor is higher by its depth.

    The swell has a default of ±0.2 dB instead of the ±1.5 dB of a breathing floor, so that any 750 ms
    of grain are within 1.1 dB of `level` for any distribution of the dust.
    """

    kind: Literal["grain"] = "grain"
    bus: Bus = Field("BG", description="bus of the layer")
    level: Dbfs = Field(-60.0, description="RMS level without voices")
    tilt: Db = Field(
        0.0, ge=-6, le=3, description="slope of the hiss an octave: 0 dB is white, -3 dB pink"
    )
    correlation: Percent = Field(30.0, description="correlation of left and right: 100% is mono")
    dust_rate: PerSecond = Field(6.0, le=200, description="specks of dust a second")
    dust: Db = Field(-7.7, le=0, description="level of all dust, relative to the hiss")
    scratch_rate: PerMinute = Field(3.0, description="new scratches a minute")
    scratches: Db = Field(-29.0, le=0, description="level of all scratches, relative to the hiss")
    scratch_lasts: Duration = Field(
        parse_duration("9s"), description="time for which a scratch returns, at most 64 turns"
    )
    reel_turn: Duration = Field(
        parse_duration("1.6s"), description="time between its returns: one turn, 100ms or more"
    )
    pop_rate: PerMinute = Field(5.5, description="pops a minute; some 65 times rarer than dust")
    pops: Db = Field(-33.0, le=0, description="level of all pops, relative to the hiss")
    spread: Db = Field(1.5, ge=0, le=9, description="standard deviation of the levels of dust and pops")
    swell: Db = Field(0.2, ge=0, le=6, description="depth of the slow level changes, up and down")
    swell_from: Hz = Field(0.2, le=5, description="lowest rate of the level changes")
    swell_to: Hz = Field(0.3, le=5, description="highest rate of the level changes")
    ground_noise_reduction: Db = Field(
        8.0, ge=0, le=20, description="noise reduction after the voices; 0 dB is off"
    )
    gnr_opens: Duration = Field(
        parse_duration("15ms"), description="opening time of the noise reduction"
    )
    gnr_holds: Duration = Field(parse_duration("25ms"), description="hold time of the noise reduction")
    gnr_shuts: Duration = Field(
        parse_duration("50ms"), description="closing time of the noise reduction"
    )
    fade_in: Duration = Field(parse_duration("20ms"), description="length of the fade-in")
    fade_out: Duration = Field(parse_duration("10ms"), description="length of the fade-out")

    def prepare(self, scene: Scene, name: str) -> GrainSource:
        """See `Layer.prepare`."""
        return GrainSource(self, scene, name, self.span(scene))


@dataclass
class GrainSource:
    """The source of a grain layer: the hiss, and the FIR that filters its dust, scratches and pops."""

    layer: Grain
    scene: InitVar[Scene]
    name: str
    span: Span
    channels: Literal[1, 2] = 2
    sample_rate: int = field(init=False)
    seed: int = field(init=False)
    hiss: StereoNoise = field(init=False, repr=False)
    hiss_rms: float = field(init=False)
    impulse: Samples = field(init=False, repr=False)
    pop_energy: float = field(init=False)
    speech: tuple[Span, ...] = field(init=False)
    fades: tuple[int, int] = field(init=False)
    gnr: tuple[int, int, int] = field(init=False)
    turn: int = field(init=False)
    turns: int = field(init=False)

    def __post_init__(self, scene: Scene) -> None:
        self.sample_rate, self.seed = scene.sample_rate, scene.seed
        layer, rate, samples = self.layer, self.sample_rate, scene.samples
        self.fades = samples(layer.fade_in), samples(layer.fade_out)
        self.gnr = samples(layer.gnr_opens), samples(layer.gnr_holds), samples(layer.gnr_shuts)
        self.turn = max(rate // 10, samples(layer.reel_turn))
        self.turns = min(max(1, round(samples(layer.scratch_lasts) / self.turn)), _MOST_TURNS)
        self.speech = scene.speech
        impulse = minimum_phase(optical_magnitude(layer.tilt, frequencies(_RESPONSE_SIZE, rate)), _TAPS)
        self.impulse = impulse / np.sqrt(np.sum(impulse**2))
        self.pop_energy = 1.0 / _pop_energy(self.impulse, rate)
        power = 1 + self._dust + self._scratches + self._pops
        power *= float(np.i0(layer.swell * math.log(10.0) / 10.0))
        self.hiss_rms = gain_from_db(layer.level) / math.sqrt(power)
        magnitude = optical_magnitude(layer.tilt, grid_hz(rate))
        magnitude *= self.hiss_rms / np.sqrt(np.mean(magnitude**2))
        self.hiss = StereoNoise(self.seed, f"{self.name}.hiss", magnitude, self._alike())

    @property
    def fixed_until(self) -> int:
        """See `Source`: the start of the fade-out."""
        return self.span.stop - self.fades[1]

    @property
    def _dust(self) -> float:
        return _share(self.layer.dust, self.layer.dust_rate)

    @property
    def _scratches(self) -> float:
        return _share(self.layer.scratches, self.layer.scratch_rate)

    @property
    def _pops(self) -> float:
        return _share(self.layer.pops, self.layer.pop_rate)

    @property
    def _width(self) -> float:
        return float(1.0 - self.layer.correlation / 100.0)

    def _alike(self) -> float:
        """The correlation of the hiss at which the sum of hiss and dirt has the layer's `correlation`."""
        shares = self._dust + self._scratches
        of_dust = np.sinc(self._width / 2.0)  # mean of sin 2θ for positions spread evenly over ±width
        wanted = self.layer.correlation / 100.0
        return float(np.clip(wanted * (1 + shares) - of_dust * shares, -1.0, 1.0))

    def render(self, tile: Span) -> Samples:
        """The grain over a tile, `(len(tile), 2)`."""
        if not self.span.meets(tile):
            return silence(len(tile), 2)
        out = self.hiss.draw(tile.start, tile.stop)
        for bursts, energy in self._bursts(Span(tile.start - _TAPS + 1, tile.stop)):
            bursts.add_to(out, tile.start, self.impulse, self._width, energy * self.hiss_rms**2)
        out *= (self.swell_gain(tile) * self.ground_noise_gain(tile))[:, None]
        fade_edges(out, tile.start, self.span.start, self.span.stop, *self.fades)
        return out

    def swell_gain(self, span: Span) -> Samples:
        """The gain `(len(span),)` of the slow swell: a sine in dB at a slowly varying rate."""
        rng = generator(self.seed, f"{self.name}.swell", 0)
        phase, wander_phase = rng.uniform(0.0, 2.0 * math.pi, 2)
        slow, fast = sorted((self.layer.swell_from, self.layer.swell_to))
        wander = slow / 5.0
        depth = (fast - slow) / 2 / wander

        def gain(at: Samples) -> Samples:
            time = at / self.sample_rate
            angle = math.pi * (slow + fast) * time + depth * np.sin(
                2 * math.pi * wander * time + wander_phase
            )
            swelling: Samples = 10.0 ** (self.layer.swell / 20.0 * np.sin(angle + phase))
            return swelling

        return slow_curve(gain, span.start, span.stop, hop=LONG_HOP)

    def ground_noise_gain(self, span: Span) -> Samples:
        """The gain `(len(span),)` of the ground-noise reduction: 1 while it is closed."""
        opens, holds, shuts = self.gnr
        depth_db = self.layer.ground_noise_reduction
        gain = np.ones(len(span))
        for speech in self.speech:
            wide = Span(speech.start - opens, speech.stop + holds + shuts)
            held = Span(speech.start, speech.stop + holds)
            gain[held.intersect(span).inside(span)] = gain_from_db(depth_db)
            for moving in (Span(wide.start, held.start), Span(held.stop, wide.stop)):
                part = moving.intersect(span)
                openness = np.ones(len(part))
                fade_edges(openness, part.start, wide.start, wide.stop, opens, shuts)
                cut = part.inside(span)
                gain[cut] = np.maximum(gain[cut], 10.0 ** (depth_db / 20.0 * openness))
        return gain

    def _bursts(self, window: Span) -> list[tuple[film_dirt.Bursts, float]]:
        """The bursts of dust, scratches and pops, each with the mean energy of one burst over both channels."""
        layer, rate, seed = self.layer, self.sample_rate, self.seed
        dust = film_dirt.dust(seed, f"{self.name}.dust", window, rate, layer.dust_rate, layer.spread)
        scratches = film_dirt.scratches(
            seed, f"{self.name}.scratches", window, rate, layer.scratch_rate / 60, self.turn, self.turns
        )
        pops = film_dirt.pops(seed, f"{self.name}.pops", window, rate, layer.pop_rate / 60, layer.spread)
        return [
            (bursts, 2.0 * share * rate / per_s)
            for bursts, share, per_s in (
                (dust.evened(self.impulse), self._dust, layer.dust_rate),
                (scratches.evened(self.impulse), self._scratches, layer.scratch_rate / 60 * self.turns),
                (pops, self._pops * self.pop_energy, layer.pop_rate / 60),
            )
            if share > 0
        ]


def _share(level_db: float, per_time: float) -> float:
    return gain_from_db(2 * level_db) if per_time > 0 else 0.0


def _pop_energy(impulse: Samples, sample_rate: int) -> float:
    """The mean energy of a pop of energy 1 after the FIR."""
    shortest, longest = (s * sample_rate for s in film_dirt.POP_S)
    waves = film_dirt.pop_waves(np.geomspace(shortest, longest, 9), math.ceil(longest))
    return float(np.mean(np.sum(film_dirt.through(impulse, waves) ** 2, axis=1)))
