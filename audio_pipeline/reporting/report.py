"""The loudness report: measured again from the delivered file, block by block.

report = report_of_file(Path("final.wav"), MixFacts("final", …), "final.wav")
print(to_json(report))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.layouts import Layout
from audio_pipeline.errors import encodable, encodable_texts
from audio_pipeline.metering.meter import Loudness
from audio_pipeline.metering.span_levels import SpanLevels
from audio_pipeline.metering.true_peak import FILTER
from audio_pipeline.reporting.audibility import listening_facts
from audio_pipeline.reporting.delivery import Delivery, load_delivery
from audio_pipeline.reporting.dropout import silence_start
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.fault_warnings import count_rejected
from audio_pipeline.reporting.file_figures import file_figures
from audio_pipeline.reporting.gain_advice import advise
from audio_pipeline.reporting.measuring import Measured, Observer, measured_file
from audio_pipeline.reporting.model import (
    SCHEMA,
    CueTime,
    Curves,
    DeliveryVerdict,
    DropoutLevels,
    Gains,
    LoudnessReport,
    SectionLevels,
    Silence,
    Slot,
)
from audio_pipeline.reporting.notes import Note, NoteCode
from audio_pipeline.reporting.programme_response import response_of_curves
from audio_pipeline.reporting.report_json import to_json
from audio_pipeline.reporting.values import rounded
from audio_pipeline.reporting.verdict import judge
from audio_pipeline.reporting.warning_checks import warnings_of
from audio_pipeline.timeline.workers import run_concurrently
from audio_pipeline.version import __version__

__all__ = ["report_of_draft", "report_of_file", "to_json"]

CURVE_STEP_S = 0.1
CURVE_FLOOR_DB = -100.0
_HOPS_PER_POINT = 10
_MEASURED = (
    "integrated_lufs",
    "loudness_range_lu",
    "max_momentary_lufs",
    "max_momentary_at_s",
    "max_short_term_lufs",
    "max_short_term_at_s",
    "true_peak_dbtp",
    "true_peak_at_s",
    "sample_peak_dbfs",
)


def report_of_file(path: Path, facts: MixFacts, shown_name: str) -> LoudnessReport:
    """Measure `path`; returns its report, with `shown_name` as the name of the file.

    Raises StemError for a file that cannot be read, ReportError for an unknown delivery.
    """
    # the hash shares the two processors with the threads that measure
    with run_concurrently(lambda: sha256_hex(path)) as hashed:
        report = report_of_draft(path, facts, shown_name)
    return report.model_copy(update={"files": {report.file: hashed.result()}})


def report_of_draft(
    path: Path, facts: MixFacts, shown_name: str, observers: Sequence[Observer] = ()
) -> LoudnessReport:
    """The report on a file before its loudness is written into it: without the file's hash, which will change.
    Another thread feeds every block to the `observers`. Raises as `report_of_file`."""
    delivery = None if facts.delivery is None else load_delivery(facts.delivery, facts.own_deliveries)
    measured = measured_file(path, facts, delivery, observers)
    return _report(measured, facts, delivery, shown_name)


def _report(m: Measured, facts: MixFacts, delivery: Delivery | None, shown_name: str) -> LoudnessReport:
    whole, rate = m.loudness, m.info.sample_rate_hz
    figures: dict[str, float | None] = {name: getattr(whole, name) for name in _MEASURED}
    dialogue, programme = facts.dialogue_lufs, whole.integrated_lufs
    figures["dialogue_lufs"] = dialogue
    known = dialogue is not None and programme is not None
    figures["loudness_to_dialogue_lu"] = programme - dialogue if known else None  # type: ignore[operator]
    reasons = _reasons(whole, facts, m.info.layout)
    dropout = _dropout(m, facts)
    judged = _delivery(figures, m, facts, delivery, reasons)
    return LoudnessReport(
        schema=SCHEMA,
        mix=encodable(facts.mix),
        files={encodable(shown_name): None},
        duration_s=whole.duration_s,
        sample_rate_hz=rate,
        channels=whole.channels,
        layout=facts.layout or m.info.layout.name,
        **figures,
        gains=Gains(dialogue_db=facts.dialogue_gain_db, programme_db=facts.programme_gain_db),
        null_residual_dbfs=facts.null_residual_dbfs,
        sections=tuple(
            _section(section.name, levels, facts, rate)
            for section, levels in zip(facts.sections, m.sections, strict=True)
            if len(levels.span)
        ),
        cues=tuple(
            CueTime(name=name, at_samples=at, timecode=facts.clock.timecode_of_sample(at, rate))
            for name, at in facts.cues
        ),
        slots=_slots(facts),
        dropout=dropout,
        delivery=judged,
        curves=_curves(whole),
        warnings=warnings_of(m, facts, figures, dropout, judged),
        provenance=encodable_texts(_provenance(m, facts)),
        reasons=reasons,
    )


def _reasons(whole: Loudness, facts: MixFacts, layout: Layout) -> dict[str, str]:
    """The reasons for null figures of the whole programme."""
    reasons = {name: whole.reasons[name] for name in _MEASURED if name in whole.reasons}
    if facts.layout is None and layout.name is None:
        reasons["layout"] = "tracks of a recorder" if layout.source == "tracks" else "not stated"
    if facts.dialogue_lufs is None:
        reasons["dialogue_lufs"] = "no dialogue stem"
    if facts.dialogue_lufs is None or whole.integrated_lufs is None:
        reasons["loudness_to_dialogue_lu"] = reasons.get("integrated_lufs") or "no dialogue stem"
    rendered = facts.programme_gain_db is not None
    if facts.dialogue_gain_db is None:
        reasons["gains.dialogue_db"] = "no dialogue" if rendered else "the file was not rendered"
    if not rendered:
        reasons["gains.programme_db"] = "the file was not rendered"
    if facts.null_residual_dbfs is None:
        exact = "the stems sum to the master exactly" if facts.has_stems else "no stems"
        reasons["null_residual_dbfs"] = exact if rendered else "not measured"
    if facts.slots is None:
        reasons["slots"] = "not specified"
    if facts.dropout is None:
        reasons["dropout"] = "not specified"
    return reasons


def _slots(facts: MixFacts) -> dict[str, Slot] | None:
    if facts.slots is None:
        return None
    return {
        name: Slot(start_samples=slot.start, stop_samples=slot.stop)
        for name, slot in facts.slots.items()
    }


def _section(name: str, levels: SpanLevels, facts: MixFacts, rate: int) -> SectionLevels:
    reasons = dict(levels.reasons)
    below = None
    if facts.dialogue_lufs is None:
        reasons["below_dialogue_lu"] = "no dialogue stem"
    elif levels.integrated_lufs is None:
        reasons["below_dialogue_lu"] = reasons["integrated_lufs"]
    else:
        below = facts.dialogue_lufs - levels.integrated_lufs
    return SectionLevels(
        name=name,
        start_s=levels.span.start / rate,
        stop_s=levels.span.stop / rate,
        integrated_lufs=levels.integrated_lufs,
        rms_dbfs=levels.rms_dbfs,
        sample_peak_dbfs=levels.sample_peak_dbfs,
        below_dialogue_lu=below,
        reasons=reasons,
    )


def _dropout(m: Measured, facts: MixFacts) -> DropoutLevels | None:
    plan, rate = facts.dropout, m.info.sample_rate_hz
    if plan is None or m.before is None or m.floor is None or m.fall is None:
        return None
    before, floor = m.before.rms_dbfs, m.floor.rms_dbfs
    silent = silence_start(plan, m.silences, m.info.frames)
    reasons = {}
    if before is None:
        reasons["level_before_dbfs"] = m.before.reasons["rms_dbfs"]
    if floor is None:
        reasons["floor_dbfs"] = m.floor.reasons["rms_dbfs"]
    if before is None or floor is None:
        reasons["depth_db"] = "digital silence on one side of the fall"
    if m.fall.reason is not None:
        reasons["fall_s"] = m.fall.reason
    if silent is None:
        reasons["silence_at_s"] = "the digital silence does not begin where it should"
    return DropoutLevels(
        at_s=plan.at / rate,
        level_before_dbfs=before,
        floor_dbfs=floor,
        depth_db=None if before is None or floor is None else before - floor,
        fall_s=m.fall.fall_s,
        silence_at_s=None if silent is None else silent / rate,
        reasons=reasons,
    )


def _delivery(
    figures: Mapping[str, float | None],
    m: Measured,
    facts: MixFacts,
    delivery: Delivery | None,
    reasons: Mapping[str, str],
) -> DeliveryVerdict:
    rate = m.info.sample_rate_hz
    judged, listening, advice = None, None, None
    if delivery is not None:
        known = {
            **figures,
            "duration_s": m.loudness.duration_s,
            "sample_rate_hz": rate,
            "channels": m.loudness.channels,
            **file_figures(m.info.format, m.info.subtype),
            "real_bits": m.real_bits,
            "leq_m_db": m.leq_m_db,
            "dialogue_share_percent": facts.dialogue_share_percent,
            "channel_faults": count_rejected(fault.kind.value for fault in m.faults),
        }
        judged = judge(delivery, known, reasons)
        advice = advise(
            delivery,
            response_of_curves(
                known,
                m.loudness.momentary_lufs,
                m.loudness.short_term_lufs,
                facts.dialogue_momentary_lufs,
            ),
        )
        if m.floor is not None and facts.listening == "speakers":
            listening = listening_facts(delivery, m.floor_a_weighted_dbfs)
    meant = None if facts.dropout is None else facts.dropout.silence
    return DeliveryVerdict(
        name=None if judged is None else judged.name,
        title=None if judged is None else judged.title,
        verdict=None if judged is None else judged.verdict,
        clauses=() if judged is None else judged.clauses,
        dialogue_share_percent=facts.dialogue_share_percent,
        listening=listening,
        advice=advice,
        silences=tuple(
            Silence(
                start_s=run.start / rate,
                stop_s=run.stop / rate,
                start=facts.clock.timecode_of_sample(run.start, rate),
                stop=facts.clock.timecode_of_sample(run.stop, rate),
                deliberate=meant is not None and run.stop > meant,
            )
            for run in m.silences
        ),
    )


def _curves(loudness: Loudness) -> Curves:
    """The curves, 10 points a second; a level is the mean power of the 10 ms that end with its point."""
    points = len(loudness.level_dbfs) // _HOPS_PER_POINT
    power = 10.0 ** (loudness.level_dbfs[: points * _HOPS_PER_POINT] / 10.0)
    with np.errstate(divide="ignore"):
        level = 10.0 * np.log10(power.reshape(points, _HOPS_PER_POINT).mean(axis=1))
    return Curves(
        step_s=CURVE_STEP_S,
        momentary_lufs=_points(loudness.momentary_lufs[_HOPS_PER_POINT - 1 :: _HOPS_PER_POINT]),
        short_term_lufs=_points(loudness.short_term_lufs[_HOPS_PER_POINT - 1 :: _HOPS_PER_POINT]),
        level_dbfs=_points(level),
    )


def _points(curve: Samples) -> tuple[float | None, ...]:
    return tuple(round(v, 2) if v >= CURVE_FLOOR_DB else None for v in curve.tolist())


def _provenance(m: Measured, facts: MixFacts) -> dict[str, Any]:
    notes = [Note(NoteCode.CHANNEL_LAYOUT, said) for said in m.info.notes]
    folds = None if m.mono_folds is None else [asdict(fold) for fold in m.mono_folds]
    before, after = m.leader
    leader = {"before_samples": before, "after_samples": after}
    provenance: dict[str, Any] = rounded(
        {
            "program": f"render-ending {__version__}",
            "encoding": f"{m.info.format} {m.info.subtype}",
            "real_bits": m.real_bits,
            "true_peak_filter": FILTER,
            "notes": [asdict(note) for note in (*notes, *facts.notes)],
            "mono_fold": folds,
            "picture_rate": facts.clock.rate.name,
            "picture_start": facts.clock.rate.timecode(facts.clock.start_frame),
            **({"leader": leader} if before or after else {}),
            **facts.provenance,
        }
    )
    return provenance
