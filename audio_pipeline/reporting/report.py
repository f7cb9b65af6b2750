"""The loudness report, `LoudnessReport.1`: measured again from the delivered file, block by block.

report = report_of_file(Path("final.wav"), MixFacts("final", …), "final.wav")
print(to_json(report))
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from audio_pipeline import __version__
from audio_pipeline.audio_io.read.audio_file import AudioInfo, blocks, probe
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.a_weighted_level import AWeightedMeter
from audio_pipeline.metering.leq_m import leq_m_of_blocks_db
from audio_pipeline.metering.meter import Loudness, Meter
from audio_pipeline.metering.silence import SHORTEST_S, SilenceFinder
from audio_pipeline.metering.span_levels import SpanLevels
from audio_pipeline.metering.true_peak import FILTER
from audio_pipeline.reporting.audibility import audibility_warning, listening_facts
from audio_pipeline.reporting.delivery import Delivery, load_delivery
from audio_pipeline.reporting.dropout import (
    UNCERTAIN_S,
    Fall,
    FallMeter,
    silence_start,
    span_before,
    span_of_floor,
)
from audio_pipeline.reporting.facts import DropoutPlan, MixFacts, Section
from audio_pipeline.reporting.figures import rounded
from audio_pipeline.reporting.fold_check import FoldCheck, fold_warning
from audio_pipeline.reporting.rejudge import bits_of
from audio_pipeline.reporting.verdict import judge
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.workers import prefetch

__all__ = ["SCHEMA", "DropoutPlan", "MixFacts", "Report", "Section", "report_of_file", "to_json"]

SCHEMA = "LoudnessReport.1"
CURVE_STEP_S = 0.1
CURVE_FLOOR_DB = -100.0
_BLOCK = 262_144
_HOPS_PER_POINT = 10

Report = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that one pass over the file has shown."""

    info: AudioInfo
    loudness: Loudness
    sections: tuple[SpanLevels, ...]
    before: SpanLevels | None
    floor: SpanLevels | None
    floor_a_weighted_dbfs: float | None
    fall: Fall | None
    silences: tuple[Span, ...]
    leq_m_db: float | None
    mono_folds: list[dict[str, Any]] | None


class Observer(Protocol):
    """Something that looks at a programme as it passes, block by block, `(n, channels)` each."""

    def feed(self, block: Samples, /) -> None: ...


def report_of_file(
    path: Path, facts: MixFacts, shown_name: str, beside: Sequence[Observer] = ()
) -> Report:
    """Measure `path` and report on it; `shown_name` is how the report calls the file.

    Those `beside` are fed every block as well, by another thread. Raises StemError for a file that cannot
    be read, ReportError for an unknown delivery.
    """
    delivery = None if facts.delivery is None else load_delivery(facts.delivery)
    return _report(_measure(path, facts, delivery, beside), facts, delivery, shown_name)


def to_json(report: Report | list[Report]) -> str:
    """A report, or a list of them, as text: the same report, the same bytes; a curve on one line."""
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    # a line break is never part of a JSON string, so this can only meet lists of numbers
    return re.sub(r"\[\n[-\d.,\senul+]*\]", lambda m: re.sub(r"\s+", " ", m[0]), text) + "\n"


def _measure(
    path: Path, facts: MixFacts, delivery: Delivery | None, beside: Sequence[Observer]
) -> Measured:
    info = probe(path)
    rate, plan = info.sample_rate_hz, facts.dropout
    whole = Span(0, info.frames)
    spans = [section.span.intersect(whole) for section in facts.sections]
    if plan is not None:
        spans += [span_before(plan, rate).intersect(whole), span_of_floor(plan, info.frames)]
    meter = Meter(rate, info.channels, spans=spans)
    falling = None if plan is None else FallMeter(plan, info.frames, rate)
    soft = None if plan is None else AWeightedMeter(spans[-1], rate, info.channels)
    silence = SilenceFinder(max(1, round(SHORTEST_S * rate)))
    folding = (
        FoldCheck(facts.sections or [Section(facts.mix, whole)], rate) if info.channels == 2 else None
    )
    others: list[Observer | None] = [silence, falling, soft, *beside]
    passing = _passed_on(blocks(path, _BLOCK), [one for one in others if one is not None])
    for block in prefetch(passing):
        meter.feed(block)
        if folding is not None:
            folding.feed(block)
    loudness = meter.result()
    levels = loudness.spans[: len(facts.sections)]
    before, floor = loudness.spans[-2:] if plan is not None else (None, None)
    fall = None
    if falling is not None and before is not None and floor is not None:
        fall = falling.result(before.rms_dbfs, floor.rms_dbfs)
    leq = delivery is not None and any(c.figure == "leq_m_db" for c in delivery.clauses)
    return Measured(
        info,
        loudness,
        levels,
        before,
        floor,
        None if soft is None else soft.result(),
        fall,
        silence.result(),
        _leq_m_db(path, info) if leq else None,
        None if folding is None else folding.result(),
    )


