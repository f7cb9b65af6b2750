"""The premaster: the mix before its gain, on disk or in memory, and what its meters read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.effects.base import total
from audio_pipeline.layers.base import Bus
from audio_pipeline.metering.gated import Gated, GatedMeter
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.spans import Span

IN_MEMORY_BYTES = 48_000_000
"""A programme of this size, a minute, stays in memory between the two passes; a longer one goes to disk."""


@dataclass(frozen=True)
class Premaster:
    """The mix before its gain: the programme and, where wanted, each bus, as `(n, 2)` float64.

    `anchor_loudness` is the loudness of what the gain is anchored on, `dialogue_loudness` that of DX.
    """

    programme: ScratchFile
    buses: dict[Bus, ScratchFile]
    anchor_loudness: Gated
    dialogue_loudness: Gated


@contextmanager
def mixed_premaster(
    session: Session,
    folder: Path,
    kept_buses: Sequence[Bus],
    workers: int,
    on_progress: Callable[[float], None],
) -> Iterator[Premaster]:
    """The premaster of a session, metered; it is gone when the block ends.

    `folder` holds what does not fit in memory; `kept_buses` are kept for stems. `on_progress` is told
    the share (0..1) that is mixed. Raises RenderError when `folder` is full or cannot be written.
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
    programme = scratch.enter_context(ScratchFile(folder, 2, memory_bytes))
    kept = {bus: scratch.enter_context(ScratchFile(folder, 2)) for bus in kept_buses}
    dialogue = GatedMeter(scene.sample_rate, 2)
    anchor = dialogue if master.anchor == "dialogue" else GatedMeter(scene.sample_rate, 2)
    wanted: set[Bus] = {"DX", *kept}

    def summed(buses: dict[Bus, Samples | None]) -> tuple[Samples | None, dict[Bus, Samples | None]]:
        # no other bus waits in memory until its turn comes
        return total(buses[bus] for bus in master.buses), {bus: buses[bus] for bus in wanted}

    for tile, (mix, buses) in session.console.tiles(scene.programme, workers, summed):
        within = tile.intersect(scene.programme)
        cut = within.inside(tile)
        mix = _or_silence(mix, tile)[cut]
        programme.write(mix)
        for bus, file in kept.items():
            file.write(_or_silence(buses[bus], tile)[cut])
        dialogue.feed(_or_silence(buses["DX"], tile)[cut])
        if anchor is not dialogue:
            anchor.feed(mix)
        on_progress(within.stop / scene.programme.stop)
    return Premaster(programme, kept, anchor.result(), dialogue.result())


def _or_silence(samples: Samples | None, tile: Span) -> Samples:
    return silence(len(tile), 2) if samples is None else samples
