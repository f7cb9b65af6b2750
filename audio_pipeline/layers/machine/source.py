"""A projector as a source: the run of its machine, its level, and its path to both ears."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.curves import CurveName, db_at_half_power, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db, rms
from audio_pipeline.dsp.events import Ringing
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve
from audio_pipeline.dsp.noise import generator
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.machine.assembly import Lengths, MachineBuilder, RunProfile
from audio_pipeline.layers.machine.motion import Speed
from audio_pipeline.layers.machine.parameters import ProjectorParameters
from audio_pipeline.layers.machine.parts import Ensemble, Part, Recording, Stretch
from audio_pipeline.layers.machine.places import impulses
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Moment
from audio_pipeline.timeline.scene import Scene, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import OFF

_EDGE = Fraction(5, 1000)
"""Length of the fade of a machine that is cut off, in seconds."""
_REFERENCE_S = 4.0
"""Length of the running machine that is measured for its level: its RMS is then within 0.3 dB."""
_SHORTEST_S = 0.0001
_LOUDEST_S = 0.005
"""The window in which the level of the switch's click is measured."""


def source_of(projector: ProjectorParameters, scene: Scene, name: str) -> ProjectorSource:
    """Build the machine, and measure four seconds of the running machine to meet `level`.

    Raises PresetError as `Projector.prepare` does.
    """
    span, rate = projector.span(scene), scene.sample_rate
    life = _life(projector, scene, name, span)
    lengths = Lengths(
        max(scene.seconds(projector.slap), _SHORTEST_S),
        max(scene.seconds(projector.claw_ring), _SHORTEST_S),
        scene.seconds(projector.jitter),
        max(scene.seconds(projector.reel_length), 1.0),
    )
    shop = MachineBuilder(projector, life, rate, scene.seed, name, lengths)
    steady = replace(shop, life=life.steady())
    mid, side = impulses(projector.place, rate, generator(scene.seed, f"{name}/place", 0))

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
        tail = {"flap": (projector.flap, steady.tail(reference.start / rate))}
        parts.append((_balance(tail, reference)[0]["flap"], shop.tail(life.flaps_from_s)))
    edge = max(1, to_samples(_EDGE, rate))
    return ProjectorSource(
        span,
        rate,
        life.speed,
        Ensemble(tuple(parts)),
        _switch(projector, shop, heard),
        _way_to_the_ears(projector, scene, mid, side, heard),
        max(scene.samples(projector.rise), edge),
        edge,
        projector.rise_curve,
    )


def _way_to_the_ears(
    projector: ProjectorParameters, scene: Scene, mid: Samples, side: Samples, machine: Ringing
) -> Samples:
    """The FIR `(taps, 2)` that brings the running `machine` to `level` and `width` at both ears.

    Mid comes from the machine's position behind the listener, the diffuse side from both sides.
    """
    both = convolve(machine[:, None], np.stack([mid, side], axis=1))
    differs = projector.width / 100.0 / 2.0
    level = gain_from_db(projector.level)
    mid = mid * (level * math.sqrt(1.0 - differs) / max(rms(both[:, 0]), 1e-12))
    side = side * (level * math.sqrt(differs) / max(rms(both[:, 1]), 1e-12))
    placer = scene.placer(db_at_half_power(), from_behind=True)
    ring = placer.look_back
    ears = placer.place(np.pad(mid, ring), np.full(len(mid) + ring, projector.pan))
    sides = pan_gains(np.array([projector.pan]), db_at_half_power()) * np.array([1.0, -1.0])
    ears[: len(side)] += side[:, None] * sides
    return math.sqrt(2.0) * ears


