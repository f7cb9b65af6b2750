"""The premaster: the mix before its gains, stored between two passes, and its measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.metering.part_energies import PartEnergies
from audio_pipeline.metering.peak_bounds import BlockPeaks
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.sum_store import StoredSum
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

IN_MEMORY_BYTES = 8_000_000
"""Limit for each part in memory between the two passes, ten seconds; a longer one is written to disk.

A minute in files takes 60 MB less memory and no more time: a new page of memory costs as much as its copy.
"""


@dataclass(frozen=True)
class MixedTile:
    """One tile of the mix: the bus DX, and the other buses, or only their sum where `buses` is None.

    `rest` is None for silence and where it is not needed. `figures` are those of `peak_figures`.
    """

    dialogue: StoredSum
    buses: Mapping[Bus, StoredSum] | None
    rest: Samples | None
    figures: Samples


class PremasterFiles:
    """The bus DX, the other buses, and their sum in tiles where they are not stored one by one."""

    def __init__(self, folder: Path, others: Sequence[Bus], length: int, scratch: ExitStack) -> None:
        """The files are deleted when `scratch` ends; `folder` takes those that do not fit in memory."""
        size = 16 * length
        in_memory = size if size <= IN_MEMORY_BYTES else 0

        def file() -> ScratchFile:
            return scratch.enter_context(ScratchFile(folder, 2, in_memory))

        self._dialogue, self._sum = file(), file()
        self._buses = {bus: file() for bus in others}

    def append(self, tile: MixedTile, cut: slice) -> None:
        """Store the samples `cut` of the next tile. Raises RenderError when the disk is full."""
        silent = StoredSum(None)
        _append(self._dialogue, tile.dialogue, cut)
        _append(self._sum, StoredSum(tile.rest) if tile.buses is None else silent, cut)
        for bus, file in self._buses.items():
            _append(file, silent if tile.buses is None else tile.buses[bus], cut)

    def dialogue_at(self, span: Span) -> Samples | None:
        """DX over `span`, `(len(span), 2)`, a new array; None for silence."""
        return None if self._dialogue.is_silent(span) else self._dialogue.read(span)

    def rest_at(self, span: Span) -> Samples:
        """The sum of the other buses over `span`, `(len(span), 2)`, a new array."""
        heard = [file for file in (self._sum, *self._buses.values()) if not file.is_silent(span)]
        if not heard:
            return silence(len(span), 2)
        samples = heard[0].read(span)
        for file in heard[1:]:
            samples += file.read(span)
        return samples

    def bus_at(self, bus: Bus, span: Span) -> Samples | None:
        """A bus other than DX over `span`, `(len(span), 2)`; None where only the sum is stored."""
        return self._buses[bus].read(span) if self._sum.is_silent(span) else None


def _append(file: ScratchFile, sum_: StoredSum, cut: slice) -> None:
    n = cut.stop - cut.start
    if sum_.read_into is not None:
        file.write_stored(n, sum_.read_into)
    elif sum_.samples is None:
        file.write_silence(n)
    else:
        file.write(sum_.samples[cut])


@dataclass(frozen=True)
class Premaster:
    """The mix before its gains, in two parts `(n, 2)` float64: the bus DX, and the sum of the other buses.

    `energies` are the energies from which the gains are solved, `dialogue_peaks` and `rest_peaks` bounds
    of the peaks of both parts, `largest` the largest magnitude of each bus other than DX in every block,
    `(blocks,)`.
    """

    files: PremasterFiles
    console: Console
    energies: PartEnergies
    dialogue_peaks: BlockPeaks
    rest_peaks: BlockPeaks
    largest: Mapping[Bus, Samples]

    def dialogue_at(self, span: Span, gains: Gains) -> Samples | None:
        """DX over `span`, `(len(span), 2)`, at its gain, before the programme gain; None for silence."""
        samples = self.files.dialogue_at(span)
        if samples is not None:
            samples *= gains.of_dialogue
        return samples

    def rest_at(self, span: Span) -> Samples:
        """The sum of the other buses over `span`, `(len(span), 2)`, before the programme gain."""
        return self.files.rest_at(span)

    def bus(self, bus: Bus, span: Span) -> Samples:
        """A bus other than DX over `span`, `(len(span), 2)`, before the gain of the programme.

        A bus that is not stored is rendered again, which is slow.
        """
        if bus not in self.largest:
            return silence(len(span), 2)
        if len(self.largest) == 1:
            return self.rest_at(span)
        stored = self.files.bus_at(bus, span)
        return self._made_again(bus, span) if stored is None else stored

    def _made_again(self, bus: Bus, span: Span) -> Samples:
        samples = silence(len(span), 2)
        within = span.intersect(self.console.graph.scene.programme)
        console = Console(self.console.graph)
        for here, made in console.each_tile(within, 1, partial(console.bus, bus)):
            part = here.intersect(within)
            if made is not None:
                samples[part.inside(span)] = made[part.inside(here)]
        return samples
