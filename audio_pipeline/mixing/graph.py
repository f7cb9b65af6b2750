"""The graph of one scene: prepared sounds, the effects of each layer, and their active spans.

    source ─▶ strip effects ─▶ Σ over a group ─▶ bus effects ─▶ bus
              (crossfade, echo)  (one bus, same    (space, dropout)
                                  bus effects)

The graph describes the mix; the console renders it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from typing import Protocol, get_args

from audio_pipeline.dsp.curves import db_at_half_power
from audio_pipeline.dsp.placement import Placer
from audio_pipeline.effects.base import Effect, Processor
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Bus, Layer, Source
from audio_pipeline.memo.sounds import PreparedSounds, acts_from
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import TILE, Span
from audio_pipeline.timeline.workers import run_concurrently
from audio_pipeline.units import OFF

MAX_LOOK_BACK_S = 180
"""Limit of an effect's look-back; every second takes 1.5 MB for each layer."""


class Sounds(Protocol):
    """Prepares the sounds of one scene."""

    def source(self, layer: Layer, name: str) -> Source: ...

    def processor(self, effect: Effect, name: str) -> Processor: ...


@dataclass(frozen=True)
class Group:
    """Layers of one bus that pass through the same bus effects; from sample `until` on all are silent.

    `span` is their active span, including tails. After the first `kept_after` of its effects a tile
    takes longer to render than to read, so it is cached there; 0: nowhere.
    """

    bus: Bus
    layers: tuple[str, ...]
    effects: tuple[str, ...]
    until: int
    span: Span
    kept_after: int


@dataclass(frozen=True)
class Stage:
    """A point of the graph, identified by the sounds that its samples come from, in exact order.

    `strips` holds each layer's name and the names of its strip effects. Without a `bus` it is a single
    source; with one, the strips are panned, summed and processed by `effects`.
    """

    strips: tuple[tuple[str, ...], ...]
    bus: Bus | None = None
    effects: tuple[str, ...] = ()

    def sounds(self) -> tuple[str, ...]:
        """The names of all sounds that its samples come from."""
        return (*(name for strip in self.strips for name in strip), *self.effects)


@dataclass(frozen=True)
class SumStage:
    """A term of a sum of buses over one tile: a group's last stage, silent from sample `until` on."""

    stage: Stage
    until: int


@dataclass(frozen=True)
class Graph:
    """The sounds of one scene and their connections; see `build_graph`.

    `strip_effects` holds the strip effects of each layer, `strip_spans` its active span after them;
    `placed` are the layers that a strip effect pans; the console pans all others by `placer`.
    """

    scene: Scene
    layers: Mapping[str, Layer]
    sources: Mapping[str, Source]
    processors: Mapping[str, Processor]
    strip_effects: Mapping[str, tuple[str, ...]]
    placed: frozenset[str]
    placer: Placer
    strip_spans: Mapping[str, Span] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    def solo(self, *names: str) -> Graph:
        """A graph with only the named layers. Raises ValueError for a layer that does not play."""
        for name in names:
            if name not in self.layers:
                raise ValueError(f"{name!r} does not play; there are: {', '.join(self.layers)}")
        kept = ((group, tuple(n for n in group.layers if n in names)) for group in self.groups)
        return replace(
            self,
            layers={name: layer for name, layer in self.layers.items() if name in names},
            groups=tuple(
                self.group_of(g.bus, layers, g.effects, g.until) for g, layers in kept if layers
            ),
        )

    def active_spans(self, buses: Collection[Bus] = get_args(Bus)) -> tuple[Span, ...]:
        """The spans in which `buses` may be active, in order and disjoint; elsewhere the samples are zero."""
        merged: list[Span] = []
        for span in sorted(group.span for group in self.groups if group.bus in buses):
            heard = span.intersect(self.scene.programme)
            if merged and heard.start <= merged[-1].stop:
                merged[-1] = Span(merged[-1].start, max(merged[-1].stop, heard.stop))
            elif len(heard):
                merged.append(heard)
        return tuple(merged)

    def source_stage(self, name: str) -> Stage:
        """The stage of a layer's source."""
        return Stage(((name,),))

    def group_stage(self, group: Group, passed: int) -> Stage:
        """The stage of a group after the first `passed` of its effects."""
        strips = tuple((name, *self.strip_effects[name]) for name in group.layers)
        return Stage(strips, group.bus, group.effects[:passed])

    def sum_stages(self, buses: Collection[Bus], here: Span) -> tuple[SumStage, ...]:
        """The stages that the sum of `buses` over the tile `here` comes from, in their order.

        They contain only the effects that may change a sample before the end of the tile.
        """

        def acts(effect: str) -> bool:
            first = acts_from(self.processors[effect])
            return first is None or first < here.stop

        return tuple(
            SumStage(
                replace(self.group_stage(group, 0), effects=tuple(filter(acts, group.effects))),
                min(here.stop, group.until),
            )
            for bus in buses
            for group in self.groups
            if group.bus == bus and group.span.meets(here)
        )

    def group_of(self, bus: Bus, layers: tuple[str, ...], effects: tuple[str, ...], until: int) -> Group:
        """The group of the given layers and bus effects."""
        spans = [self.strip_spans[name] for name in layers]
        whole = Span(min(s.start for s in spans), max(s.stop for s in spans))
        for name in effects:
            whole = self.processors[name].active_span(whole)
        span = Span(min(whole.start, until), min(whole.stop, until))
        looking_back = (n for n, e in enumerate(effects, 1) if self.processors[e].look_back)
        return Group(bus, layers, effects, until, span, kept_after=max(looking_back, default=0))

    def pan_look_back(self, name: str) -> int:
        """The look-back of the console's pan in samples; 0 for a layer that it does not pan."""
        if name in self.placed or self.sources[name].channels != 1:
            return 0
        return self.placer.look_back

    def strip_look_back(self, name: str) -> int:
        """The look-back of a layer's strip, in samples of its source."""
        effects = (self.processors[effect].look_back for effect in self.strip_effects[name])
        return max(self.pan_look_back(name), *effects, 0)

    def tiles_back(self) -> int:
        """The number of tiles before the current one whose ends may still be needed.

        The longest look-back of one stage, not their sum: a tile that is mixed has made the ends of all its
        stages.
        """
        strips = (self.strip_look_back(name) for name in self.layers)
        buses = (self.processors[name].look_back for group in self.groups for name in group.effects)
        return _tiles(max((*strips, *buses), default=0))