def _switch(projector: ProjectorParameters, shop: MachineBuilder, machine: Ringing) -> Ensemble:
    """The switch at its level relative to the running `machine`; without parts when it is off."""
    clicks = shop.switch()
    if projector.switch == OFF or not clicks.at_s:
        return Ensemble(())
    first = int(clicks.at_s[0] * shop.sample_rate)
    recording = Recording(
        Stretch.around(Span(first, first + shop.sample_rate // 10), shop.life.speed, shop.sample_rate)
    )
    clicks.play(1.0, recording)
    window = int(_LOUDEST_S * shop.sample_rate)
    powers = np.convolve(np.square(recording.render(), dtype=np.float64), np.ones(window) / window)
    loudest = math.sqrt(float(powers.max()))
    return Ensemble(((gain_from_db(projector.switch) * rms(machine) / loudest, clicks),))


def _life(projector: ProjectorParameters, scene: Scene, name: str, span: Span) -> RunProfile:
    def seconds(when: Moment | None) -> float:
        return math.inf if when is None else scene.at(when) / scene.sample_rate

    stops, runs_out = seconds(projector.stops), seconds(projector.runs_out)
    if projector.runs_out is not None and stops < runs_out:
        raise PresetError(
            f"layers.{name}.runs_out: the machine stops at {projector.stops}, before its film runs out "
            f"at {projector.runs_out}",
            hint="set stops later, or remove runs_out",
        )
    start_s, start_up_s = span.start / scene.sample_rate, scene.seconds(projector.start_up)
    if start_up_s > 0.0 and stops < start_s + start_up_s:
        raise PresetError(
            f"layers.{name}.stops: it stops at {projector.stops}, before it has come up to speed",
            hint="set stops later, or shorten start_up",
        )
    speed = Speed(start_s, start_up_s, stops, scene.seconds(projector.coast))
    splices = tuple(seconds(splice) for splice in projector.splices)
    for splice, at_s in zip(projector.splices, splices, strict=True):
        if at_s >= min(runs_out, stops):
            raise PresetError(
                f"layers.{name}.splices: the film has already run out at {splice}",
                hint="a splice comes before runs_out and stops",
            )
    return RunProfile(speed, runs_out, max(scene.seconds(projector.thins), 0.05), splices)


def _balance(
    parts: dict[str, tuple[float, Part]], reference: Stretch
) -> tuple[dict[str, float], Ringing]:
    """The gain that brings each part to its level, and the sum of all parts `(n,)`."""
    gains: dict[str, float] = {}
    heard = np.zeros(reference.stop - reference.start, np.float32)
    for key, (level_db, part) in parts.items():
        recording = Recording(reference)
        part.play(1.0, recording)
        sound = recording.render()
        gains[key] = gain_from_db(level_db) / max(rms(sound), 1e-12)
        sound *= np.float32(gains[key])
        heard += sound
    return gains, heard


@dataclass
class ProjectorSource:
    """The source of a projector. `impulse` `(taps, 2)` is the response from the machine to both ears.

    The rise is a fade-in of the machine; it does not affect the click of the switch.
    """

    span: Span
    sample_rate: int
    speed: Speed
    machine: Part
    switch: Ensemble
    impulse: Samples
    rise: int
    edge: int
    rise_curve: CurveName
    channels: Literal[1, 2] = 2

    @property
    def fixed_until(self) -> int:
        """See `Source`: the start of the fade at the end."""
        return self.span.stop - self.edge

    def render(self, tile: Span) -> Samples:
        """The projector over a tile, `(len(tile), 2)`."""
        sounding = tile.intersect(self.span)
        if not len(sounding):
            return silence(len(tile), 2)
        needed = Span(sounding.start - len(self.impulse) + 1, sounding.stop)
        stretch = Stretch.around(needed, self.speed, self.sample_rate)
        recording = Recording(stretch)
        self.machine.play(1.0, recording)
        mono = recording.render()[needed.inside(Span(stretch.start, stretch.stop))]
        heard = convolve(mono[:, None], self.impulse)
        # a fade at both ends, so that the end is not cut
        start, stop = self.span.start, self.span.stop
        fade_edges(heard, sounding.start, start, stop, self.rise, self.edge, rise_curve=self.rise_curve)
        if self.switch.parts:
            clicks = Recording(stretch)
            self.switch.play(1.0, clicks)
            click = clicks.render()[needed.inside(Span(stretch.start, stretch.stop))]
            switched = convolve(click[:, None], self.impulse)
            fade_edges(switched, sounding.start, start, stop, 0, self.edge)
            heard += switched
        if sounding == tile:
            return heard
        out = silence(len(tile), 2)
        out[sounding.inside(tile)] = heard
        return out
