"""Builds a projector from its parameters: its parts, and when each is active."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.coloured_noise import ColouredNoise, grid_hz
from audio_pipeline.dsp.curves import curve, db_at_half_power
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.events import Resonances
from audio_pipeline.dsp.noise import generator
from audio_pipeline.layers.machine.motion import Film, Reel, Shaft, Speed, Wobble, wave
from audio_pipeline.layers.machine.parameters import MachineParameters
from audio_pipeline.layers.machine.parts import (
    Blows,
    Chance,
    Ensemble,
    Part,
    Steady,
    Strikes,
    Tone,
    Voice,
    Wind,
    always,
    puff,
)
from audio_pipeline.records import dataclass


@dataclass(frozen=True)
class RunProfile:
    """The events of a machine's run, in seconds of the programme; infinity for never.

    From `runs_out_s` on the film's end passes through the machine within `thins_s`; then the tail
    flaps.
    """

    speed: Speed
    runs_out_s: float = math.inf
    thins_s: float = 1.0
    splices_s: tuple[float, ...] = ()

    def steady(self) -> RunProfile:
        """The same machine, which runs without an end."""
        return RunProfile(Speed(self.speed.start_s))

    def _gone(self, at_s: Samples, first: float, last: float) -> Samples:
        return curve("hsin", ((at_s - self.runs_out_s) / self.thins_s - first) / (last - first))

    def film_on_sprockets(self, at_s: Samples) -> Samples:
        """The share of film on the sprocket teeth, 1 to 0: the film's end passes the feed sprocket first."""
        return 1.0 - self._gone(at_s, 0.0, 0.3) if self.runs_out_s < math.inf else always(at_s)

    def film_in_loop(self, at_s: Samples) -> Samples:
        """The share of film that the claw moves, 1 to 0: without the sprocket the film has no loop."""
        return 1.0 - self._gone(at_s, 0.1, 0.4) if self.runs_out_s < math.inf else always(at_s)

    def film_in_gate(self, at_s: Samples) -> Samples:
        """The share of film in the gate, which has to be stopped, 1 to 0."""
        return 1.0 - self._gone(at_s, 0.6, 1.0) if self.runs_out_s < math.inf else always(at_s)

    def load(self, at_s: Samples, unloaded_gain: float) -> Samples:
        """The gain of the parts that pull the film: 1 with film in the machine, `unloaded_gain` without."""
        return unloaded_gain + (1.0 - unloaded_gain) * self.film_in_gate(at_s)

    @property
    def flaps_from_s(self) -> float:
        """The time at which the tail is free."""
        return self.runs_out_s + self.thins_s

    def powered(self, at_s: Samples) -> Samples:
        """Current in the motor's windings, 0 to 1: the hum begins before the motor turns."""
        off = np.clip((at_s - self.speed.stop_s) / 0.08, 0.0, 1.0)
        on = np.clip((at_s - self.speed.start_s) / 0.04, 0.0, 1.0)
        return (on if self.speed.start_up_s > 0.0 else 1.0) * (1.0 - off)


@dataclass(frozen=True)
class Lengths:
    """The durations of the machine's parameters, in seconds."""

    slap_s: float
    claw_ring_s: float
    jitter_s: float
    reel_s: float


