"""The parts of one layer: its dry signal, and separate signals for everything that automation cannot express.

dry × automation + treble + each echo + each room = the layer's share of its bus, before the dropout
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.effects.base import Strip
from audio_pipeline.jobs.export.layer_gains import LayerGains, falls, is_gain
from audio_pipeline.layers.base import Bus
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.graph import Graph, Stage
from audio_pipeline.mixing.tile_store import MemoryTiles, TileStore
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import TILE, Span, tiles_over

DRY = "dry"
TREBLE = "treble"
PLACED = "placed"


@dataclass(frozen=True)
class PartOf:
    """The name of a part of a layer, its span and its number of channels."""

    name: str
    span: Span
    channels: int


class LayerParts:
    """The parts of the layer `name`, over the tiles of its span.

    `parts` lists them in order. In headphones a mono layer has no dry part: its position, which is not a gain,
    is rendered as the part `placed`.
    """

    def __init__(self, console: Console, name: str) -> None:
        graph = console.graph.solo(name)
        (self._group,) = graph.groups
        self._graph, self.name = graph, name
        self.bus: Bus = self._group.bus
        dropouts = falls(graph, self._group.effects)
        self.gains = LayerGains(graph, name, dropouts)
        self._rooms = self._group.effects[: len(self._group.effects) - len(dropouts)]
        self._has_dry = self.gains.direct(np.zeros(1)) is not None
        self._echoes = tuple(e for e in graph.strip_effects[name] if not is_gain(graph, e))
        self._kept = MemoryTiles()  # the source is rendered once for all parts
        self._after = [self._console(graph, self._rooms[:n]) for n in range(len(self._rooms) + 1)]
        self._echo = {e: self._console(_alone(graph, name, e), ()) for e in self._echoes}
        self.parts = tuple(self._parts())
        self.span = Span(
            min(part.span.start for part in self.parts), max(part.span.stop for part in self.parts)
        )

    def tiles(self) -> Iterator[tuple[Span, Mapping[str, Samples]]]:
        """Yield every tile of the layer's span, in order, with the samples `(TILE, channels)` of each part."""
        stages = [self._heard(console) for console in self._after]
        echoes = [self._heard(console) for console in self._echo.values()]
        for here in tiles_over(self.span):
            yield here, self._tile(here, [next(s) for s in stages], [next(e) for e in echoes])
            self._kept.forget_before(here.start // TILE + 1 - self._graph.tiles_back())

    def _tile(self, here: Span, stages: list[Samples], echoes: list[Samples]) -> Mapping[str, Samples]:
        left_over = stages[0] - sum(echoes, silence(TILE, 2))
        parts: dict[str, Samples] = {}
        if self._has_dry:
            dry = self._after[0].dry(self.name, here)
            dry[max(0, self._group.until - here.start) :] = 0.0
            direct = self.gains.direct(np.arange(here.start, here.stop, dtype=np.float64))
            assert direct is not None  # otherwise the layer has no dry part
            parts[DRY] = dry
            left_over -= dry * direct
        parts[TREBLE if self._has_dry else PLACED] = left_over
        parts |= dict(zip(self._echo, echoes, strict=True))
        for room, before, after in zip(self._rooms, stages, stages[1:], strict=False):
            parts[room] = after - before
        return parts

    def _heard(self, console: Console) -> Iterator[Samples]:
        """Yield the console's output on the layer's bus, `(TILE, 2)`, for every tile of its span."""

        def bus(buses: Mapping[Bus, Samples | None]) -> Samples:
            heard = buses[self.bus]
            return silence(TILE, 2) if heard is None else heard

        return (samples for _, samples in console.tiles(self.span, 1, bus))

    def _console(self, graph: Graph, effects: tuple[str, ...]) -> Console:
        group = graph.group_of(self.bus, (self.name,), effects, self._group.until)
        return Console(replace(graph, groups=(group,)), _Shared(self._kept))

    def _parts(self) -> Iterator[PartOf]:
        graph, until = self._graph, self._group.until
        programme = graph.scene.programme
        source = graph.sources[self.name]

        def heard(console: Console) -> Span:
            return console.graph.groups[0].span.intersect(programme)

        if self._has_dry:
            dry = Span(min(source.span.start, until), min(source.span.stop, until))
            yield PartOf(DRY, dry.intersect(programme), source.channels)
        yield PartOf(TREBLE if self._has_dry else PLACED, heard(self._after[0]), 2)
        for effect, console in self._echo.items():
            yield PartOf(effect, heard(console), 2)
        for room, console in zip(self._rooms, self._after[1:], strict=True):
            yield PartOf(room, heard(console), 2)


class _Shared:
    """A tile store for several consoles; none of them may drop tiles that another still needs."""

    def __init__(self, tiles: TileStore) -> None:
        self._tiles = tiles

    def get(self, stage: Stage, index: int, make: Callable[[], Strip]) -> Strip:
        """See `TileStore.get`."""
        return self._tiles.get(stage, index, make)

    def forget_before(self, index: int) -> None:
        """Do nothing: `LayerParts` drops the tiles for all consoles."""


def _alone(graph: Graph, name: str, effect: str) -> Graph:
    """The graph with only one strip effect, and without the layer's direct signal."""
    return replace(graph, strip_effects={name: (effect,)}, placed=frozenset({name}))