def _passed_on(passing: Iterable[Samples], observers: Sequence[Observer]) -> Iterator[Samples]:
    """The blocks, each after the observers have had it: on the thread that reads ahead, as they take
    together about as long as the loudness does."""
    for block in passing:
        for observer in observers:
            observer.feed(block)
        yield block


def _leq_m_db(path: Path, info: AudioInfo) -> float | None:
    return leq_m_of_blocks_db(blocks(path, info.sample_rate_hz), info.sample_rate_hz)


def _report(m: Measured, facts: MixFacts, delivery: Delivery | None, shown_name: str) -> Report:
    whole = m.loudness
    names = (
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
    dialogue, programme = facts.dialogue_lufs, whole.integrated_lufs
    reasons = {name: whole.reasons[name] for name in names if name in whole.reasons}
    if dialogue is None:
        reasons["dialogue_lufs"] = "no dialogue stem"
    if dialogue is None or programme is None:
        reasons["loudness_to_dialogue_lu"] = reasons.get("integrated_lufs") or "no dialogue stem"
    if facts.dropout is None:
        reasons["dropout"] = "none is planned"
    report: Report = {
        "schema": SCHEMA,
        "mix": facts.mix,
        "file": shown_name,
        "duration_s": whole.duration_s,
        "sample_rate_hz": whole.sample_rate_hz,
        "channels": whole.channels,
        **{name: getattr(whole, name) for name in names},
        "dialogue_lufs": dialogue,
        "loudness_to_dialogue_lu": None
        if dialogue is None or programme is None
        else programme - dialogue,
        "sections": [
            _section(section.name, levels, facts, whole.sample_rate_hz)
            for section, levels in zip(facts.sections, m.sections, strict=True)
            if len(levels.span)
        ],
        "dropout": _dropout(m, facts),
    }
    report["delivery"] = _delivery(report, m, facts, delivery, reasons)
    report["curves"] = _curves(whole)
    report["warnings"] = _warnings(report, m, facts)
    report["provenance"] = _provenance(m, facts)
    report["reasons"] = reasons
    return rounded(report)  # type: ignore[no-any-return]


def _section(name: str, levels: SpanLevels, facts: MixFacts, rate: int) -> dict[str, Any]:
    reasons = dict(levels.reasons)
    below = None
    if facts.dialogue_lufs is None:
        reasons["below_dialogue_lu"] = "no dialogue stem"
    elif levels.integrated_lufs is None:
        reasons["below_dialogue_lu"] = reasons["integrated_lufs"]
    else:
        below = facts.dialogue_lufs - levels.integrated_lufs
    return {
        "name": name,
        "start_s": levels.span.start / rate,
        "stop_s": levels.span.stop / rate,
        "integrated_lufs": levels.integrated_lufs,
        "rms_dbfs": levels.rms_dbfs,
        "sample_peak_dbfs": levels.sample_peak_dbfs,
        "below_dialogue_lu": below,
        "reasons": reasons,
    }


def _dropout(m: Measured, facts: MixFacts) -> dict[str, Any] | None:
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
        reasons["silence_at_s"] = "there is no digital silence where it should begin"
    return {
        "at_s": plan.at / rate,
        "level_before_dbfs": before,
        "floor_dbfs": floor,
        "depth_db": None if before is None or floor is None else before - floor,
        "fall_s": m.fall.fall_s,
        "silence_at_s": None if silent is None else silent / rate,
        "reasons": reasons,
    }


def _delivery(
    report: Report, m: Measured, facts: MixFacts, delivery: Delivery | None, reasons: dict[str, str]
) -> dict[str, Any]:
    rate = m.info.sample_rate_hz
    judged: dict[str, Any] = {"name": None, "title": None, "verdict": None, "clauses": []}
    listening = None
    if delivery is not None:
        figures = {
            **report,
            "bits": bits_of(m.info.subtype),
            "leq_m_db": m.leq_m_db,
            "dialogue_share_percent": facts.dialogue_share_percent,
        }
        judged = judge(delivery, figures, reasons)
        if m.floor is not None and facts.listening == "speakers":
            listening = listening_facts(delivery, m.floor_a_weighted_dbfs)
    meant = None if facts.dropout is None else facts.dropout.silence
    return {
        **judged,
        "dialogue_share_percent": facts.dialogue_share_percent,
        "listening": listening,
        "silences": [
            {
                "start_s": run.start / rate,
                "stop_s": run.stop / rate,
                "start": facts.clock.timecode(Fraction(run.start, rate)),
                "stop": facts.clock.timecode(Fraction(run.stop, rate)),
                "deliberate": meant is not None and run.stop > meant,
            }
            for run in m.silences
        ],
    }


def _curves(loudness: Loudness) -> dict[str, Any]:
    """10 points a second; the levels are the power mean of the 10 ms that end with each point."""
    points = len(loudness.level_dbfs) // _HOPS_PER_POINT
    power = 10.0 ** (loudness.level_dbfs[: points * _HOPS_PER_POINT] / 10.0)
    with np.errstate(divide="ignore"):
        level = 10.0 * np.log10(power.reshape(points, _HOPS_PER_POINT).mean(axis=1))
    return {
        "step_s": CURVE_STEP_S,
        "momentary_lufs": _points(loudness.momentary_lufs[_HOPS_PER_POINT - 1 :: _HOPS_PER_POINT]),
        "short_term_lufs": _points(loudness.short_term_lufs[_HOPS_PER_POINT - 1 :: _HOPS_PER_POINT]),
        "level_dbfs": _points(level),
    }


def _points(curve: Samples) -> list[float | None]:
    return [round(v, 2) if v >= CURVE_FLOOR_DB else None for v in curve.tolist()]


def _warnings(report: Report, m: Measured, facts: MixFacts) -> list[str]:
    warnings = list(m.info.warnings)
    for section in facts.sections:
        if section.span.stop > m.info.frames:
            warnings.append(f"The section {section.name!r} goes on after the file has ended.")
    if (peak := m.loudness.sample_peak_dbfs) is not None and peak > 0.0:
        warnings.append(f"Samples pass full scale by {peak:.1f} dB: as whole numbers they would clip.")
    listening = report["delivery"]["listening"]
    if listening is not None and (word := audibility_warning(listening)) is not None:
        warnings.append(word)
    if m.mono_folds is not None and (word := fold_warning(m.mono_folds)) is not None:
        warnings.append(word)
    return warnings + _fall_warnings(report, m, facts) + _silence_warnings(report, facts)


def _fall_warnings(report: Report, m: Measured, facts: MixFacts) -> list[str]:
    plan, dropout = facts.dropout, report["dropout"]
    if plan is None or dropout is None:
        return []
    warnings = []
    planned_s = plan.fade / m.info.sample_rate_hz
    if dropout["fall_s"] is not None and dropout["fall_s"] > planned_s + UNCERTAIN_S:
        warnings.append(f"The fall took {dropout['fall_s']:.3f} s; {planned_s:.3f} s were planned.")
    if dropout["fall_s"] is None and plan.at < m.info.frames:
        warnings.append(f"The fall could not be measured: {dropout['reasons']['fall_s']}.")
    if plan.silence is not None:
        late = (
            dropout["silence_at_s"] is None
            or dropout["silence_at_s"] > plan.silence / m.info.sample_rate_hz
        )
        if late and plan.silence < m.info.frames:
            at = facts.clock.timecode(Fraction(plan.silence, m.info.sample_rate_hz))
            warnings.append(f"The silence at {at} is not silent.")
    return warnings


def _silence_warnings(report: Report, facts: MixFacts) -> list[str]:
    """Without cues nobody knows what is meant, so nothing is said."""
    return [
        f"Digital silence from {run['start']} to {run['stop']}, which no cue asks for."
        for run in report["delivery"]["silences"]
        if facts.sections and not run["deliberate"]
    ]


def _provenance(m: Measured, facts: MixFacts) -> dict[str, Any]:
    return {
        "program": f"render-ending {__version__}",
        "encoding": f"{m.info.format} {m.info.subtype}",
        "true_peak_filter": FILTER,
        "mono_fold": m.mono_folds,
        "picture_rate": facts.clock.rate.name,
        "picture_start": facts.clock.rate.timecode(facts.clock.start_frame),
        **facts.provenance,
    }
