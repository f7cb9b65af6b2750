"""From premaster to master: one gain, the ceiling, dither, whole steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_io.write.wave import WaveWriter
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.mastering.ceiling import Ceiling, CeilingAction
from audio_pipeline.mastering.dither import Dither
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mastering.premaster import Premaster
from audio_pipeline.mastering.quantise import Steps, quantise
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.spans import Span, tiles_over
from audio_pipeline.timeline.workers import in_order


@dataclass(frozen=True)
class Master:
    """What the mastering made: `file` holds `span` of the programme; `stems` are files by their names,
    at the same gains, empty when none are ordered."""

    file: Path
    span: Span
    gains: Gains
    ceiling: CeilingAction
    stems: dict[str, Path]


def write_master(
    session: Session,
    premaster: Premaster,
    span: Span,
    gains: Gains,
    wave: WaveWriter,
    workers: int,
    on_progress: Callable[[float], None],
) -> CeilingAction:
    """Write `span` of the master into `wave`; returns what the ceiling did."""
    preset, scene = session.preset, session.scene
    limiter = Ceiling(preset.master.ceiling, scene.samples(preset.master.look_ahead))
    dither = Dither(scene.seed, "master")
    # music and effects are dithered as in every language, wherever somebody speaks in this one
    buses = preset.master.buses
    active = session.console.active_spans(None if "DX" in buses else buses)

    def mastered(tile: Span) -> tuple[Span, Steps, Samples | None]:
        # always the whole tile, of which an excerpt takes its part: the same bits in both
        wide = Span(tile.start - limiter.halo, tile.stop + limiter.halo)
        loud = premaster.mix(wide, gains)
        held = limiter.gains(loud)
        own = loud[limiter.halo : limiter.halo + len(tile)]
        limited = own if held is None else own * held[:, None]
        part = tile.intersect(span)
        cut = part.inside(tile)
        steps = quantise(limited[cut], preset.master.bits, dither, part, active)
        return part, steps, None if held is None else held[cut]

    action = CeilingAction()
    for part, steps, held in in_order(mastered, tiles_over(span), workers):
        wave.write(steps)
        action = action if held is None else action.with_tile(held, part)
        on_progress((part.stop - span.start) / len(span))
    return action
