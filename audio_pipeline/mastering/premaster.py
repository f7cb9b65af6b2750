"""The premaster: the mix before its gains, on disk or in memory, and its measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.effects.base import total
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.metering.part_energies import FirstPartMeter, MixMeter, PartEnergies, PartMeter
from audio_pipeline.metering.peak_bounds import BlockPeaks, block_maxima, block_peaks, joined
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.session import Session
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

IN_MEMORY_BYTES = 8_000_000
"""Limit for each part in memory between the two passes, ten seconds; a longer one is written to disk.

A minute in files takes 60 MB less memory and no more time: a new page of memory costs as much as its copy.
"""


@dataclass(frozen=True)
class Premaster:
    """The mix before its gains, in two parts `(n, 2)` float64: the bus DX, and the sum of the other buses.

    `buses` holds single buses other than DX for stems. `energies` are the energies from which the gains
    are solved, `dialogue_peaks` and `rest_peaks` bounds of the peaks of both parts, `largest` the
    largest magnitude of each bus other than DX in every block, `(blocks,)`.
    """

    dialogue: ScratchFile
    rest: ScratchFile
    buses: Mapping[Bus, ScratchFile]
    console: Console
    energies: PartEnergies
    dialogue_peaks: BlockPeaks
    rest_peaks: BlockPeaks
    largest: Mapping[Bus, Samples]

    def dialogue_at(self, span: Span, gains: Gains) -> Samples | None:
        """DX over `span`, `(len(span), 2)`, at its gain, before the programme gain; None for silence."""
        if self.dialogue.is_silent(span):
            return None
        samples = self.dialogue.read(span)
        samples *= gains.of_dialogue
        return samples

    def bus(self, bus: Bus, span: Span) -> Samples:
        """A bus other than DX over `span`, `(len(span), 2)`, before the gain of the programme.

        A bus that is not stored is rendered again, which is slow.
        """
        if bus not in self.largest:
            return silence(len(span), 2)
        if len(self.largest) == 1:
            return self.rest.read(span)
        if bus in self.buses:
            return self.buses[bus].read(span)
        return self._made_again(bus, span)

    def _made_again(self, bus: Bus, span: Span) -> Samples:
        samples = silence(len(span), 2)
        within = span.intersect(Span(0, len(self.rest)))
        for tile, buses in Console(self.console.graph).tiles(within, 1, lambda buses: buses):
            part = tile.intersect(within)
            if (made := buses[bus]) is not None:
                samples[part.inside(span)] = made[part.inside(tile)]
        return samples


@contextmanager
def mixed_premaster(
    session: Session,
    folder: Path,
    kept_buses: Sequence[Bus],
    workers: int,
    on_progress: Callable[[float], None],
) -> Iterator[Premaster]:
    """The premaster of a session, measured; it is deleted at the end of the `with` block.

    `folder` takes files that do not fit in memory; `kept_buses` are stored for stems if the master has
    them. `on_progress` gets the share (0..1) that is mixed. Raises RenderError when `folder` is full or
    cannot be written.
    """
    with ExitStack() as scratch:
        yield _mixed(session, folder, kept_buses, workers, on_progress, scratch)


@dataclass(frozen=True)
class _Tile:
    """One tile of the mix: the stored parts and their peaks."""

    dialogue: Samples | None
    rest: Samples | None
    buses: Mapping[Bus, Samples | None]
    dialogue_peaks: BlockPeaks
    rest_peaks: BlockPeaks
    largest: Mapping[Bus, Samples]


def _mixed(
    session: Session,
    folder: Path,
    kept_buses: Sequence[Bus],
    workers: int,
    on_progress: Callable[[float], None],
    scratch: ExitStack,
) -> Premaster:
    scene, master = session.scene, session.preset.master
    size = 16 * len(scene.programme)
    memory_bytes = size if size <= IN_MEMORY_BYTES else 0
    dialogue = scratch.enter_context(ScratchFile(folder, 2, memory_bytes))
    rest = scratch.enter_context(ScratchFile(folder, 2, memory_bytes))
    others: list[Bus] = [bus for bus in master.buses if bus != "DX"]
    # a single bus is the rest
    kept_buses = [bus for bus in others if bus in kept_buses and len(others) > 1]
    kept: dict[Bus, ScratchFile] = {
        bus: scratch.enter_context(ScratchFile(folder, 2)) for bus in kept_buses
    }

    def mixed(buses: dict[Bus, Samples | None]) -> _Tile:
        spoken = buses["DX"] if "DX" in master.buses else None
        other = total(buses[bus] for bus in others)
        return _Tile(
            spoken,
            other,
            {bus: buses[bus] for bus in kept},
            block_peaks(spoken),
            block_peaks(other),
            {bus: block_maxima(buses[bus]) for bus in others},
        )

    meter = _meter(session)
    dialogue_peaks, rest_peaks = [], []
    largest: dict[Bus, list[Samples]] = {bus: [] for bus in others}
    for tile, made in session.console.tiles(scene.programme, workers, mixed):
        within = tile.intersect(scene.programme)
        cut = within.inside(tile)
        _write(dialogue, made.dialogue, cut)
        _write(rest, made.rest, cut)
        for bus, file in kept.items():
            _write(file, made.buses[bus], cut)
        dialogue_peaks.append(made.dialogue_peaks)
        rest_peaks.append(made.rest_peaks)
        for bus, peaks in largest.items():
            peaks.append(made.largest[bus])
        meter.feed(_or_silence(made.dialogue, tile)[cut], _or_silence(made.rest, tile)[cut])
        on_progress(within.stop / scene.programme.stop)
        del made  # or a tile on disk would stay in memory until the next one is mixed
    return Premaster(
        dialogue,
        rest,
        kept,
        session.console,
        meter.result(),
        joined(dialogue_peaks),
        joined(rest_peaks),
        {bus: np.concatenate(peaks) for bus, peaks in largest.items()},
    )


def _meter(session: Session) -> PartMeter:
    """A meter of the energies from which the gains are solved."""
    preset, rate = session.preset, session.scene.sample_rate
    by_dialogue = preset.master.anchor == "dialogue"
    return FirstPartMeter(rate, 2) if by_dialogue else MixMeter(rate, 2)


def _write(file: ScratchFile, samples: Samples | None, cut: slice) -> None:
    if samples is None:
        file.write_silence(cut.stop - cut.start)
    else:
        file.write(samples[cut])


def _or_silence(samples: Samples | None, tile: Span) -> Samples:
    return silence(len(tile), 2) if samples is None else samples
