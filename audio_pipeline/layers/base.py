"""What a layer is: a table of parameters that, once the scene is known, becomes a source of samples.

To add a sound: one file in this folder with a subclass of `Layer` whose `kind` has a default, and
one test. The preset reader, the contract tests, the schema and the docs find it by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar, Literal, Protocol, Self

from pydantic import Field

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.timeline.moments import Clock, Schedule, parse_moment
from audio_pipeline.timeline.picture_lock import Line, line_in_slot
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import OFF, Pan, Parameters, Send, Time

Bus = Literal["DX", "FX", "BG"]


class Source(Protocol):
    """A sound on the timeline: a pure function of absolute time, silent outside its span.

    `render(tile)` is only ever asked for whole tiles of the grid, by any worker in any order, and
    always gives the same samples: `(len(tile), channels)` float64. It keeps nothing between calls.
    """

    @property
    def span(self) -> Span: ...

    @property
    def channels(self) -> Literal[1, 2]: ...

    def render(self, tile: Span) -> Samples: ...


class Layer(Parameters):
    """The parameters of every sound: on, bus, start, end, pan and sends.

    `at` and `until` bound it; a source may start later and end sooner, never the other way round.
    `pan` places a mono source that no effect places, and is the balance of a stereo one. `early` and
    `late` send it into the space.
    """

    speaks: ClassVar[bool] = False
    """Whether it is a voice: breath is held and the film's noise reduction opens for it."""

    pans_itself: ClassVar[bool] = False
    """Whether a stereo source is rendered with its `pan`; if not, the console sets its balance."""

    kind: str
    on: bool = Field(True, description="whether the layer is on")
    bus: Bus = Field("FX", description="bus of the layer")
    at: Time = Field(parse_moment("start"), description="start")
    until: Time = Field(parse_moment("silence"), description="latest end")
    pan: Pan = Field(0.0, description="pan of a mono sound, balance of a stereo sound")
    early: Send = Field(OFF, description="send to the early reflections of the space")
    late: Send = Field(OFF, description="send to the reverberation of the space")

    def stems(self) -> tuple[StemRequest, ...]:
        """The audio files that it needs."""
        return ()

    def tail(self, schedule: Schedule, length_s: Callable[[StemRequest], Fraction]) -> Fraction:
        """When it has ended, in exact seconds: what "name.tail" means. `length_s` knows the files."""
        return schedule.seconds(self.until)

    def slot_s(self, clock: Clock) -> Fraction | None:
        """How long the picture gives a voice for its line, in exact seconds; None: as long as it takes."""
        return None

    def in_slot_of(self, samples: int) -> Self:
        """The same voice with the length of its slot in samples, before its recording is conditioned."""
        return self

    def line(self, slot: Span, at: int, length: int) -> Line:
        """The position of a line of `length` samples in its `slot`; `at` is its start in the preset."""
        return line_in_slot(slot, at, length, "warn")

    def span(self, scene: Scene) -> Span:
        """[at, until) in samples, inside the programme."""
        start = scene.at(self.at)
        return Span(start, max(start, scene.at(self.until))).intersect(scene.programme)

    def prepare(self, scene: Scene, name: str) -> Source:
        """The source of this layer, called `name` in the preset: the name keys its noise.

        Whatever costs time and is the same for every tile is done here, once. Only here does the scene
        answer: what the source needs of it, it takes with it.
        """
        raise NotImplementedError
