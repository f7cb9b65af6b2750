"""The hummed phrase of the film, which does not resolve: a voice with a closed mouth, far away.

The voice is a source and its resonances (Fant, "Acoustic Theory of Speech Production", 1960): harmonics
of a pitch that slides between its notes and whose vibrato grows while a note is held. All figures are
an engineer's estimates; the preset holds them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.control import slow_curve
from audio_pipeline.dsp.curves import curve
from audio_pipeline.dsp.decibels import gain_from_db, rms
from audio_pipeline.dsp.drift import drift
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve, frequencies, minimum_phase
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Dbfs, Duration, Hz, Percent, PerMinute, Send

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = re.compile(r"([A-G])([#b]?)([1-6])")

HUM_FORMANTS = ((280.0, 2.5, 5.0), (1050.0, 6.0, 3.0), (2300.0, 8.0, 2.0))
"""(Hz, Q, dB) of a closed mouth: the low murmur of the nose, and little energy above it."""

_SHORTEST_S = 0.005  # shortest slide, attack and release
_HIGHEST_HZ = 4500.0  # highest frequency of a harmonic
_SOURCE_DB = -9.0  # per octave: the source of a soft voice
_JITTER = 0.0025  # share of the pitch; no voice is perfectly steady
_SHIMMER_DB = 0.8
_UNEVEN_S = 0.12  # interval of jitter and shimmer
_ROUGH_S = 0.003  # interval of the variation from one period to the next
_ROUGH_PITCH = 0.007
_ROUGH_DB = 0.4
_BETWEEN_NOTES_DB = -2.5  # level of a legato voice between two notes
_TAPS = 768
_RESPONSE_SIZE = 8192
_BLOCK = 16_384  # samples of harmonics per pass: they fit in the CPU cache


@dataclass(frozen=True)
class Note:
    """A pitch with its start and stop in beats."""

    pitch_hz: float
    start: float
    stop: float


def parse_notes(text: str) -> tuple[Note, ...]:
    """The notes of a text, in order: "E4 G4 - A4" has one beat each, "-" is a rest, "E4:2.5" has 2.5 beats.

    A4 is 440 Hz, twelve equal steps to the octave. Raises ValueError for anything else.
    """
    notes: list[Note] = []
    at = 0.0
    for word in text.split():
        name, _, beats = word.partition(":")
        if not re.fullmatch(r"(\d{1,2}(\.\d+)?)?", beats) or (":" in word and not beats):
            raise ValueError(f'{word!r} does not last a number of beats; write "E4:2"')
        stop = at + (float(beats) if beats else 1.0)
        if stop <= at:
            raise ValueError(f"{word!r} lasts no time")
        match = _NOTE.fullmatch(name)
        if match is not None:
            step = _STEPS[match[1]] + {"": 0, "#": 1, "b": -1}[match[2]] + 12 * int(match[3])
            notes.append(Note(440.0 * 2.0 ** ((step - 57) / 12.0), at, stop))
        elif name != "-":
            raise ValueError(f'{word!r} is not a note; write "E4", "F#4", "Bb3" or "-" for a rest')
        at = stop
    if not notes:
        raise ValueError(f"{text!r} has no note")
    return tuple(notes)


_LONGEST_S = 600


class Motif(Layer):
    """A phrase, hummed once, dark and distant: most of its level is reverberation of the space.

    `level` is its RMS from its first sample to its last, rests included. It begins at `at` and lasts as
    long as its notes and `release`; if `until` comes first, its release ends at `until`.
    """

    kind: Literal["motif"] = "motif"
    early: Send = Field(-6.0, description="send to the early reflections of the space")
    late: Send = Field(6.0, description="send to the reverberation of the space")
    level: Dbfs = Field(-56.0, description="RMS level")
    notes: str = Field(
        "E4 G4 A4 B4:2 - A4 F#4:3",
        max_length=400,
        description='the phrase, a beat a note: "B4:2" lasts two, "-" is a rest',
    )
    tempo: PerMinute = Field(56.0, ge=10, le=300, description="beats a minute")
    portamento: Duration = Field(parse_duration("180ms"), description="length of the slide to a note")
    attack: Duration = Field(parse_duration("220ms"), description="attack time")
    release: Duration = Field(parse_duration("900ms"), description="release time")
    vibrato_rate: Hz = Field(5.1, le=12, description="rate of the vibrato")
    vibrato: Percent = Field(1.8, le=10, description="depth of the vibrato, as a share of the pitch")
    vibrato_grows: Duration = Field(
        parse_duration("900ms"), description="time in which the vibrato grows in a note"
    )
    tone: Hz = Field(1200.0, ge=200, le=8000, description="low-pass cutoff")
    scoop: Percent = Field(
        3.0, le=10, description="pitch at which a note starts after a rest, below its own"
    )
    air: Db = Field(-17.0, le=0, description="level of the breath in the voice, relative to it")

    @field_validator("notes")
    @classmethod
    def _can_be_sung(cls, notes: str) -> str:
        parse_notes(notes)
        return notes

    def span(self, scene: Scene) -> Span:
        """The span from `at` for the length of the phrase, no later than `until`."""
        room = self._room(scene)
        beats = parse_notes(self.notes)[-1].stop
        length = math.ceil((beats * self._beat() + scene.seconds(self.release)) * scene.sample_rate)
        return Span(room.start, min(room.stop, room.start + length))

    def _room(self, scene: Scene) -> Span:
        return super().span(scene)

    def prepare(self, scene: Scene, name: str) -> MotifSource:
        """See `Layer.prepare`. The phrase is a few seconds long, so all of it is computed here."""
        span = self.span(scene)
        if len(span) == 0:
            return MotifSource(np.zeros(0), span, span.start)
        if len(span) > _LONGEST_S * scene.sample_rate:
            raise PresetError(
                f"{name}: its notes last longer than {_LONGEST_S} s",
                hint="Write fewer notes, or raise tempo.",
            )
        phrase = self._hum(scene, name, span)
        phrase *= gain_from_db(self.level) / max(rms(phrase), 1e-30)
        room = self._room(scene)
        return MotifSource(phrase, span, room.stop if span.stop < room.stop else span.start)

    def pitch_hz(self, scene: Scene, time_s: Samples) -> Samples:
        """The pitch `(n,)` without jitter, at times `(n,)` from the start of the phrase."""
        notes, beat = parse_notes(self.notes), self._beat()
        slide = max(scene.seconds(self.portamento), _SHORTEST_S)
        octaves = np.full(len(time_s), math.log2(notes[0].pitch_hz))
        for before, note in pairwise(notes):
            # after a rest the pitch has arrived at the note before the note begins
            lead = 0.5 if note.start == before.stop else 1.0
            step = math.log2(note.pitch_hz / before.pitch_hz)
            octaves += step * curve("hsin", (time_s - note.start * beat) / slide + lead)
        for first, _ in self._sung_together(notes):
            since = (time_s - notes[first].start * beat) / slide
            octaves += math.log2(1.0 - self.scoop / 100.0) * (
                curve("hsin", since + 1.0) - curve("hsin", since)
            )
        grows = max(scene.seconds(self.vibrato_grows), _SHORTEST_S)
        depth = np.zeros(len(time_s))
        for i, note in enumerate(notes):
            stop = note.stop * beat if i + 1 < len(notes) else math.inf
            grown = curve("hsin", (time_s - note.start * beat) / grows)
            depth += (
                np.minimum(grown, curve("hsin", (stop - time_s) / slide))
                * (time_s < stop)
                * (time_s >= note.start * beat)
            )
        wave = np.sin(2.0 * math.pi * self.vibrato_rate * time_s)
        pitch: Samples = 2.0**octaves * (1.0 + self.vibrato / 100.0 * depth * wave)
        return pitch

    def strength(self, scene: Scene, time_s: Samples) -> Samples:
        """The loudness of the voice, `(n,)` from 0 to 1, at times `(n,)` from the start of the phrase."""
        notes, beat = parse_notes(self.notes), self._beat()
        attack, release = (max(scene.seconds(d), _SHORTEST_S) for d in (self.attack, self.release))
        slide = max(scene.seconds(self.portamento), _SHORTEST_S)
        out = np.zeros(len(time_s))
        for first, after in self._sung_together(notes):
            begin, end = notes[first].start * beat, notes[after - 1].stop * beat
            sung = curve("hsin", (time_s - begin) / attack)
            sung *= curve("hsin", (end + release - time_s) / (release + attack))
            for note in notes[first + 1 : after]:
                near = curve("hsin", 1.0 - np.abs(time_s - note.start * beat) / slide)
                sung *= 10.0 ** (_BETWEEN_NOTES_DB / 20.0 * near)
            out = np.maximum(out, sung)
        return out

    @staticmethod
    def _sung_together(notes: tuple[Note, ...]) -> Iterator[tuple[int, int]]:
        """Index of the first note and of the note after the last, for each group of notes without a rest."""
        starts = [0, *(i for i in range(1, len(notes)) if notes[i].start > notes[i - 1].stop)]
        return pairwise([*starts, len(notes)])

    def _beat(self) -> float:
        """Length of a beat, s."""
        return 60.0 / float(self.tempo)

    def _hum(self, scene: Scene, name: str, span: Span) -> Samples:
        rate, n = scene.sample_rate, len(span)
        uneven, rough = (max(int(length_s * rate), 1) for length_s in (_UNEVEN_S, _ROUGH_S))

        def pitch_hz(at: Samples) -> Samples:
            jitter = _JITTER * drift(scene.seed, f"{name}.jitter", uneven, at)
            jitter += _ROUGH_PITCH * drift(scene.seed, f"{name}.rough", rough, at)
            return self.pitch_hz(scene, at / rate) * (1.0 + jitter)

        def loudness(at: Samples) -> Samples:
            shimmer = _SHIMMER_DB * drift(scene.seed, f"{name}.shimmer", uneven, at)
            shimmer += _ROUGH_DB * drift(scene.seed, f"{name}.rasp", rough, at)
            shimmering: Samples = 10.0 ** (shimmer / 20.0)
            return self.strength(scene, at / rate) * shimmering

        pitch, strength = (slow_curve(of, 0, n) for of in (pitch_hz, loudness))
        fade_edges(strength, 0, 0, n, 0, min(scene.samples(self.release), n))
        phase = 2.0 * math.pi * np.cumsum(pitch / rate)
        voice = _harmonics(phase, _HIGHEST_HZ / float(pitch.max()))
        breathed = noise.uniform(scene.seed, f"{name}.air", 0, n).astype(np.float64)
        # the glottis passes more breath while it is open
        breathed *= (1.0 - np.cos(phase)) / math.sqrt(1.5)
        breathed *= gain_from_db(self.air) * rms(voice) * math.sqrt(12.0)
        source = np.concatenate([np.zeros(_TAPS - 1), (voice + breathed) * strength])
        hummed = convolve(source[:, None], hum_response(self.tone, rate))[:, 0]
        fade_edges(hummed, 0, 0, n, 0, 240)
        return hummed


@dataclass
class MotifSource:
    """The phrase `(len(span),)`, hummed once; a phrase that is cut depends on its end from its start on."""

    phrase: Samples
    span: Span
    fixed_until: int
    channels: Literal[1, 2] = 1

    def render(self, tile: Span) -> Samples:
        """The phrase over a tile, `(len(tile), 1)`."""
        out = silence(len(tile), 1)
        part = self.span.intersect(tile)
        if len(part):
            out[part.inside(tile), 0] = self.phrase[part.inside(self.span)]
        return out


def hum_response(tone_hz: float, sample_rate: int) -> Samples:
    """The FIR of a closed mouth, low-passed at `tone_hz`."""
    hz = np.maximum(frequencies(_RESPONSE_SIZE, sample_rate), 1.0)
    level_db = np.zeros_like(hz)
    for centre, q, height_db in HUM_FORMANTS:
        level_db += height_db / (1.0 + (q * (hz / centre - centre / hz)) ** 2)
    magnitude = 10.0 ** (level_db / 20.0) / (1.0 + (hz / tone_hz) ** 2) / (1.0 + (90.0 / hz) ** 4)
    return minimum_phase(magnitude, _TAPS)


def _harmonics(phase: Samples, highest: float) -> Samples:
    """A sum of sines `(n,)` at whole multiples, up to `highest`, of a phase `(n,)` in radians."""
    exponent = _SOURCE_DB / 6.02
    weights = [k**exponent for k in range(1, max(1, int(highest)) + 1)]
    out = np.empty(len(phase))
    for start in range(0, len(phase), _BLOCK):
        z = np.exp(1j * phase[start : start + _BLOCK])
        total = np.full(len(z), weights[-1], dtype=np.complex128)
        for weight in reversed(weights[:-1]):
            total *= z
            total += weight
        out[start : start + _BLOCK] = (total * z).imag
    return out
