"""The first pass: mixes every tile to the premaster and measures it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.effects.base import total
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.premaster import MixedTile, Premaster, PremasterFiles
from audio_pipeline.metering.part_energies import FirstPartMeter, MixMeter, PartMeter
from audio_pipeline.metering.peak_bounds import figures_of, peak_figures
from audio_pipeline.mixing.session import Session
from audio_pipeline.mixing.sum_store import StoredSum
from audio_pipeline.timeline.spans import TILE, tile


@contextmanager
def mixed_premaster(
    session: Session,
    folder: Path,
    every_bus: bool,
    workers: int,
    on_progress: Callable[[float], None],
) -> Iterator[Premaster]:
    """The premaster of a session, measured; it is deleted at the end of the `with` block.

    `folder` takes files that do not fit in memory. With `every_bus` each bus is stored by itself, for stems.
    `on_progress` gets the share (0..1) that is mixed. Raises RenderError when `folder` is full or cannot be
    written.
    """
    with ExitStack() as scratch:
        scratch.callback(session.sums.close)
        yield _mixed(session, folder, every_bus, workers, on_progress, scratch)


def _mixed(
    session: Session,
    folder: Path,
    every_bus: bool,
    workers: int,
    on_progress: Callable[[float], None],
    scratch: ExitStack,
) -> Premaster:
    programme, wanted = session.scene.programme, session.preset.master.buses
    others: list[Bus] = [bus for bus in wanted if bus != "DX"]
    meter = _meter(session)

    def of_tile(index: int) -> MixedTile:
        sums = {bus: _stored(session, bus, index) for bus in wanted}
        dialogue = sums.pop("DX", StoredSum(None))
        rest = cache(lambda: total(sums[bus].samples for bus in others))
        figures = session.sums.figures(
            wanted,
            session.console.graph.sum_stages(wanted, tile(index)),
            index,
            lambda: peak_figures(dialogue.samples, rest(), [sums[bus].samples for bus in others]),
        )
        apart = every_bus or all(sum_.is_stored for sum_ in sums.values())
        wants_rest = meter.measures_rest or not apart
        return MixedTile(
            dialogue, _light(sums) if apart else None, rest() if wants_rest else None, figures
        )

    files = PremasterFiles(folder, others, len(programme), scratch)
    figures: list[Samples] = []
    silent = silence(TILE, 2)
    for here, made in session.console.each_tile(programme, workers, of_tile):
        within = here.intersect(programme)
        cut = within.inside(here)
        files.append(made, cut)
        figures.append(made.figures)
        spoken = silent if made.dialogue.samples is None else made.dialogue.samples
        rest = silent if made.rest is None else made.rest
        meter.feed(spoken[cut], rest[cut])
        on_progress(within.stop / programme.stop)
        del made, spoken, rest  # or a tile on disk would stay in memory until the next one is mixed
    dialogue_peaks, rest_peaks, largest = figures_of(figures)
    return Premaster(
        files,
        session.console,
        meter.result(),
        dialogue_peaks,
        rest_peaks,
        dict(zip(others, largest, strict=True)),
    )


def _stored(session: Session, bus: Bus, index: int) -> StoredSum:
    stages = session.console.graph.sum_stages([bus], tile(index))
    return session.sums.get(stages, index, lambda: session.console.bus(bus, index))


def _light(sums: Mapping[Bus, StoredSum]) -> Mapping[Bus, StoredSum]:
    """The sums without the samples that can be read again."""
    return {
        bus: sum_ if sum_.read_into is None else StoredSum(None, sum_.read_into)
        for bus, sum_ in sums.items()
    }


def _meter(session: Session) -> PartMeter:
    """A meter of the energies from which the gains are solved."""
    preset, rate = session.preset, session.scene.sample_rate
    by_dialogue = preset.master.anchor == "dialogue"
    return FirstPartMeter(rate, 2) if by_dialogue else MixMeter(rate, 2)
