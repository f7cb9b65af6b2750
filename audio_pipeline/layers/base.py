"""The base class of layers: a table of parameters that, given a scene, returns a source of samples.

To add a sound: one file in this folder with a subclass of `Layer` whose `kind` has a default, and one
test. The preset reader, the contract tests, the schema and the docs find it automatically.
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

    `render(tile)` is called only with complete tiles of the grid, by any worker in any order, and
    always returns the same samples: `(len(tile), channels)` float64. A source keeps no state between
    calls.

    A source may have `fixed_until`, the first sample whose value depends on the end of the layer's
    `span(scene)`: when that end moves, the tiles before are still read from the cache.
    """

    @property
    def span(self) -> Span: ...

    @property
    def channels(self) -> Literal[1, 2]: ...

    def render(self, tile: Span) -> Samples: ...


class Layer(Parameters):
    """The parameters of every sound: on, bus, start, end, pan and sends.

    `at` and `until` are its bounds: a source may start later and end sooner, never earlier or later
    than them. `pan` is the position of a mono source that no effect moves, and the balance of a stereo
    one. `early` and `late` are its sends to the space.
    """

    speaks: ClassVar[bool] = False
    """Whether the layer is a voice: breath is held for it and the film's noise reduction opens."""

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
        """The audio files that the layer needs."""
        return ()

    def tail(self, schedule: Schedule, length_s: Callable[[StemRequest], Fraction]) -> Fraction:
        """The value of "name.tail", the layer's end in exact seconds; `length_s` returns a file's length."""
        return schedule.seconds(self.until)

    def slot_s(self, clock: Clock) -> Fraction | None:
        """The slot of a voice's line in exact seconds; None: the line has no slot."""
        return None

    def in_slot_of(self, samples: int) -> Self:
        """A copy of the voice with the length of its slot in samples, for conditioning its recording."""
        return self

    def line(self, slot: Span, at: int, length: int) -> Line:
        """The position of a line of `length` samples in its `slot`; `at` is its start in the preset."""
        return line_in_slot(slot, at, length, "warn")

    def span(self, scene: Scene) -> Span:
        """The span [at, until) in samples, inside the programme."""
        return scene.span(self.at, self.until)

    def prepare(self, scene: Scene, name: str) -> Source:
        """The source of this layer; `name` is its name in the preset and the key of its noise.

        Work that is slow and the same for every tile is done here, once. The scene may be read only
        here: the source stores what it needs of it.
        """
        raise NotImplementedError
