"""Writes the files of a mix at its gains: the master and its stems, under one ceiling, quantised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.wave import WaveWriter, Writing
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.mastering.broadcast_wave import broadcast_wave
from audio_pipeline.mastering.ceiling import CeilingAction, Held
from audio_pipeline.mastering.dither import Dither
from audio_pipeline.mastering.gain_correction import FinishedMix
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mastering.null_residual import NullResidual
from audio_pipeline.mastering.quantise import Steps, quantise
from audio_pipeline.mixing.session import Session
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span, tiles_over
from audio_pipeline.timeline.workers import in_order


@dataclass(frozen=True)
class Master:
    """The written files of a mix.

    `file` is the master of `span` of the programme; `stems` are the files of the stems by name, at
    the same gains and under the same ceiling, empty when none are requested. `null_residual` is the
    master minus its stems, None without stems.
    """

    file: Path
    span: Span
    gains: Gains
    ceiling: CeilingAction
    stems: Mapping[str, Path]
    null_residual: NullResidual | None = None


@dataclass(frozen=True)
class _Part:
    """The quantised samples of the master and of each stem over one part of the programme."""

    span: Span
    master: Steps
    stems: Mapping[str, Steps]
    held: Held | None


def write_master(
    session: Session,
    finished: FinishedMix,
    span: Span,
    wave: WaveWriter,
    stems: Mapping[str, Path],
    workers: int,
    on_progress: Callable[[float], None],
    writing: Writing = atomic_write,
) -> Master:
    """Write `span` of the master into `wave`, and each of `stems` by its name; returns the master.

    `writing` makes them files of a set. Raises RenderError when the stems do not sum to the master, or
    cannot be written.
    """
    action, residual = CeilingAction(), NullResidual(session.preset.master.bits)
    quantised = _Quantiser(session, finished, span, tuple(stems))
    with ExitStack() as open_files:
        waves = {
            stem: open_files.enter_context(broadcast_wave(session, path, span, writing))
            for stem, path in stems.items()
        }
        for part in in_order(quantised.part, tiles_over(span), workers):
            wave.write(part.master)
            for stem, steps in part.stems.items():
                waves[stem].write(steps)
            if stems:
                residual = residual.with_part(part.master, part.stems)
            if part.held is not None:
                action = action.with_tile(part.held.gain, part.span, part.held.stems_db)
            on_progress((part.span.stop - span.start) / len(span))
        residual.check(session.preset.name)
    return Master(
        wave.path, span, finished.measured.gains, action, dict(stems), residual if stems else None
    )


class _Quantiser:
    """Quantises tiles; any worker may call it. Each file has its own dither."""

    def __init__(
        self, session: Session, finished: FinishedMix, span: Span, stems: tuple[str, ...]
    ) -> None:
        self._mix = finished.mixdown
        self._held_tiles = finished.measured.held_tiles
        self._span = span
        self._bits = session.preset.master.bits
        self._stems = stems
        buses = session.preset.master.buses
        # without DX, so that these stems are the same in every language
        others = session.console.active_spans([bus for bus in buses if bus != "DX"])
        every = session.console.active_spans(buses)
        spoken = every if "DX" in buses else ()
        self._active = {"master": every, "DX": spoken, **dict.fromkeys(("FX", "BG", "ME"), others)}
        self._dither = {name: Dither(session.scene.seed, name) for name in self._active}

    def part(self, tile: Span) -> _Part:
        """The part of `tile` inside the span, from the complete tile, so that excerpts are bit-identical."""
        part = tile.intersect(self._span)
        held = self._mix.held(tile) if tile in self._held_tiles else None
        held = None if held is None else replace(held, gain=held.gain[part.inside(tile)])
        making = self._mix.stems(part)
        stems = {name: self._steps(name, making[name](), held, part) for name in self._stems}
        return _Part(part, self._steps("master", self._mix.part("mix", part), held, part), stems, held)

    def _steps(self, name: str, samples: Samples, held: Held | None, span: Span) -> Steps:
        if held is not None:
            samples *= held.gain[:, None]
        return quantise(samples, self._bits, self._dither[name], span, self._active[name])
