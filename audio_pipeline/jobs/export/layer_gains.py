"""The automation of a layer: the gains of left and right from its dry signal to its direct signal.

Pan, level, crossfade, fades, the level of an approach and the dropout are gains. Treble, rooms, echoes and the
position in headphones are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import balance_gains, pan_gains
from audio_pipeline.dsp.placement import SpeakerPlacer
from audio_pipeline.effects.approach import ApproachProcessor
from audio_pipeline.effects.crossfade import CrossfadeProcessor
from audio_pipeline.effects.dropout import DropoutProcessor
from audio_pipeline.mixing.graph import Graph
from audio_pipeline.records import dataclass


def falls(graph: Graph, effects: Sequence[str]) -> tuple[str, ...]:
    """The dropouts at the end of a chain of bus effects, whose gain applies to all parts of a layer."""
    found: list[str] = []
    for name in reversed(effects):
        if not isinstance(graph.processors[name], DropoutProcessor):
            break
        found.insert(0, name)
    return tuple(found)


def is_gain(graph: Graph, effect: str) -> bool:
    """Whether a strip effect is automation, apart from its treble."""
    return isinstance(graph.processors[effect], CrossfadeProcessor | ApproachProcessor)


@dataclass(frozen=True)
class LayerGains:
    """The gains of one layer of a graph. `dropouts` are the bus effects that `falls` returns."""

    graph: Graph
    name: str
    dropouts: tuple[str, ...]

    def direct(self, sample: Samples) -> Samples | None:
        """The gains of left and right, `(n, 2)`, before the dropout; None when a part is not a gain."""
        graph, name = self.graph, self.name
        channels = graph.sources[name].channels
        parts = [] if name in graph.placed else [self._panned(sample)]
        for effect in graph.strip_effects[name]:
            processor = graph.processors[effect]
            if isinstance(processor, CrossfadeProcessor):
                parts.append(processor.gains(name, sample))
            elif isinstance(processor, ApproachProcessor):
                parts.append(processor.gains(sample, channels))
        total = np.zeros((len(sample), 2))
        for part in parts:
            if part is None:
                return None
            total += part
        return np.maximum(total, 0.0)

    def after(self, sample: Samples) -> Samples:
        """The gain of the dropouts, `(n,)`."""
        gain = np.ones(len(sample))
        for name in self.dropouts:
            processor = self.graph.processors[name]
            assert isinstance(processor, DropoutProcessor)
            gain = gain * processor.gain_at(sample)
        return gain

    def _panned(self, sample: Samples) -> Samples | None:
        layer, placer = self.graph.layers[self.name], self.graph.placer
        ones = np.ones((len(sample), 1))
        if self.graph.sources[self.name].channels == 2:
            return ones * (np.ones(2) if layer.pans_itself else balance_gains(layer.pan))
        if not isinstance(placer, SpeakerPlacer):
            return None
        return ones * pan_gains(np.array([layer.pan]), placer.law_db)
