"""The premaster: the mix before its gains, on disk or in memory, and its measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from pathlib import Path

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.effects.base import total
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.metering.part_energies import FirstPartMeter, MixMeter, PartEnergies, PartMeter
from audio_pipeline.metering.peak_bounds import BlockPeaks, figures_of, peak_figures
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.session import Session
from audio_pipeline.mixing.sum_store import MeasuredTile, StoredTile
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span, tile

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
        console = Console(self.console.graph)
        for here, made in console.each_tile(within, 1, partial(console.bus, bus)):
            part = here.intersect(within)
            if made is not None:
                samples[part.inside(span)] = made[part.inside(here)]
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


class _Part:
    """A part of the premaster: the sum of some buses, stored tile by tile, with the peaks of its blocks."""

    def __init__(self, buses: Sequence[Bus], file: ScratchFile) -> None:
        self.buses = tuple(buses)
        self.file = file
        self._figures: list[Samples] = []

    def of_tile(
        self, session: Session, index: int, heard: Callable[[Bus], Samples | None]
    ) -> StoredTile:
        """The part over tile number `index`; `heard` returns a bus over this tile."""
        stages = session.console.graph.sum_stages(self.buses, tile(index))

        def measured() -> MeasuredTile:
            samples = total(heard(bus) for bus in self.buses)
            return MeasuredTile(samples, peak_figures(samples, [heard(bus) for bus in self.buses]))

        return session.sums.get(stages, index, measured)

    def append(self, made: StoredTile, cut: slice) -> None:
        """Store the samples `cut` of a tile."""
        n, samples = cut.stop - cut.start, made.samples
        if samples is None:
            self.file.write_silence(n)
        elif made.read_into is None:
            self.file.write(samples[cut])
        else:
            self.file.write_stored(n, made.read_into)
        self._figures.append(made.figures)

    def peaks(self) -> tuple[BlockPeaks, Mapping[Bus, Samples]]:
        """The peaks of the part, and the largest magnitude of each of its buses in every block, `(blocks,)`."""
        peaks, largest = figures_of(self._figures)
        return peaks, dict(zip(self.buses, largest, strict=True))


def _mixed(
    session: Session,
    folder: Path,
    kept_buses: Sequence[Bus],
    workers: int,
    on_progress: Callable[[float], None],
    scratch: ExitStack,
) -> Premaster:
    scene, console = session.scene, session.console
    size = 16 * len(scene.programme)
    memory_bytes = size if size <= IN_MEMORY_BYTES else 0
    scratch.callback(session.sums.close)

    def part(buses: Sequence[Bus], memory_bytes: int = memory_bytes) -> _Part:
        return _Part(buses, scratch.enter_context(ScratchFile(folder, 2, memory_bytes)))

    wanted = session.preset.master.buses
    others: list[Bus] = [bus for bus in wanted if bus != "DX"]
    dialogue, rest = part(["DX"] if "DX" in wanted else []), part(others)
    # a single bus is the rest
    kept = {bus: part([bus], 0) for bus in others if bus in kept_buses and len(others) > 1}

    def of_tile(index: int) -> list[StoredTile]:
        heard = lru_cache(maxsize=None)(lambda bus: console.bus(bus, index))
        return [p.of_tile(session, index, heard) for p in (dialogue, rest, *kept.values())]

    meter = _meter(session)
    for here, made in console.each_tile(scene.programme, workers, of_tile):
        within = here.intersect(scene.programme)
        cut = within.inside(here)
        for each, stored in zip((dialogue, rest, *kept.values()), made, strict=True):
            each.append(stored, cut)
        meter.feed(*(_or_silence(stored.samples, here)[cut] for stored in made[:2]))
        on_progress(within.stop / scene.programme.stop)
        del made, stored  # or a tile on disk would stay in memory until the next one is mixed
    dialogue_peaks, _ = dialogue.peaks()
    rest_peaks, largest = rest.peaks()
    return Premaster(
        dialogue.file,
        rest.file,
        {bus: each.file for bus, each in kept.items()},
        console,
        meter.result(),
        dialogue_peaks,
        rest_peaks,
        largest,
    )


def _meter(session: Session) -> PartMeter:
    """A meter of the energies from which the gains are solved."""
    preset, rate = session.preset, session.scene.sample_rate
    by_dialogue = preset.master.anchor == "dialogue"
    return FirstPartMeter(rate, 2) if by_dialogue else MixMeter(rate, 2)


def _or_silence(samples: Samples | None, tile: Span) -> Samples:
    return silence(len(tile), 2) if samples is None else samples
