"""The scene: everything that a layer or an effect can read about the programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Clock, Moment, Schedule
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from audio_pipeline.dsp.arrays import Samples
    from audio_pipeline.dsp.head_models import Head
    from audio_pipeline.dsp.placement import Placer

Listening = Literal["speakers", "headphones"]
ChannelChoice = int | Literal["auto", "left", "right", "centre", "mix"]
"""The channel of a recording for a mono stem: its number from 1, its name, or the one with the voice."""


@dataclass(frozen=True)
class StemRequest:
    """An audio file as a layer needs it: channel count, level, trim and stretch.

    `path` is the text in the preset; `level_lufs` None leaves the file's own level. `channel` selects the
    channel for a mono stem; `trim` removes the silence around the words. A recording longer than
    `longest_samples` is stretched within the limit of `stretched_length`; None stretches nothing.
    """

    path: str
    channels: Literal[1, 2]
    level_lufs: float | None = None
    channel: ChannelChoice = "auto"
    trim: bool = False
    longest_samples: int | None = None


def to_samples(seconds: Fraction, sample_rate: int) -> int:
    """Seconds in samples, rounded to the nearest, halves up; every conversion of a time uses this function."""
    return int((seconds * sample_rate * 2 + 1) // 2)


def _sphere() -> Head:
    from audio_pipeline.dsp.head_models import sphere  # as in `Scene.placer`

    return sphere()


@dataclass(frozen=True)
class Scene:
    """The programme that a layer is part of: times are in samples, stems are conditioned.

    `programme` is the complete span, from sample 0; `speech` are the spans in which a voice speaks, in
    order; `stems` are `(n, channels)` float64 at `sample_rate`; `treated` are the stems of layers with an
    effect of the stage "stem", by the layer's name; `head` is the head for headphones.

    Examples:
        >>> from audio_pipeline.testing import make_scene
        >>> from audio_pipeline.units import parse_duration
        >>> scene = make_scene()
        >>> scene.cue("black"), scene.samples(parse_duration("250ms"))
        (960000, 12000)
    """

    sample_rate: int
    seed: int
    programme: Span
    schedule: Schedule
    stems: Mapping[StemRequest, Samples] = field(default_factory=dict)
    speech: tuple[Span, ...] = ()
    listening: Listening = "speakers"
    head: Head = field(default_factory=_sphere)
    treated: Mapping[str, Samples] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """The picture's clock."""
        return self.schedule.clock

    def placer(
        self, law_db: float, *, from_behind: bool = False, nearest_m: float | None = None
    ) -> Placer:
        """The placer of a mono sound: a pan pot for speakers, a head for headphones.

        `from_behind` places the sound behind the listener; `nearest_m` is its distance at hard left and
        right. Only the head uses them; two speakers can reproduce neither.
        """
        # who lists presets never asks
        if self.listening == "headphones":
            from audio_pipeline.dsp.head import HeadPlacer

            return HeadPlacer(self.sample_rate, self.head, from_behind=from_behind, nearest_m=nearest_m)
        from audio_pipeline.dsp.placement import SpeakerPlacer

        return SpeakerPlacer(law_db)

    def stem(self, request: StemRequest, layer: str) -> Samples:
        """The stem `(n, channels)` of the layer with that name, after effects of the stage "stem"."""
        treated = self.treated.get(layer)
        return self.stems[request] if treated is None else treated

    def at(self, moment: Moment) -> int:
        """The sample of `moment`."""
        return to_samples(self.schedule.seconds(moment), self.sample_rate)

    def end(self, moment: Moment) -> int:
        """As `at`, for a moment that changes no sample before `fixed_until` of the sound that asks."""
        return self.at(moment)

    def span(self, at: Moment, until: Moment) -> Span:
        """The span [at, until) inside the programme, empty at `at` if `until` comes first; its end as `end`."""
        start = self.at(at)
        return Span(start, max(start, self.at(until))).intersect(self.programme)

    def cue(self, name: str) -> int:
        """The sample of a cue or of a sound's moment, such as "black" or "voice_a.tail"."""
        return to_samples(self.schedule.named(name), self.sample_rate)

    def samples(self, duration: Moment) -> int:
        """A length of time in samples."""
        return to_samples(self.clock.duration(duration), self.sample_rate)

    def seconds(self, duration: Moment) -> float:
        """A length of time in seconds."""
        return float(self.clock.duration(duration))