def build_graph(
    scene: Scene,
    layers: Mapping[str, Layer],
    effects: Mapping[str, Effect],
    sounds: Sounds | None = None,
) -> Graph:
    """The graph of `layers` and `effects`: those that are on, effects in processing order.

    `sounds` prepares them; without it all are prepared immediately. Raises PresetError for an effect
    with too long a look-back, and the errors of a sound's `prepare`.
    """
    sounds = PreparedSounds(scene) if sounds is None else sounds

    def processors() -> dict[str, Processor]:
        return {name: sounds.processor(effect, name) for name, effect in effects.items()}

    with run_concurrently(processors) as prepared:
        sources = {name: sounds.source(layer, name) for name, layer in layers.items()}
    strip_effects = {
        name: tuple(
            e for e, effect in effects.items() if effect.stage == "strip" and effect.works_on(name)
        )
        for name in layers
    }
    graph = Graph(
        scene,
        layers,
        sources,
        _within_reach(prepared.result(), scene.sample_rate),
        strip_effects,
        frozenset(n for n, es in strip_effects.items() if any(effects[e].places for e in es)),
        scene.placer(db_at_half_power()),
    )
    graph = replace(graph, strip_spans={name: _strip_span(graph, name) for name in layers})
    return replace(graph, groups=_groups(graph, effects))


def _within_reach(processors: dict[str, Processor], sample_rate: int) -> dict[str, Processor]:
    for effect, processor in processors.items():
        if processor.look_back > MAX_LOOK_BACK_S * sample_rate:
            back_s = processor.look_back / sample_rate
            raise PresetError(
                f"{effect} needs the last {back_s:.0f} s of its input; the maximum is {MAX_LOOK_BACK_S} s",
                hint="Shorten its gaps and words, or let it return less often.",
            )
    return processors


def _strip_span(graph: Graph, name: str) -> Span:
    span = graph.sources[name].span
    after = [graph.processors[e].active_span(span).stop for e in graph.strip_effects[name]]
    return Span(span.start, max(span.stop + graph.pan_look_back(name), *after, 0))


def _groups(graph: Graph, effects: Mapping[str, Effect]) -> tuple[Group, ...]:
    """The groups: layers that begin before the cue `silence` end there, including tails; others at the end."""
    scene = graph.scene
    end = scene.programme.stop
    silence_at = scene.cue("silence") if "silence" in scene.schedule.define else end
    members: dict[tuple[Bus, tuple[str, ...], int], list[str]] = {}
    for name, layer in graph.layers.items():
        names = tuple(e for e, x in effects.items() if x.stage == "bus" and _hears(x, name, graph))
        until = silence_at if graph.sources[name].span.start < silence_at else end
        members.setdefault((layer.bus, names, until), []).append(name)
    return tuple(
        graph.group_of(bus, tuple(names), bus_effects, until)
        for (bus, bus_effects, until), names in members.items()
    )


def _hears(effect: Effect, name: str, graph: Graph) -> bool:
    """Whether a bus effect works on a layer; an effect on sends needs a send of the layer or a strip effect."""
    layer = graph.layers[name]
    sends = layer.early > OFF or layer.late > OFF or bool(graph.strip_effects[name])
    return effect.works_on(name) and (sends or not effect.hears_sends_only)


def _tiles(samples: int) -> int:
    """The number of complete tiles that contain `samples`."""
    return -(-samples // TILE)
