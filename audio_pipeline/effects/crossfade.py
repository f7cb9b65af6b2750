"""The left-to-right crossfade: one object that drives both voices.

The first voice enters at hard left and moves inward; the second moves outward to hard right and leaves.
Both have the same path between the outer end (far: soft, dark, in the room) and the inner end (near);
the second has it reversed, on the other side. For the change from one voice to the other a single fader
moves from left to right; its pan law keeps their sum as constant as that of a pan.

Only the direct sound falls with distance: in dB in proportion to `distance`, so that equal steps
outward multiply the metres by the same factor. The level of the room is about the same at every
distance, and its reverberation is diffuse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples, Single, silence, single_silence
from audio_pipeline.dsp.control import slow_curve
from audio_pipeline.dsp.curves import CurveName, curve, db_at_half_power, pan_gain, pan_gains
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.filters import convolve, one_pole_lowpass
from audio_pipeline.dsp.placement import SpeakerPlacer
from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.timeline.moments import Schedule, parse_duration, parse_moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Duration, Hz, Meters, Pan, Send, Time

_PIECE = 96_000

PanLaw = Literal["-3 dB", "-4.5 dB", "-6 dB"]
LAW_DB: dict[PanLaw, float] = {
    "-3 dB": db_at_half_power(),
    "-4.5 dB": 1.5 * db_at_half_power(),
    "-6 dB": 2 * db_at_half_power(),
}


class Crossfade(Effect):
    """Two voices crossing from ear to ear."""

    stage: ClassVar[Literal["strip", "bus"]] = "strip"
    order: ClassVar[int] = 10
    places: ClassVar[bool] = True
    layer_fields: ClassVar[tuple[str, ...]] = ("first", "second")

    kind: Literal["crossfade"] = "crossfade"
    first: str = Field("voice_a", description="voice that enters at the left")
    second: str = Field("voice_b", description="voice that leaves at the right")
    begins: Time = Field(parse_moment("voice_a.at"), description="outer position of the first voice")
    cross_from: Time = Field(parse_moment("voice_a.tail"), description="start of the crossfade")
    cross_to: Time = Field(parse_moment("voice_b.at"), description="end of the crossfade")
    ends: Time = Field(parse_moment("voice_b.tail"), description="outer position of the second voice")
    law: PanLaw = Field("-3 dB", description="pan law: level in the centre")
    inner: Pan = Field(0.0, description="inner position of the first voice; the second mirrors it")
    travel: CurveName = Field("hsin", description="curve of the movement from outer to inner position")
    cross: CurveName = Field("tri", description="curve of the fader, mirrored at its middle")
    slip: Duration = Field(parse_duration("1s"), description="length of the fade at the outer positions")
    fade: CurveName = Field("qsin", description="curve of that fade")
    distance: CurveName = Field("qua", description="curve of the distance from inner to outer position")
    far_level: Db = Field(-18.0, description="direct level at the outer position")
    far_treble: Hz = Field(
        1800.0, description="low-pass cutoff of the direct sound at the outer position"
    )
    near_early: Send = Field(-18.5, description="send to early reflections at the inner position")
    near_late: Send = Field(-20.5, description="send to reverberation at the inner position")
    far_early: Send = Field(-14.5, description="send to early reflections at the outer position")
    far_late: Send = Field(-14.5, description="send to reverberation at the outer position")
    ear_distance: Meters = Field(
        0.25,
        ge=0.1,
        description="in headphones: distance from the middle of the head at hard left or hard right;"
        " the nearer, the more one ear hears alone",
    )

    def works_on(self, layer: str) -> bool:
        """Whether the layer is one of its two voices."""
        return layer in (self.first, self.second)

    def passes(self, layer: str, schedule: Schedule) -> tuple[Fraction | None, Fraction | None]:
        """See `Effect.passes`.

        The first voice passes until the end of the crossfade, the second from its start.
        """
        if layer == self.first:
            left = max(schedule.seconds(self.cross_from), schedule.seconds(self.cross_to))
            return schedule.seconds(self.begins), left
        return schedule.seconds(self.cross_from), schedule.seconds(self.ends)

    def prepare(self, scene: Scene, name: str) -> CrossfadeProcessor:
        """See `Effect.prepare`."""
        start, stop = scene.at(self.cross_from), scene.at(self.cross_to)
        fader = Fader(start, max(stop, start + 1), self)
        slip = max(1, scene.samples(self.slip))
        begins, ends = scene.at(self.begins), scene.at(self.ends)
        return CrossfadeProcessor(
            {
                self.first: Journey(begins, max(fader.stop, begins + 1), slip, 0, fader, self),
                self.second: Journey(ends, min(fader.start, ends - 1), slip, 1, fader, self),
            },
            self,
            scene,
        )


@dataclass(frozen=True)
class Fader:
    """The fader of both voices: it leaves the left at sample `start` and reaches the right at `stop`."""

    start: int
    stop: int
    parameters: Crossfade

    def gain(self, sample: Samples, voice: Literal[0, 1]) -> Samples:
        """The gain `(n,)` of the first (0) or the second (1) voice at `sample` `(n,)`.

        By the pan law: −3 dB keeps the sum of squares at 1, −6 dB the plain sum, −4.5 dB the sum of the
        powers 4/3. This holds for every curve, because the curve only shapes the movement of the fader.
        """
        u = np.clip((sample + 0.5 - self.start) / (self.stop - self.start), 0.0, 1.0)
        if u.min(initial=1.0) >= 1.0 or u.max(initial=0.0) <= 0.0:  # outside the crossfade
            return u if voice else 1.0 - u
        half = curve(self.parameters.cross, 1.0 - np.abs(2.0 * u - 1.0)) / 2.0
        position = 2.0 * np.where(u < 0.5, half, 1.0 - half) - 1.0
        return pan_gain(position, LAW_DB[self.parameters.law], voice)


@dataclass(frozen=True)
class Journey:
    """The path of one voice between its outer end (sample `outer`) and its inner end (`inner`).

    It is measured from the outer end, so that a voice that leaves has it reversed: the same curves,
    mirrored in time and side. `column` is the voice's side of the fader, 0 left, 1 right.
    """

    outer: int
    inner: int
    slip: int
    column: Literal[0, 1]
    fader: Fader
    parameters: Crossfade

    @property
    def side(self) -> float:
        """−1 for the voice at the left, +1 for the voice at the right."""
        return 2.0 * self.column - 1.0

    def _inward(self, sample: Samples) -> Samples:
        return -self.side * (sample + 0.5 - self.outer)

    def _progress(self, sample: Samples) -> Samples:
        return self._inward(sample) / abs(self.inner - self.outer)

    def position(self, sample: Samples) -> Samples:
        """The position `(n,)`, −1 left to +1 right."""
        inward = curve(self.parameters.travel, self._progress(sample))
        return self.side * (1.0 - (1.0 + self.parameters.inner) * inward)

    def distance(self, sample: Samples) -> Samples:
        """The distance `(n,)`, 0 near to 1 far."""
        return curve(self.parameters.distance, 1.0 - self._progress(sample))

    def level(self, sample: Samples) -> Samples:
        """The gain `(n,)` of fade and fader together, 0..1, without distance."""
        fade = curve(self.parameters.fade, self._inward(sample) / self.slip)
        faded: Samples = fade * self.fader.gain(sample, self.column)
        return faded


class Placed(NamedTuple):
    """The panned parts of a voice's strip, each `(n, 2)`."""

    stereo: Samples
    early: Single
    late: Single

    def part(self, samples: slice) -> Placed:
        """Views of the given samples, to be filled."""
        return Placed(self.stereo[samples], self.early[samples], self.late[samples])