@dataclass(frozen=True)
class MachineBuilder:
    """Builds the parts of one machine."""

    machine: MachineParameters
    life: RunProfile
    sample_rate: int
    seed: int
    name: str
    lengths: Lengths

    def parts(self) -> dict[str, tuple[float, Part]]:
        """Every part of the running machine by name, with its level in dB relative to the complete machine."""
        m = self.machine
        every: dict[str, tuple[float, Part]] = {
            "intermittent": (m.intermittent, self._intermittent()),
            "sprockets": (m.sprockets, self._sprockets()),
            "hum": (m.hum, self._hum()),
            "motor": (m.motor, self._motor()),
            "blower": (m.blower, Wind(self._air(), self._blown)),
            "blades": (m.blades, self._blades()),
            "belt": (m.belt, self._belt()),
            "reels": (m.reels, Wind(self._rustle(), self._rubbed)),
        }
        return {name: part for name, part in every.items() if part[0] > -math.inf}

    @property
    def _wear(self) -> float:
        factor: float = 0.25 + 1.5 * self.machine.wear / 100.0
        return factor

    @property
    def _mains_hz(self) -> int:
        return 50 if self.machine.mains == "50 Hz" else 60

    def _phases(self, stream: str, n: int) -> Samples:
        phases: Samples = 2.0 * np.pi * generator(self.seed, f"{self.name}/{stream}", 0).random(n)
        return phases

    def _chance(self, stream: str) -> Chance:
        m, wear = self.machine, self._wear
        return Chance(
            self.seed,
            f"{self.name}/{stream}",
            self.lengths.jitter_s * wear,
            m.scatter * wear,
            m.colour * wear,
        )

    def _reel(self) -> Reel:
        m = self.machine
        return Reel(m.reel_core, m.reel_full, self.lengths.reel_s, m.played / 100.0)

    @cached_property
    def film(self) -> Film:
        """The film's clock, with wow and flutter.

        Wow: the reel, and two eccentricities, one slower and one faster; flutter: sprocket, frame
        and perforation.
        """
        m, reel = self.machine, self._reel()
        reel_hz = float(np.diff(reel.turns(np.array([0.0, 1.0])))[0])
        rates = [reel_hz, 0.73, 2.3, m.frames_per_s / 4, m.frames_per_s, m.frames_per_s * m.perforations]
        wow, flutter = m.wow / 100.0 * self._wear, m.flutter / 100.0 * self._wear
        shares = [0.75 * wow, 0.55 * wow, 0.35 * wow, 0.75 * flutter, 0.55 * flutter, 0.35 * flutter]
        phases = self._phases("wow", len(rates))
        return Film(
            m.frames_per_s,
            tuple(Wobble(s, r, float(p)) for s, r, p in zip(shares, rates, phases, strict=True)),
        )

    def _noise(self, stream: str, low_hz: float, high_hz: float, slope_db: float) -> ColouredNoise:
        return _band(self.seed, f"{self.name}/{stream}", low_hz, high_hz, slope_db, self.sample_rate)

    def _rustle(self) -> ColouredNoise:
        return self._noise("rustle", self.machine.rustle_from, self.machine.rustle_to, -1.0)

    def _air(self) -> ColouredNoise:
        return self._noise("air", self.machine.blower_from, self.machine.blower_to, -3.0)

    def _blown(self, at_s: Samples) -> Samples:
        """The gain of the air that cools the lamp, modulated by the shutter's blades."""
        m, speed = self.machine, self.life.speed
        cuts = self.film.count(speed.turned(at_s)) * m.shutter_blades
        blown: Samples = speed.rate(at_s) ** 2.5 * (1.0 + m.shutter / 100.0 * wave(cuts + 0.25))
        return blown * self._pulls(at_s)

    def _rubbed(self, at_s: Samples) -> Samples:
        """The gain of film on an eccentric reel, modulated by its rotation."""
        turns = self._reel().turns(self.life.speed.turned(at_s))
        near = (0.5 + 0.5 * wave(turns + 0.25)) ** 3
        return self.life.film_in_gate(at_s) * self.life.speed.rate(at_s) * (0.3 + near)

    def _ring(self, loud: float, above_hz: float, ring: float, soft: float = 0.0) -> Voice:
        """The response of the body with its tones from `above_hz` on, each at (1 kHz / f)^`soft`."""
        m = self.machine
        heard = [hz for hz in m.claw_tones if hz < 0.45 * self.sample_rate] or [1000.0]
        tones = np.array([hz for hz in heard if hz >= above_hz] or [max(heard)])
        decays = self.lengths.claw_ring_s * ring * (1000.0 / tones) ** 0.8
        levels = loud * gain_from_db(m.claw_tilt) ** np.log2(tones / 1000.0) * (1000.0 / tones) ** soft
        # the golden angle between the tones' phases: the tones of a body do not start in phase
        strengths = levels * np.exp(2.39996j * np.arange(len(tones)))
        body = _body(tuple(tones.tolist()), tuple(decays.tolist()), self.sample_rate)
        return Voice(body, tuple(strengths.tolist()))

    def _intermittent(self) -> Part:
        m, life = self.machine, self.life
        bare = gain_from_db(m.bare)

        def starts(at_s: Samples) -> Samples:
            return bare + (1.0 - bare) * life.film_in_loop(at_s)

        def stops(at_s: Samples) -> Samples:
            return bare + (1.0 - bare) * life.film_in_gate(at_s)

        click = self._ring(1.0, 0.0, 1.0)
        scrape = puff(self._rustle(), 0.5, 0.0002, self.lengths.slap_s, self.sample_rate)
        start = Blows(self.film, 1, 0.0, (click, scrape), self._chance("start"), starts)
        stop = replace(start, offset=m.pull_down / 100.0, chance=self._chance("stop"), loudness=stops)
        splices = [(gain_from_db(m.splice), s) for s in self._splices(replace(start, voices=(click,)))]
        return Ensemble(((1.0, start), (gain_from_db(m.stop_click), stop), *splices))

    def _splices(self, click: Blows) -> list[Part]:
        at_s = np.array(self.life.splices_s)
        if not len(at_s):
            return []
        frames = np.ceil(self.film.count(self.life.speed.turned(at_s))).astype(int)
        return [replace(click, only=tuple(int(frame) for frame in frames))]

    def _sprockets(self) -> Part:
        count = self.machine.perforations
        slap = self._ring(0.5, 1000.0, 0.7)
        rustle = puff(self._rustle(), 1.0, 0.0004, self.lengths.slap_s, self.sample_rate)
        # a quarter perforation late, so that no click masks a slap
        return Blows(
            self.film,
            count,
            0.25 / count,
            (slap, rustle),
            self._chance("sprockets"),
            self.life.film_on_sprockets,
        )

    def _wander(self, phases: Samples, turned_s: Samples) -> Samples:
        """The seconds by which a motor is ahead: its slip drifts at three slow, unrelated rates."""
        ahead = np.zeros_like(turned_s)
        for rate, phase in zip((0.113, 0.291, 0.677), phases, strict=True):
            ahead += wave(rate * turned_s + phase / (2 * np.pi)) / (2 * np.pi * rate)
        ahead *= self.machine.hunting / 100.0 * self._wear / math.sqrt(1.5)
        return ahead

    def _radiated(self, hz: Samples) -> Samples:
        """The radiation of the machine's body at a frequency, 0 to 1.

        The body is a dipole: below its cutoff the radiation falls by 18 dB an octave.
        """
        cubed = (hz / self.machine.radiates_from) ** 3
        radiated: Samples = cubed / (1.0 + cubed)
        return radiated

    def _hum(self) -> Part:
        slip_hz = 2.0 * self._mains_hz * self.machine.motor_slip / 100.0

        def gain(at_s: Samples) -> Samples:
            return self._pulls(at_s) * self.life.powered(at_s) * (1.0 + 0.06 * wave(slip_hz * at_s))

        odd_and_even = [0.4, 1.0, 0.06, 0.45, 0.06, 0.3, 0.03, 0.15, 0.03, 0.11, 0.02, 0.07, 0.01, 0.05]
        hz = self._mains_hz * np.arange(1.0, len(odd_and_even) + 1.0)
        levels = np.array(odd_and_even) * self._radiated(hz)
        phases = tuple(self._phases("hum", len(levels)).tolist())
        return Steady(tuple(levels.tolist()), phases, self._mains_hz, gain)

    def _pulls(self, at_s: Samples) -> Samples:
        """The gain of motor, blower and belt, by the film that they pull."""
        return self.life.load(at_s, gain_from_db(self.machine.unloaded))

    def _rotor(
        self,
        rate_hz: float,
        levels: list[float],
        stream: str,
        power: float,
        load: Callable[[Samples], Samples] = always,
    ) -> Part:
        slip = self._phases(stream, 3)

        def turns(at_s: Samples) -> Samples:
            turned = self.life.speed.turned(at_s)
            return (turned + self._wander(slip, turned)) * rate_hz

        def gain(at_s: Samples) -> Samples:
            turned = self.life.speed.turned(at_s)
            unsteady = 1.0 + 20.0 * self._wander(slip, turned + 7.0)
            loud: Samples = self.life.speed.rate(at_s) ** power * unsteady * load(at_s)
            return loud

        return Tone(tuple(levels), tuple(self._phases(stream, len(levels)).tolist()), turns, gain)

    def _motor(self) -> Part:
        m = self.machine
        rate_hz = self._mains_hz * 2.0 / m.motor_poles * (1.0 - m.motor_slip / 100.0)
        hz = rate_hz * np.arange(1.0, 2 * m.motor_bars + 3)
        levels = self._radiated(hz) * (hz / 80.0) ** -0.9
        for bars, whine in ((1, 0.35), (2, 0.12)):
            levels[bars * m.motor_bars - 1] += whine
            levels[bars * m.motor_bars + np.array([-3, 1])] += 0.4 * whine
        return self._rotor(rate_hz, levels.tolist(), "motor", 1.5, self._pulls)

    def _blades(self) -> Part:
        m = self.machine
        rate_hz = self._mains_hz * (1.0 - m.motor_slip / 100.0) * m.blade_count
        return self._rotor(rate_hz, [1.0, 0.3, 0.1], "blower", 2.5, self._pulls)

    def _belt(self) -> Part:
        chance = replace(self._chance("belt"), jitter_s=4 * self.lengths.jitter_s)
        knock = self._ring(1.0, 0.0, 1.5, soft=1.0)
        return Blows(Shaft(self.machine.belt_rate), 1, 0.0, (knock,), chance, self._pulls)

    def tail(self, free_from_s: float) -> Part:
        """The loose tail that flaps on the reel, from the given time of the programme on."""
        m = self.machine
        offset = float(self.life.speed.turned(np.array([free_from_s]))[0]) * m.flap_rate

        def free(at_s: Samples) -> Samples:
            return np.where(at_s >= free_from_s - 0.3 / m.flap_rate, 1.0, 0.0)

        chance = Chance(self.seed, f"{self.name}/flap", 0.06 / m.flap_rate, m.flap_scatter, 4.0)
        body = Resonances(
            (1100.0, 1620.0, 2350.0, 3500.0), (0.003, 0.0025, 0.002, 0.0015), self.sample_rate
        )
        film = self._noise("flap", 900.0, 4200.0, -1.0)
        voices = (
            Voice(body, (0.4, 0.4, 0.32, 0.2)),
            puff(film, 3.0, 0.0004, 0.0055, self.sample_rate),
            puff(film, 0.9, 0.008, 0.025, self.sample_rate),
        )
        return Blows(Shaft(m.flap_rate), 1, offset, voices, chance, free, 2.0)

    def switch(self) -> Strikes:
        """The click of the motor's switch at power-on and power-off: contacts and a bounce."""
        speed = self.life.speed
        on = [speed.start_s] if speed.start_up_s > 0.0 else []
        off = [speed.stop_s] if speed.stop_s < math.inf else []
        body = Resonances(
            (420.0, 1350.0, 2600.0, 4700.0), (0.006, 0.003, 0.002, 0.001), self.sample_rate
        )
        contacts = Voice(body, (0.5, 1.0, 0.8, 0.5))
        plate = puff(self._rustle(), 0.4, 0.0002, 0.002, self.sample_rate)
        return Strikes((*on, *off), (contacts, plate))


@lru_cache(maxsize=16)
def _body(tones_hz: tuple[float, ...], decays_s: tuple[float, ...], sample_rate: int) -> Resonances:
    """The cached body: the measured machine and the rendered one share its computed resonances."""
    return Resonances(tones_hz, decays_s, sample_rate)


@lru_cache(maxsize=16)
def _band(
    seed: int, stream: str, low_hz: float, high_hz: float, slope_db: float, sample_rate: int
) -> ColouredNoise:
    """Noise of RMS 1 between two second-order cutoffs, with a slope of `slope_db` an octave."""
    hz = np.maximum(grid_hz(sample_rate), 1.0)
    up, down = (hz / low_hz) ** 4, (hz / high_hz) ** 4
    power = (hz / 1000.0) ** (slope_db / db_at_half_power()) * up / (1.0 + up) / (1.0 + down)
    return ColouredNoise(seed, stream, np.sqrt(power / np.mean(power)))
