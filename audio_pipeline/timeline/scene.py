"""The scene: all that a layer or an effect may know of the programme it plays in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from audio_pipeline.timeline.moments import Clock, Moment, Schedule
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from audio_pipeline.dsp.arrays import Samples
    from audio_pipeline.dsp.head_models import Head
    from audio_pipeline.dsp.placement import Placer

Listening = Literal["speakers", "headphones"]
ChannelChoice = int | Literal["auto", "left", "right", "centre", "mix"]
"""Which channel of a recording becomes a mono stem: its number from 1, its name, or the one with the voice."""


@dataclass(frozen=True)
class StemRequest:
    """An audio file as a sound wants it: how many channels, and levelled to what, if at all.

    `path` is as the preset writes it; `level_lufs` None leaves the file's own level. `channel` is what becomes
    of several channels in mono; with `trim` the silence around the words is left out. What lasts longer than
    `longest_samples` is stretched, as far as `stretched_length` says; None stretches nothing.
    """

    path: str
    channels: Literal[1, 2]
    level_lufs: float | None = None
    channel: ChannelChoice = "auto"
    trim: bool = False
    longest_samples: int | None = None


def to_samples(seconds: Fraction, sample_rate: int) -> int:
    """The one place where seconds become samples: to the nearest, halves up."""
    return int((seconds * sample_rate * 2 + 1) // 2)


def _sphere() -> Head:
    from audio_pipeline.dsp.head_models import sphere  # as in `Scene.placer`

    return sphere()


@dataclass(frozen=True)
class Scene:
    """The programme a sound plays in, worked out: times are samples, stems are conditioned.

    `programme` is the whole, from sample 0; `speech` are the spans in which a voice speaks, in
    order; `stems` hold `(n, channels)` float64 at `sample_rate`, and `treated` those of layers that an
    effect of the stage "stem" works on, by the layer's name; `head` is whose ears headphones get.

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
        """What puts a mono sound between the ears: a pan pot for speakers, a head for headphones.

        Only the head knows what stands `from_behind` or as near as `nearest_m` at hard left and right;
        two speakers know neither.
        """
        # who lists presets never asks
        if self.listening == "headphones":
            from audio_pipeline.dsp.head import HeadPlacer

            return HeadPlacer(self.sample_rate, self.head, from_behind=from_behind, nearest_m=nearest_m)
        from audio_pipeline.dsp.placement import SpeakerPlacer

        return SpeakerPlacer(law_db)

    def stem(self, request: StemRequest, layer: str) -> Samples:
        """The stem `(n, channels)` of the layer of that name, as effects of the stage "stem" left it."""
        treated = self.treated.get(layer)
        return self.stems[request] if treated is None else treated

    def at(self, moment: Moment) -> int:
        """The sample at which `moment` is."""
        return to_samples(self.schedule.seconds(moment), self.sample_rate)

    def cue(self, name: str) -> int:
        """The sample at which the cue or the sound's moment `name` is ("black", "voice_a.tail")."""
        return to_samples(self.schedule.named(name), self.sample_rate)

    def samples(self, duration: Moment) -> int:
        """How many samples a length of time lasts."""
        return to_samples(self.clock.duration(duration), self.sample_rate)

    def seconds(self, duration: Moment) -> float:
        """How many seconds a length of time lasts."""
        return float(self.clock.duration(duration))
