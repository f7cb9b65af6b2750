"""The use case: write a file with the advised gain, its loudness in `bext`, and its verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.regain.regained_wave import write_regained
from audio_pipeline.audio_io.write.chunks import BextLoudness
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.measure import Known, facts_of_file, figures_of_file
from audio_pipeline.mastering.dither import Dither
from audio_pipeline.mastering.quantise import quantise
from audio_pipeline.metering.gain_response import integrated_by_gain, momentary_blocks
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report import report_of_draft
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DITHER = Dither(0, "gain")


def apply_advice(path: Path, known: Known, target: Path) -> tuple[float, LoudnessReport]:
    """Write `path` with the advised gain to `target`; returns the gain in dB and the report on `target`.

    The report assumes the same gain on the dialogue stem. Raises RenderError when no gain is advised, or when
    `target` is the input, a file that must not be overwritten, or cannot be written; StemError and ReportError
    as `measure_file`.
    """
    refuse_target(path, known, target)
    before = figures_of_file(path, known)
    advice = before.delivery.advice
    if advice is None or advice.gain_db is None:
        raise RenderError(
            f"no gain makes {printable(path)} pass {known.delivery}; {printable(target)} is not written.",
            hint="Run the same command without --apply to list the clauses that contradict each other.",
        )
    gain_db = advice.gain_db
    # the written file has one track
    facts = replace(_after_gain(facts_of_file(path, known), gain_db), track=None)
    made: list[LoudnessReport] = []

    def measured(draft: Path) -> BextLoudness:
        report = report_of_draft(draft, facts, target.name)
        made.append(report)
        return BextLoudness(
            integrated_lufs=report.integrated_lufs,
            range_lu=report.loudness_range_lu,
            max_true_peak_dbtp=report.true_peak_dbtp,
            max_momentary_lufs=report.max_momentary_lufs,
            max_short_term_lufs=report.max_short_term_lufs,
        )

    write_regained(path, target, gain_db, _quantised, measured, track=known.track)
    return gain_db, made[0]


def refuse_target(path: Path, known: Known, target: Path) -> None:
    """Raise RenderError when `target` is an input, is not named .wav, or must not be overwritten."""
    inputs = [path, *([] if known.dialogue is None else [known.dialogue])]
    for one in inputs:
        try:
            same = one.samefile(target)
        except (OSError, ValueError):
            same = False
        if same:
            raise RenderError(
                f"{printable(target)} is the input; it would be overwritten.", hint="Name another file."
            )
    if target.suffix.lower() != ".wav":
        raise RenderError(
            f"{printable(target)} cannot be written: the file with the gain is a WAV.",
            hint=f"Name it {printable(target.with_suffix('.wav').name)}.",
        )
    refuse_to_overwrite(target)


def _after_gain(facts: MixFacts, gain_db: float) -> MixFacts:
    """The facts with the dialogue loudness after the same gain on the dialogue stem."""
    curve = facts.dialogue_momentary_lufs
    if curve is None or facts.dialogue_lufs is None:
        return facts
    steps = integrated_by_gain(momentary_blocks(curve))
    loudness = float(steps.above(np.array([np.nextafter(gain_db, -np.inf)]))[0]) + gain_db
    return replace(
        facts,
        dialogue_lufs=None if np.isnan(loudness) else loudness,
        dialogue_momentary_lufs=curve + gain_db,
    )


def _quantised(samples: Samples, bits: int, span: Span) -> NDArray[np.int32]:
    """Dithered integer samples; digital silence in all channels stays digital silence."""
    steps = quantise(samples, bits, _DITHER, span, (span,))
    steps[~samples.any(axis=1)] = 0
    return steps
