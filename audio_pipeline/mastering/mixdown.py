"""The mix at its gains and under its ceiling, tile by tile, and each stem under the same ceiling.

The ceiling applies the same gain to the master and to every stem, so that the stems sum to the master.
A stem may be louder than the master, because buses can cancel each other. The ceiling therefore also
keeps every stem below full scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.ceiling import Ceiling, Held, highest_channel
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mastering.premaster import Premaster
from audio_pipeline.metering.peak_bounds import BLOCK, BlockPeaks, blocks_of
from audio_pipeline.mixing.session import Session
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import TILE, Span, tiles_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

Part = Literal["mix", "dialogue"]
"""The signal whose loudness is measured: the complete mix, or the bus DX alone."""

_BELOW_FULL_SCALE_STEPS = 3
"""Margin of a stem below full scale: rounding and dither change a sample by 1.5 steps."""


@dataclass(frozen=True)
class Mixdown:
    """A premaster at `gains`; `limiter` is the ceiling of the master, `full_scale` the ceiling of the stems."""

    premaster: Premaster
    gains: Gains
    limiter: Ceiling
    full_scale: float

    def tiles_that_may_be_held(self, programme: Span) -> list[Span]:
        """The tiles that the ceiling may affect, by peak bounds alone."""
        passing = self._blocks_that_may_pass()
        return [tile for tile in tiles_over(programme) if passing[blocks_of(self._wide(tile))].any()]

    def held(self, tile: Span) -> Held | None:
        """The gains of the ceiling over a complete tile; None where it does not act.

        They do not depend on the part of the tile that is rendered.
        """
        wide = self._wide(tile)
        dialogue, rest = self._dialogue(wide), self._rest(wide)
        loud, overshoot = _sum(dialogue, rest), self._overshoot([dialogue, rest])
        held = self.limiter.held(loud, overshoot)
        own = rest[self.limiter.halo : -self.limiter.halo]
        passing = self._buses_that_pass(tile, own, None if held is None else held.gain)
        if not passing:
            return held
        buses = [self._bus(bus, wide) for bus in passing]
        return self.limiter.held(loud, self._overshoot([dialogue, rest, *buses]))

    def peaks(self) -> BlockPeaks:
        """Upper bounds of the peaks of the mix, block by block, before the ceiling."""
        programme = self.gains.of_programme
        of_dialogue = self.gains.of_dialogue * programme
        return self.premaster.dialogue_peaks.mixed(self.premaster.rest_peaks, of_dialogue, programme)

    def part(self, name: Part, span: Span) -> Samples:
        """The mix or DX over `span`, `(len(span), 2)`, before the ceiling."""
        dialogue = self._dialogue(span)
        if name == "mix":
            return _sum(dialogue, self._rest(span))
        return silence(len(span), 2) if dialogue is None else dialogue

    def stems(self, span: Span) -> Mapping[str, Callable[[], Samples]]:
        """Functions that return each stem over `span`, `(len(span), 2)`, before the ceiling."""
        return {
            "DX": lambda: self.part("dialogue", span),
            "FX": lambda: self._bus("FX", span),
            "BG": lambda: self._bus("BG", span),
            "ME": lambda: self._rest(span),
        }

    def _wide(self, tile: Span) -> Span:
        return Span(tile.start - self.limiter.halo, tile.stop + self.limiter.halo)

    def _dialogue(self, span: Span) -> Samples | None:
        samples = self.premaster.dialogue_at(span, self.gains)
        return None if samples is None else self._at_programme_gain(samples)

    def _rest(self, span: Span) -> Samples:
        return self._at_programme_gain(self.premaster.rest_at(span))

    def _bus(self, bus: Bus, span: Span) -> Samples:
        return self._at_programme_gain(self.premaster.bus(bus, span))

    def _at_programme_gain(self, samples: Samples) -> Samples:
        if self.gains.programme_db != 0.0:
            samples *= self.gains.of_programme
        return samples

    def _blocks_that_may_pass(self) -> NDArray[np.bool_]:
        """Whether the master may exceed its ceiling, or a stem full scale, in each block, `(blocks,)`."""
        premaster, programme = self.premaster, self.gains.of_programme
        of_dialogue = self.gains.of_dialogue * programme
        passing = self.peaks().may_pass(self.limiter.limit)
        passing |= of_dialogue * premaster.dialogue_peaks.largest > self.full_scale
        passing |= programme * premaster.rest_peaks.largest > self.full_scale
        for bus in self._loud_buses():
            passing |= premaster.largest[bus] * programme > self.full_scale
        return passing

    def _loud_buses(self) -> list[Bus]:
        """The buses that exceed full scale somewhere; the rest, which is their sum, may not exceed it."""
        largest = self.premaster.largest
        if len(largest) < 2:  # a single bus is the rest
            return []
        programme = self.gains.of_programme
        return [bus for bus, peak in largest.items() if float(peak.max()) * programme > self.full_scale]

    def _buses_that_pass(self, tile: Span, rest: Samples, gain: Samples | None) -> list[Bus]:
        """The buses that may exceed full scale in a tile with the master's `gain`.

        A bus is at most as high as its block, and at most as high as the sum of the rest and the other
        bus.
        """
        return [
            bus for bus in self._loud_buses() if self._bound(bus, tile, rest, gain) > self.full_scale
        ]

    def _bound(self, bus: Bus, tile: Span, rest: Samples, gain: Samples | None) -> float:
        """An upper bound of the samples of a bus in a tile with the ceiling's `gain`."""
        largest, programme = self.premaster.largest, self.gains.of_programme
        own, others = (
            np.repeat(np.pad(peaks, (0, TILE // BLOCK))[blocks_of(tile)], BLOCK) * programme
            for peaks in (largest[bus], sum(peaks for of, peaks in largest.items() if of != bus))
        )
        bound = np.minimum(own, highest_channel(np.abs(rest)) + others)
        return float((bound if gain is None else bound * gain).max())

    def _overshoot(self, stems: Sequence[Samples | None]) -> Samples | None:
        """The ratio of the highest stem to full scale, `(n,)`; None if no stem is higher."""
        heard = [stem for stem in stems if stem is not None]
        loud = [stem for stem in heard if max(float(stem.max()), -float(stem.min())) > self.full_scale]
        if not loud:
            return None
        peaks = np.max([highest_channel(np.abs(stem)) for stem in loud], axis=0)
        overshoot: Samples = peaks / self.full_scale
        return overshoot


def mixdown(session: Session, premaster: Premaster, gains: Gains) -> Mixdown:
    """The mix of a session at the given gains."""
    master, scene = session.preset.master, session.scene
    steps = 2 ** (master.bits - 1)
    return Mixdown(
        premaster,
        gains,
        Ceiling(master.ceiling, scene.samples(master.look_ahead)),
        (steps - _BELOW_FULL_SCALE_STEPS) / steps,
    )


def _sum(dialogue: Samples | None, rest: Samples) -> Samples:
    return rest if dialogue is None else dialogue + rest
