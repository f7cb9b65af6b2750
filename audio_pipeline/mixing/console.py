"""The console: mixes the tiles of a graph onto the buses DX, FX and BG.

Every stage is a pure function of the tile's number, so tiles may be rendered by any worker in any
order. The ends of tiles are cached for look-backs as long as they may be needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from audio_pipeline.dsp.arrays import Samples, scaled, silence
from audio_pipeline.dsp.curves import balance_gains
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.effects.base import Strip, summed, total
from audio_pipeline.layers.base import Bus
from audio_pipeline.mixing.graph import Graph, Group, Stage
from audio_pipeline.mixing.tile_store import MemoryTiles, NoTiles, TileStore
from audio_pipeline.timeline.spans import TILE, Span, tile, tiles_over
from audio_pipeline.timeline.workers import in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUSES: tuple[Bus, ...] = get_args(Bus)

Mixed = TypeVar("Mixed")

EVERY_PART = range(4)
SENDS = (2, 3)
"""The parts of a strip for which a bus effect has a look-back."""


class Console:
    """Mixes the sounds of `graph`. `store` may hold tiles of earlier renders."""

    def __init__(self, graph: Graph, store: TileStore | None = None) -> None:
        self.graph = graph
        self._store: TileStore = NoTiles() if store is None else store
        self._tails: TileStore = MemoryTiles()

    def solo(self, *names: str) -> Console:
        """A console with only the named layers: their share of every bus, including all effects.

        Layers do not affect each other, so the solos of all layers sum to the mix, apart from rounding.
        Raises ValueError for a layer that does not play.
        """
        return Console(self.graph.solo(*names), self._store)

    def active_spans(self, buses: Collection[Bus] = BUSES) -> tuple[Span, ...]:
        """The spans in which `buses` may be active, in order and disjoint; elsewhere the samples are zero."""
        return self.graph.active_spans(buses)

    def bus_tile(self, index: int) -> dict[Bus, Samples | None]:
        """The buses over tile number `index`: each `(TILE, 2)`, or None for silence."""
        # bus by bus, the voices with their echoes first: they take the most memory
        return {bus: self.bus(bus, index) for bus in BUSES}

    def bus(self, bus: Bus, index: int) -> Samples | None:
        """One bus over tile number `index`, `(TILE, 2)`, or None for silence."""
        return total(self._heard(group, index) for group in self.graph.groups if group.bus == bus)

    def _heard(self, group: Group, index: int) -> Samples | None:
        """The group after all its effects, up to its end."""
        here = tile(index)
        if not group.span.meets(here):
            return None
        stereo = self._group(group, len(group.effects), index).stereo
        if stereo is not None and here.stop > group.until:
            stereo = stereo.copy(order="K")
            stereo[max(0, group.until - here.start) :] = 0.0
        return stereo

    def tiles(
        self, span: Span, workers: int, mixed: Callable[[dict[Bus, Samples | None]], Mixed]
    ) -> Iterator[tuple[Span, Mixed]]:
        """Every tile that meets `span`, in order, with the result of `mixed` for its buses.

        `workers` threads render them.
        """
        return self.each_tile(span, workers, lambda index: mixed(self.bus_tile(index)))

    def each_tile(
        self, span: Span, workers: int, of_tile: Callable[[int], Mixed]
    ) -> Iterator[tuple[Span, Mixed]]:
        """Every tile that meets `span`, in order, with the result of `of_tile` for its number.

        `workers` threads call it.
        """

        def made(here: Span) -> tuple[Span, Mixed]:
            return here, of_tile(here.start // TILE)

        tiles_back = self.graph.tiles_back()
        for here, tile_mixed in in_order(made, tiles_over(span), workers):
            for kept in (self._tails, self._store):
                kept.forget_before(here.start // TILE + 1 - tiles_back)
            yield here, tile_mixed
            del tile_mixed  # or it would stay in memory until the next tile is mixed

    def render(self, span: Span, workers: int = 1) -> Samples:
        """The sum of all buses over `span`, `(len(span), 2)`, before the programme gain."""
        out = silence(len(span), 2)
        for here, mixed in self.tiles(span, workers, lambda buses: total(buses.values())):
            if mixed is not None:
                part = here.intersect(span)
                out[part.inside(span)] = mixed[part.inside(here)]
        return out

    def dry(self, name: str, span: Span) -> Samples:
        """The samples of the layer's source over `span`, `(len(span), channels)`, without effects and pan."""
        source = self.graph.sources[name]
        out = silence(len(span), source.channels)
        for here in tiles_over(span.intersect(source.span)):
            part = here.intersect(span)
            mono, stereo, *_ = self._source(name, here.start // TILE).parts()
            samples = stereo if mono is None else mono
            if samples is not None:
                out[part.inside(span)] = samples[part.inside(here)]
        return out

    def strip(self, name: str, index: int) -> Strip:
        """The strip of one layer after its strip effects and pan, over tile number `index`."""
        return summed(self._strips(name, index))

    def _strips(self, name: str, index: int) -> Iterator[Strip]:
        """The panned layer and the outputs of its strip effects."""
        graph = self.graph
        look_back, pan_back = graph.strip_look_back(name), graph.pan_look_back(name)
        window = self._window(
            graph.source_stage(name), index, look_back, lambda i: self._source(name, i)
        )
        if name not in graph.placed:
            yield self._panned(name, window.cut(slice(look_back - pan_back, None)))
        processors = [graph.processors[effect] for effect in graph.strip_effects[name]]
        heard = [window.cut(slice(look_back - p.look_back, None)) for p in processors]
        del window  # a long window is freed before its output is added
        for processor in processors:
            yield processor.process(name, heard.pop(0), tile(index))

    def _group(self, group: Group, passed: int, index: int) -> Strip:
        """The group's strip after the first `passed` of its bus effects."""
        if passed == 0 or passed != group.kept_after:
            return self._group_made(group, passed, index)
        stage = self.graph.group_stage(group, passed)
        return self._store.get(stage, index, lambda: self._group_made(group, passed, index))

    def _group_made(self, group: Group, passed: int, index: int) -> Strip:
        graph = self.graph
        if passed == 0:
            playing = (name for name in group.layers if graph.strip_spans[name].meets(tile(index)))
            return summed(self.strip(name, index) for name in playing)
        processor = graph.processors[group.effects[passed - 1]]
        before = passed - 1
        window = self._window(
            graph.group_stage(group, before),
            index,
            processor.look_back,
            lambda i: self._group(group, before, i),
            SENDS,
        )
        return processor.process(group.bus, window, tile(index))

    def _source(self, name: str, index: int) -> Strip:
        """A layer's source, not panned. A recording is not cached again: its stem is in memory."""
        if not self.graph.sources[name].span.meets(tile(index)):
            return Strip()
        if self.graph.layers[name].stems():
            return self._source_made(name, index)
        stage = self.graph.source_stage(name)
        return self._store.get(stage, index, lambda: self._source_made(name, index))

    def _source_made(self, name: str, index: int) -> Strip:
        source = self.graph.sources[name]
        samples = source.render(tile(index))
        return Strip(mono=samples) if source.channels == 1 else Strip(stereo=samples)

    def _panned(self, name: str, strip: Strip) -> Strip:
        layer = self.graph.layers[name]
        stereo = strip.stereo
        if strip.mono is not None:
            stereo = self.graph.placer.place(strip.mono[:, 0], np.array([layer.pan]))
        elif stereo is not None and layer.pan != 0.0 and not layer.pans_itself:
            stereo = stereo * balance_gains(layer.pan)
        if stereo is None:
            return Strip()
        early, late = gain_from_db(layer.early), gain_from_db(layer.late)
        return Strip(
            stereo=stereo,
            early=scaled(stereo, early) if early > 0.0 else None,
            late=scaled(stereo, late) if late > 0.0 else None,
        )

    def _window(
        self,
        stage: Stage,
        index: int,
        look_back: int,
        make: Callable[[int], Strip],
        wanted: Sequence[int] = EVERY_PART,
    ) -> Strip:
        """A strip over `[tile.start − look_back, tile.stop)`, joined from complete tiles.

        Only the `wanted` parts cover that span; other parts cover the tile alone. Of each tile only the
        end that a look-back can reach is cached, under `stage`.
        """
        if look_back == 0:
            return make(index)
        tail = min(TILE, look_back)
        own: list[Strip] = []

        def end_of(strip: Strip) -> Strip:
            """Its last `tail` samples; parts that are not wanted are not cached."""
            parts = enumerate(strip.parts())
            return Strip(*(part if n in wanted else None for n, part in parts)).end(tail)

        def own_tail() -> Strip:
            own.append(make(index))
            return end_of(own[0])

        def tail_of(i: int) -> Strip:
            return self._tails.get(stage, i, lambda: end_of(make(i)))

        # its own tile first: other workers may wait for its tail while this one waits for theirs
        self._tails.get(stage, index, own_tail)
        here = own[0] if own else make(index)
        tiles_back = -(-look_back // TILE)
        before = [tail_of(i) for i in range(index - tiles_back, index)]
        lengths = [tail] * tiles_back + [TILE]
        skip = sum(lengths) - TILE - look_back
        every = [strip.parts() for strip in (*before, here)]
        return Strip(
            *(
                _joined([parts[n] for parts in every], lengths, skip) if n in wanted else every[-1][n]
                for n in EVERY_PART
            )
        )


def _joined(parts: list[NDArray[Any] | None], lengths: list[int], skip: int) -> NDArray[Any] | None:
    """The concatenation of `parts` without the first `skip` samples; None is silence; None if all are None."""
    known = next((part for part in parts if part is not None), None)
    if known is None:
        return None
    joined = np.empty((known.shape[1], sum(lengths) - skip), known.dtype).T
    stop = -skip
    for part, length in zip(parts, lengths, strict=True):
        start, stop = max(0, stop), stop + length
        joined[start:stop] = 0.0 if part is None else part[length - (stop - start) :]
    return joined