class CrossfadeProcessor:
    """See `Crossfade`. The input is the strip's mono part, the output the panned signal and its sends."""

    def __init__(self, journeys: dict[str, Journey], parameters: Crossfade, scene: Scene) -> None:
        self.journeys = journeys
        self._parameters = parameters
        self._law_db = LAW_DB[parameters.law]
        self._placer = scene.placer(self._law_db, nearest_m=parameters.ear_distance)
        self._treble = one_pole_lowpass(parameters.far_treble, scene.sample_rate)
        self.look_back = len(self._treble) - 1 + self._placer.look_back

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`."""
        return Span(span.start, span.stop + self.look_back)

    def gains(self, name: str, sample: Samples) -> Samples | None:
        """The gains of left and right `(n, 2)` for the direct sound of voice `name` at `sample` `(n,)`.

        They include fade, fader, distance and pan, but not the treble. None for headphones, where
        pan is not a gain.
        """
        if not isinstance(self._placer, SpeakerPlacer):
            return None
        journey = self.journeys[name]
        far_gain = gain_from_db(self._parameters.far_level)
        level = journey.level(sample) * np.exp(journey.distance(sample) * math.log(far_gain))
        gains: Samples = level[:, None] * pan_gains(journey.position(sample), self._law_db)
        return gains

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        if window.mono is None or not window.mono.any():
            return Strip()
        n = len(tile)
        placed = Placed(silence(n, 2), single_silence(n, 2), single_silence(n, 2))
        reach = Span(tile.start - self.look_back, tile.stop)
        # in pieces on a separate grid: silent pieces are skipped, and pieces that fit in the CPU cache
        # are faster
        for start in range(tile.start, tile.stop, _PIECE):
            piece = Span(start, min(start + _PIECE, tile.stop))
            mono = window.mono[Span(piece.start - self.look_back, piece.stop).inside(reach)]
            if mono.any():
                self._place(self.journeys[name], mono, piece, placed.part(piece.inside(tile)))
        return Strip(None, *placed)

    def _place(self, journey: Journey, mono: Samples, piece: Span, out: Placed) -> None:
        """Fill `out` over a piece; its window `mono` begins `look_back` samples earlier."""
        p, back = self._parameters, self._placer.look_back
        sample = np.arange(piece.start - back, piece.stop, dtype=np.float64)
        bright = mono[len(self._treble) - 1 :, 0]
        dark = convolve(mono, self._treble)[:, 0]
        far = journey.distance(sample)
        voice = (bright + far * (dark - bright)) * journey.level(sample)
        direct = voice * np.exp(far * math.log(gain_from_db(p.far_level)))
        gains = self._pan(journey, piece)
        if isinstance(self._placer, SpeakerPlacer):
            stereo = direct[:, None] * gains
        else:
            stereo = self._placer.place(direct, journey.position(sample[back:]))
        early = voice[back:] * _between(p.near_early, p.far_early, far[back:])
        late = voice[back:] * _between(p.near_late, p.far_late, far[back:])
        np.copyto(out.stereo, stereo)
        np.multiply(early[:, None], gains, out=out.early, casting="same_kind")
        np.copyto(out.late[:, journey.column], late, casting="same_kind")  # diffuse

    def _pan(self, journey: Journey, piece: Span) -> Samples:
        """The gains of left and right `(len(piece), 2)` at the position of the voice."""

        def gain(sample: Samples, side: Literal[0, 1]) -> Samples:
            return pan_gain(journey.position(sample), self._law_db, side)

        sides: tuple[Literal[0, 1], ...] = (0, 1)
        return np.stack([slow_curve(partial(gain, side=s), piece.start, piece.stop) for s in sides]).T


def _between(near_db: float, far_db: float, far: Samples) -> Samples:
    near_gain, far_gain = gain_from_db(near_db), gain_from_db(far_db)
    return near_gain + (far_gain - near_gain) * far
