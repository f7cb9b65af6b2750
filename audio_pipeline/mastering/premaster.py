"""The premaster: the mix before its gains, on disk or in memory, and what its meters read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.effects.base import total
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.metering.part_energies import DialogueMeter, MixMeter, PartEnergies, PartMeter
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.spans import Span

IN_MEMORY_BYTES = 48_000_000
"""A programme of this size, a minute, stays in memory between the two passes; a longer one goes to disk."""


@dataclass(frozen=True)
class Premaster:
    """The mix before its gains, in two parts: the bus DX and the sum of the other buses of the master, as
    `(n, 2)` float64; and, where wanted, each of those other buses.

    `energies` are those of what the gains are solved on.
    """

    dialogue: ScratchFile
    rest: ScratchFile
    buses: dict[Bus, ScratchFile]
    energies: PartEnergies

    def mix(self, span: Span, gains: Gains) -> Samples:
        """The mix over `span` at those gains, `(len(span), 2)`, before the ceiling."""
        mix = self.dialogue.read(span)
        mix *= gains.of_dialogue
        mix += self.rest.read(span)
        mix *= gains.of_programme
        return mix

    def bus(self, bus: Bus, span: Span, gains: Gains) -> Samples:
        """One bus over `span` at those gains, `(len(span), 2)`; silence where it is not kept."""
        file = self.dialogue if bus == "DX" else self.buses.get(bus)
        if file is None:
            return silence(len(span), 2)
        samples = file.read(span)
        if bus == "DX":
            samples *= gains.of_dialogue
        samples *= gains.of_programme
        return samples


@contextmanager
def mixed_premaster(
    session: Session,
    folder: Path,
    kept_buses: Sequence[Bus],
    workers: int,
    on_progress: Callable[[float], None],
) -> Iterator[Premaster]:
    """The premaster of a session, metered; it is gone when the block ends.

    `folder` holds what does not fit in memory; `kept_buses` are kept for stems, where the master has them.
    `on_progress` is told the share (0..1) that is mixed. Raises RenderError when `folder` is full or
    cannot be written.
    """
    with ExitStack() as scratch:
        yield _mixed(session, folder, kept_buses, workers, on_progress, scratch)


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
    kept = {bus: scratch.enter_context(ScratchFile(folder, 2)) for bus in others if bus in kept_buses}
    meter = _meter(session)

    def parts(
        buses: dict[Bus, Samples | None],
    ) -> tuple[Samples | None, Samples | None, dict[Bus, Samples | None]]:
        # no other bus waits in memory until its turn comes
        spoken = buses["DX"] if "DX" in master.buses else None
        return spoken, total(buses[bus] for bus in others), {bus: buses[bus] for bus in kept}

    for tile, (spoken, other, buses) in session.console.tiles(scene.programme, workers, parts):
        within = tile.intersect(scene.programme)
        cut = within.inside(tile)
        _write(dialogue, spoken, cut)
        _write(rest, other, cut)
        for bus, file in kept.items():
            _write(file, buses[bus], cut)
        meter.feed(_or_silence(spoken, tile)[cut], _or_silence(other, tile)[cut])
        on_progress(within.stop / scene.programme.stop)
    return Premaster(dialogue, rest, kept, meter.result())


def _meter(session: Session) -> PartMeter:
    """A meter of what the gains are solved on."""
    preset, rate = session.preset, session.scene.sample_rate
    by_dialogue = preset.master.anchor == "dialogue"
    return DialogueMeter(rate, 2) if by_dialogue else MixMeter(rate, 2)


def _write(file: ScratchFile, samples: Samples | None, cut: slice) -> None:
    if samples is None:
        file.write_silence(cut.stop - cut.start)
    else:
        file.write(samples[cut])


def _or_silence(samples: Samples | None, tile: Span) -> Samples:
    return silence(len(tile), 2) if samples is None else samples
