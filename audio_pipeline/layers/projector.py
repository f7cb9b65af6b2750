"""The projector: a film machine that runs, and may run out and stop, heard from where the listener is.

Figures: `reference`, "The projector". The machine itself is in `machine/`; here is its life in the
programme and its level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.curves import CurveName, db_at_half_power, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db, rms
from audio_pipeline.dsp.events import Ringing
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve
from audio_pipeline.dsp.noise import generator
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.machine.assembly import Lengths, Life, Workshop
from audio_pipeline.layers.machine.motion import Speed
from audio_pipeline.layers.machine.parameters import MachineParameters
from audio_pipeline.layers.machine.parts import Ensemble, Part, Recording, Stretch
from audio_pipeline.layers.machine.places import Place, impulses
from audio_pipeline.timeline.moments import Moment, parse_duration
from audio_pipeline.timeline.scene import Scene, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Dbfs, Duration, List, Pan, Percent, Time

_EDGE = Fraction(5, 1000)
"""Seconds in which a machine that is cut off still fades."""
_REFERENCE_S = 4.0
"""How much of the running machine is measured to find its level: RMS then holds within 0.3 dB."""
_SHORTEST_S = 0.0001


class Projector(MachineParameters, Layer):
    """Film running through a projector."""

    kind: Literal["projector"] = "projector"
    level: Dbfs = Field(
        -46.0, description="how loud the running machine is where it is heard, RMS over both ears"
    )
    place: Place = Field(
        "in-room",
        description="where it is heard from: beside it in the booth, through the port glass, or "
        "with the machine standing among the seats",
    )
    pan: Pan = Field(0.12, description="where the machine stands, behind the listener")
    width: Percent = Field(
        20.0, description="the share by which the ears differ: their correlation is 100 % less this"
    )
    rise: Duration = Field(parse_duration("3s"), description="it comes up from nothing this long")
    rise_curve: CurveName = Field("hsin", description="how it comes up")
    start_up: Duration = Field(
        parse_duration("0s"), description="the motor gathers speed this long; 0 s: it runs already"
    )
    splices: List[Time] = Field((), max_length=1000, description="when a splice ticks through the gate")
    runs_out: Time | None = Field(None, description="when the film's end leaves the feed sprocket")
    thins: Duration = Field(
        parse_duration("900ms"), description="how long the end takes through gate and sprockets"
    )
    stops: Time | None = Field(None, description="when the motor is switched off")
    coast: Duration = Field(
        parse_duration("2.5s"), description="how long it turns on, slower and lower, once it is off"
    )

    def prepare(self, scene: Scene, name: str) -> ProjectorSource:
        """Builds the machine and measures four seconds of it, running, so that `level` is met.

        Raises PresetError when the machine stops before it has come up to speed or before its film has
        run out, when a splice comes after the film's end, or when every part is off.
        """
        span, rate = self.span(scene), scene.sample_rate
        life = self._life(scene, name, span)
        lengths = Lengths(
            max(scene.seconds(self.slap), _SHORTEST_S),
            max(scene.seconds(self.claw_ring), _SHORTEST_S),
            scene.seconds(self.jitter),
            max(scene.seconds(self.reel_length), 1.0),
        )
        shop = Workshop(self, life, rate, scene.seed, name, lengths)
        steady = replace(shop, life=life.steady())
        mid, side = impulses(self.place, rate, generator(scene.seed, f"{name}/place", 0))

        measured = Span(span.start - len(mid) + 1, span.start + int(_REFERENCE_S * rate))
        reference = Stretch.around(measured, life.steady().speed, rate)
        gains, heard = _balance(steady.parts(), reference)
        if not heard.any():
            raise PresetError(
                f"layers.{name}: every part of the projector is off",
                hint="give one of its parts a level, or switch the layer off with on = false",
            )
        parts = [(gains[key], part) for key, (_, part) in shop.parts().items()]
        if life.runs_out_s < math.inf:
            tail = {"flap": (self.flap, steady.tail(reference.start / rate))}
            parts.append((_balance(tail, reference)[0]["flap"], shop.tail(life.flaps_from_s)))
        edge = max(1, to_samples(_EDGE, rate))
        return ProjectorSource(
            span,
            rate,
            life.speed,
            Ensemble(tuple(parts)),
            self._way_to_the_ears(scene, mid, side, heard),
            max(scene.samples(self.rise), edge),
            edge,
            self.rise_curve,
        )

    def _way_to_the_ears(self, scene: Scene, mid: Samples, side: Samples, machine: Ringing) -> Samples:
        """`(taps, 2)`: what brings `machine`, the running one, to `level` and `width` at both ears.

        Mid comes from its place behind the listener, the diffuse side from both sides.
        """
        both = convolve(machine[:, None], np.stack([mid, side], axis=1))
        differs = self.width / 100.0 / 2.0
        level = gain_from_db(self.level)
        mid = mid * (level * math.sqrt(1.0 - differs) / max(rms(both[:, 0]), 1e-12))
        side = side * (level * math.sqrt(differs) / max(rms(both[:, 1]), 1e-12))
        placer = scene.placer(db_at_half_power(), from_behind=True)
        ring = placer.look_back
        ears = placer.place(np.pad(mid, ring), np.full(len(mid) + ring, self.pan))
        sides = pan_gains(np.array([self.pan]), db_at_half_power()) * np.array([1.0, -1.0])
        ears[: len(side)] += side[:, None] * sides
        return math.sqrt(2.0) * ears

    def _life(self, scene: Scene, name: str, span: Span) -> Life:
        def seconds(when: Moment | None) -> float:
            return math.inf if when is None else scene.at(when) / scene.sample_rate

        stops, runs_out = seconds(self.stops), seconds(self.runs_out)
        if self.runs_out is not None and stops < runs_out:
            raise PresetError(
                f"layers.{name}.runs_out: the machine stops at {self.stops}, before its film runs out "
                f"at {self.runs_out}",
                hint="let it stop later, or leave runs_out away",
            )
        start_s, start_up_s = span.start / scene.sample_rate, scene.seconds(self.start_up)
        if start_up_s > 0.0 and stops < start_s + start_up_s:
            raise PresetError(
                f"layers.{name}.stops: it stops at {self.stops}, before it has come up to speed",
                hint="let it stop later, or shorten start_up",
            )
        speed = Speed(start_s, start_up_s, stops, scene.seconds(self.coast))
        splices = tuple(seconds(splice) for splice in self.splices)
        for splice, at_s in zip(self.splices, splices, strict=True):
            if at_s >= min(runs_out, stops):
                raise PresetError(
                    f"layers.{name}.splices: at {splice} no film runs any more",
                    hint="a splice comes before runs_out and stops",
                )
        return Life(speed, runs_out, max(scene.seconds(self.thins), 0.05), splices)


def _balance(
    parts: dict[str, tuple[float, Part]], reference: Stretch
) -> tuple[dict[str, float], Ringing]:
    """The gain that gives every part its level, and `(n,)` what they come to together."""
    gains: dict[str, float] = {}
    heard = np.zeros(reference.stop - reference.start, np.float32)
    for key, (level_db, part) in parts.items():
        recording = Recording(reference)
        part.play(1.0, recording)
        sound = recording.heard()
        gains[key] = gain_from_db(level_db) / max(rms(sound), 1e-12)
        sound *= np.float32(gains[key])
        heard += sound
    return gains, heard


@dataclass
class ProjectorSource:
    """A projector in its scene. `impulse` `(taps, 2)` is the way from the machine to both ears."""

    span: Span
    sample_rate: int
    speed: Speed
    machine: Part
    impulse: Samples
    rise: int
    edge: int
    rise_curve: CurveName
    channels: Literal[1, 2] = 2

    def render(self, tile: Span) -> Samples:
        """`(len(tile), 2)`; see `Source`."""
        sounding = tile.intersect(self.span)
        if not len(sounding):
            return silence(len(tile), 2)
        needed = Span(sounding.start - len(self.impulse) + 1, sounding.stop)
        stretch = Stretch.around(needed, self.speed, self.sample_rate)
        recording = Recording(stretch)
        self.machine.play(1.0, recording)
        mono = recording.heard()[needed.inside(Span(stretch.start, stretch.stop))]
        heard = convolve(mono[:, None], self.impulse)
        # it rises at the beginning and is never cut at the end
        start, stop = self.span.start, self.span.stop
        fade_edges(heard, sounding.start, start, stop, self.rise, self.edge, rise_curve=self.rise_curve)
        if sounding == tile:
            return heard
        out = silence(len(tile), 2)
        out[sounding.inside(tile)] = heard
        return out
