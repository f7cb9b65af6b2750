"""The console: sources through effects onto the buses DX, FX and BG, a tile at a time.

    source ─▶ strip effects ─▶ Σ over a group ─▶ bus effects ─▶ bus
              (crossfade, echo)  (one bus, same    (space, dropout)
                                  bus effects)

Every stage is a pure function of the tile's number, so tiles may be made by any worker in any order;
what a look-back needs again is remembered while it can be asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from audio_pipeline.dsp.arrays import Samples, scaled, silence
from audio_pipeline.dsp.curves import balance_gains, db_at_half_power
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.effects.base import Effect, Processor, Strip, summed, total
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Bus, Layer, Source
from audio_pipeline.memo.tracing import Memo
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import TILE, Span, tile, tiles_over
from audio_pipeline.timeline.workers import in_order, run_concurrently
from audio_pipeline.units import OFF

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_LOOK_BACK_S = 180
"""What an effect may ask to hear again; every second takes a megabyte and a half of each layer."""

BUSES: tuple[Bus, ...] = get_args(Bus)

Mixed = TypeVar("Mixed")

EVERY_PART = range(4)
SENDS = (2, 3)
"""What a bus effect looks back at, of the parts of a strip."""


@dataclass(frozen=True)
class Group:
    """Layers of one bus that pass through the same bus effects; from sample `until` all are silent.

    They sound in `span`, tails and all.
    """

    bus: Bus
    layers: tuple[str, ...]
    effects: tuple[str, ...]
    until: int
    span: Span


class Console:
    """All sounds of one scene, prepared. `bus_tile` is what it is for."""

    def __init__(
        self,
        scene: Scene,
        layers: dict[str, Layer],
        effects: dict[str, Effect],
        memo: Memo | None = None,
    ) -> None:
        """Prepare `layers` and `effects`: those that are on, effects in the order they work in.

        With `memo`, what was made before is not made again.
        """
        self.scene = scene
        self.layers = layers
        self._memo = memo

        def processors() -> dict[str, Processor]:
            return {n: memo.processor(e, n) if memo else e.prepare(scene, n) for n, e in effects.items()}

        with run_concurrently(processors) as prepared:
            self.sources: dict[str, Source] = {
                n: memo.source(la, n) if memo else la.prepare(scene, n) for n, la in layers.items()
            }
        self.processors = prepared.result()
        for effect, processor in self.processors.items():
            if processor.look_back > MAX_LOOK_BACK_S * scene.sample_rate:
                back_s = processor.look_back / scene.sample_rate
                raise PresetError(
                    f"{effect} looks {back_s:.0f} s back; at most {MAX_LOOK_BACK_S} s are remembered",
                    hint="Shorten its gaps and words, or let it return less often.",
                )
        self._strip_effects = {
            name: tuple(e for e, x in effects.items() if x.stage == "strip" and x.works_on(name))
            for name in layers
        }
        self._placer = scene.placer(db_at_half_power())
        self._placed = {n: any(effects[e].places for e in es) for n, es in self._strip_effects.items()}
        self._spans = {name: self._strip_span(name) for name in layers}
        self.groups = self._grouped(effects)
        self._tiles_back = self._reach()
        self._remembered = _Memory()

    def solo(self, *names: str) -> Console:
        """The same console with those layers alone: their share of every bus, all effects included.

        No layer moves another, so the solos of all layers sum to the mix but for rounding. Raises
        ValueError for a layer that does not play.
        """
        for name in names:
            if name not in self.layers:
                raise ValueError(f"{name!r} does not play; there are: {', '.join(self.layers)}")
        alone = copy(self)
        kept = ((group, tuple(n for n in group.layers if n in names)) for group in self.groups)
        alone.groups = tuple(self._group_of(g.bus, ls, g.effects, g.until) for g, ls in kept if ls)
        alone.layers = {name: layer for name, layer in self.layers.items() if name in names}
        alone._remembered = _Memory()
        return alone

    def active_spans(self) -> tuple[Span, ...]:
        """Where anything may sound, as spans in order that do not meet; elsewhere all is zero."""
        merged: list[Span] = []
        for span in sorted(group.span for group in self.groups):
            heard = span.intersect(self.scene.programme)
            if merged and heard.start <= merged[-1].stop:
                merged[-1] = Span(merged[-1].start, max(merged[-1].stop, heard.stop))
            elif len(heard):
                merged.append(heard)
        return tuple(merged)

    def bus_tile(self, index: int) -> dict[Bus, Samples | None]:
        """The buses over tile number `index`: each `(TILE, 2)`, or None where it is silent."""
        heard: dict[Bus, list[Samples | None]] = {bus: [] for bus in BUSES}
        for group in self.groups:
            if group.span.meets(tile(index)):
                stereo = self._group(group, len(group.effects), index).stereo
                if stereo is not None and tile(index).stop > group.until:
                    stereo = stereo.copy(order="K")
                    stereo[max(0, group.until - tile(index).start) :] = 0.0
                heard[group.bus].append(stereo)
        return {bus: total(parts) for bus, parts in heard.items()}

    def tiles(
        self, span: Span, workers: int, mixed: Callable[[dict[Bus, Samples | None]], Mixed]
    ) -> Iterator[tuple[Span, Mixed]]:
        """Every tile that meets `span` with what `mixed` makes of its buses, in order, made by `workers`
        threads."""

        def made(here: Span) -> tuple[Span, Mixed]:
            return here, mixed(self.bus_tile(here.start // TILE))

        for here, tile_mixed in in_order(made, tiles_over(span), workers):
            self._remembered.forget_before(here.start // TILE + 1 - self._tiles_back)
            yield here, tile_mixed

    def render(self, span: Span, workers: int = 1) -> Samples:
        """All buses together over `span`, `(len(span), 2)`: what it sounds like before the one gain."""
        out = silence(len(span), 2)
        for here, mixed in self.tiles(span, workers, lambda buses: total(buses.values())):
            if mixed is not None:
                part = here.intersect(span)
                out[part.inside(span)] = mixed[part.inside(here)]
        return out

    def dry(self, name: str, span: Span) -> Samples:
        """What the layer's source gives over `span`, `(len(span), channels)`: no effect, no place."""
        source = self.sources[name]
        out = silence(len(span), source.channels)
        for here in tiles_over(span.intersect(source.span)):
            part = here.intersect(span)
            out[part.inside(span)] = source.render(here)[part.inside(here)]
        return out

    def _reach(self) -> int:
        """How many tiles behind a tile that is being made may still be asked for."""
        strip = max((self._back(es) for es in self._strip_effects.values()), default=0)
        bus = max((self._bus_reach(group) for group in self.groups), default=0)
        return -(-strip // TILE) + bus

    def _bus_reach(self, group: Group) -> int:
        return sum(-(-self.processors[name].look_back // TILE) for name in group.effects)

    def _back(self, names: tuple[str, ...]) -> int:
        return max((self.processors[name].look_back for name in names), default=0)

    def _pan_back(self, name: str) -> int:
        return self._placer.look_back if self.sources[name].channels == 1 else 0

    def _group_of(
        self, bus: Bus, layers: tuple[str, ...], effects: tuple[str, ...], until: int
    ) -> Group:
        spans = [self._spans[name] for name in layers]
        whole = Span(min(s.start for s in spans), max(s.stop for s in spans))
        for name in effects:
            whole = self.processors[name].active_span(whole)
        span = Span(min(whole.start, until), min(whole.stop, until))
        return Group(bus, layers, effects, until, span)

    def _strip_span(self, name: str) -> Span:
        span = self.sources[name].span
        after = [self.processors[e].active_span(span) for e in self._strip_effects[name]]
        panned = span.stop if self._placed[name] else span.stop + self._pan_back(name)
        return Span(span.start, max([panned, *(s.stop for s in after)]))

    def _grouped(self, effects: dict[str, Effect]) -> tuple[Group, ...]:
        """Layers that begin before the cue `silence` end there, tails and all; later ones at the end."""
        end = self.scene.programme.stop
        silence_at = self.scene.cue("silence") if "silence" in self.scene.schedule.define else end
        members: dict[tuple[Bus, tuple[str, ...], int], list[str]] = {}
        for name, layer in self.layers.items():
            names = tuple(e for e, x in effects.items() if x.stage == "bus" and self._hears(x, name))
            until = silence_at if self.sources[name].span.start < silence_at else end
            members.setdefault((layer.bus, names, until), []).append(name)
        return tuple(
            self._group_of(bus, tuple(names), effects, until)
            for (bus, effects, until), names in members.items()
        )

    def _hears(self, effect: Effect, name: str) -> bool:
        layer = self.layers[name]
        sends = layer.early > OFF or layer.late > OFF or bool(self._strip_effects[name])
        return effect.works_on(name) and (sends or not effect.hears_sends_only)

    def _group(self, group: Group, stage: int, index: int) -> Strip:
        """The group's strip after its first `stage` bus effects, recalled where it is worth it."""
        if self._memo is None or stage == 0 or stage != self._last_that_looks_back(group):
            return self._group_made(group, stage, index)
        strips = [[name, *self._strip_effects[name]] for name in group.layers]
        effects = group.effects[:stage]
        return self._memo.strip(
            [group.bus, strips, effects],
            [*(name for names in strips for name in names), *effects],
            index,
            lambda: self._group_made(group, stage, index),
        )

    def _last_that_looks_back(self, group: Group) -> int:
        """How many bus effects there are up to it; what comes after is as quickly made as read."""
        return max(
            (n for n, e in enumerate(group.effects, 1) if self.processors[e].look_back), default=0
        )

    def _group_made(self, group: Group, stage: int, index: int) -> Strip:
        if stage == 0:
            playing = (name for name in group.layers if self._spans[name].meets(tile(index)))
            return summed(self._strip(name, index) for name in playing)
        processor = self.processors[group.effects[stage - 1]]
        before = (group, stage - 1)
        window = self._window(
            before, index, processor.look_back, lambda i: self._group(group, stage - 1, i), SENDS
        )
        return processor.process(group.bus, window, tile(index))

    def _strip(self, name: str, index: int) -> Strip:
        """One layer after its strip effects, placed."""
        effects = self._strip_effects[name]
        pan_back = 0 if self._placed[name] else self._pan_back(name)
        longest = max(self._back(effects), pan_back)
        window = self._window(name, index, longest, lambda i: self._raw(name, i))
        made = []
        if not self._placed[name]:
            made.append(self._panned(name, window.cut(slice(longest - pan_back, None))))
        for effect in effects:
            processor = self.processors[effect]
            heard = window.cut(slice(longest - processor.look_back, None))
            made.append(processor.process(name, heard, tile(index)))
        return summed(made)

    def _raw(self, name: str, index: int) -> Strip:
        source = self.sources[name]
        if not source.span.meets(tile(index)):
            return Strip()
        samples = source.render(tile(index))
        return Strip(mono=samples) if source.channels == 1 else Strip(stereo=samples)

    def _panned(self, name: str, strip: Strip) -> Strip:
        layer = self.layers[name]
        stereo = strip.stereo
        if strip.mono is not None:
            stereo = self._placer.place(strip.mono[:, 0], np.array([layer.pan]))
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
        key: object,
        index: int,
        look_back: int,
        make: Callable[[int], Strip],
        wanted: Sequence[int] = EVERY_PART,
    ) -> Strip:
        """A strip over `[tile.start − look_back, tile.stop)`, put together from whole tiles: those parts
        that are `wanted` so, others over the tile alone.

        Of each tile only the end that can be looked back at is remembered, under `key`.
        """
        if look_back == 0:
            return make(index)
        own: list[Strip] = []

        def tail(i: int) -> Strip:
            strip = make(i)
            if i == index:
                own.append(strip)
            return strip.end(min(TILE, look_back))

        # its own tile first: others may wait for its tail while this one waits for theirs
        self._remembered.get((key, index), index, partial(tail, index))
        here = own[0] if own else make(index)
        tiles_back = -(-look_back // TILE)
        before = [
            self._remembered.get((key, i), i, partial(tail, i)) for i in range(index - tiles_back, index)
        ]
        lengths = [min(TILE, look_back)] * tiles_back + [TILE]
        skip = sum(lengths) - TILE - look_back
        every = [strip.parts() for strip in (*before, here)]
        return Strip(
            *(
                _joined([parts[n] for parts in every], lengths, skip) if n in wanted else every[-1][n]
                for n in EVERY_PART
            )
        )


def _joined(parts: list[NDArray[Any] | None], lengths: list[int], skip: int) -> NDArray[Any] | None:
    """`parts` one after the other, less the first `skip` samples; None is silence, as is all of None."""
    known = next((part for part in parts if part is not None), None)
    if known is None:
        return None
    joined = np.empty((known.shape[1], sum(lengths) - skip), known.dtype).T
    stop = -skip
    for part, length in zip(parts, lengths, strict=True):
        start, stop = max(0, stop), stop + length
        joined[start:stop] = 0.0 if part is None else part[length - (stop - start) :]
    return joined


class _Memory:
    """What was made for a tile, made once even when two workers ask for it at the same time.

    Waiting cannot go in a circle: a tile only ever waits for earlier tiles and earlier stages.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[object, tuple[int, Future[Strip]]] = {}

    def get(self, key: object, index: int, make: Callable[[], Strip]) -> Strip:
        with self._lock:
            known = self._made.get(key)
            if known is None:
                future: Future[Strip] = Future()
                self._made[key] = (index, future)
        if known is not None:
            return known[1].result()
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)
            raise
        return future.result()

    def forget_before(self, index: int) -> None:
        with self._lock:
            self._made = {k: v for k, v in self._made.items() if v[0] >= index}
