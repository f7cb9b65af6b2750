"""Stems at the master's gains: DX, FX, BG, and ME."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.wave import Writing
from audio_pipeline.dsp.arrays import silence
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.broadcast_wave import broadcast_wave
from audio_pipeline.mastering.dither import Dither
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mastering.premaster import Premaster
from audio_pipeline.mastering.quantise import Steps, quantise
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.spans import Span, tiles_over
from audio_pipeline.timeline.workers import in_order

STEM_BUSES: dict[str, tuple[Bus, ...]] = {
    "DX": ("DX",),
    "FX": ("FX",),
    "BG": ("BG",),
    "ME": ("FX", "BG"),
}
"""The buses that each stem is the sum of."""


def write_stems(
    session: Session,
    premaster: Premaster,
    span: Span,
    gains: Gains,
    files: Mapping[str, Path],
    workers: int,
    on_progress: Callable[[float], None],
    writing: Writing = atomic_write,
) -> None:
    """Write each of `files`, by the stem's name, without the ceiling: they sum to the premaster.

    `writing` makes them files of a set.
    """
    for n, (stem, path) in enumerate(files.items()):
        quantised = partial(_quantised, session, premaster, span, gains, stem)

        with broadcast_wave(session, path, span, writing) as wave:
            for steps in in_order(quantised, tiles_over(span), workers):
                wave.write(steps)
        on_progress((n + 1) / len(files))


def _quantised(
    session: Session, premaster: Premaster, span: Span, gains: Gains, stem: str, tile: Span
) -> Steps:
    """The part of a stem that lies in `tile`."""
    part = tile.intersect(span)
    total = sum((premaster.bus(bus, part, gains) for bus in STEM_BUSES[stem]), silence(len(part), 2))
    dither = Dither(session.scene.seed, stem)
    return quantise(total, session.preset.master.bits, dither, part, dithered_spans(session, stem))


def dithered_spans(session: Session, stem: str) -> tuple[Span, ...]:
    """Where a stem is dithered. Stems without DX do not know where somebody speaks, so that they are the same
    samples in every language."""
    beds: tuple[Bus, ...] = STEM_BUSES["ME"]
    return session.console.active_spans(None if "DX" in STEM_BUSES[stem] else beds)
