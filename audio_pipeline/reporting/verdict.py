"""The verdict of a delivery, clause by clause: measured, asked for, and the gain that meets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audio_pipeline.reporting.delivery import Clause, Delivery
from audio_pipeline.reporting.figures import FIGURES
from audio_pipeline.reporting.model import ClauseOutcome, ClauseVerdict, Verdict

ROUNDING = 0.00005
"""Figures in a report have four decimals; a limit is not missed by their rounding."""

_UNKNOWN = {
    "dialogue_lufs": "no dialogue stem was given",
    "loudness_to_dialogue_lu": "no dialogue stem was given",
    "bits": "the file does not hold whole numbers of a fixed width",
}


@dataclass(frozen=True)
class Judgement:
    """What a delivery says of the figures."""

    name: str
    title: str
    verdict: Verdict
    clauses: tuple[ClauseVerdict, ...]


def judge(
    delivery: Delivery, figures: Mapping[str, float | None], reasons: Mapping[str, str]
) -> Judgement:
    """The verdict of a delivery, whole and clause by clause.

    `figures` are those of a report by name, and `bits`, `leq_m_db`, `dialogue_share_percent`; `reasons`
    says why one is None. The whole passes when every clause that applies does; it is "not measurable"
    when none fails but one could not be measured.
    """
    clauses = tuple(_judge_clause(delivery, clause, figures, reasons) for clause in delivery.clauses)
    outcomes = {clause.verdict for clause in clauses}
    whole: Verdict = "pass"
    if "fail" in outcomes:
        whole = "fail"
    elif "not measurable" in outcomes:
        whole = "not measurable"
    return Judgement(delivery.name, delivery.title, whole, clauses)


def _judge_clause(
    delivery: Delivery, clause: Clause, figures: Mapping[str, float | None], reasons: Mapping[str, str]
) -> ClauseVerdict:
    value = figures.get(clause.figure)
    outcome, why = _outcome(clause, value, figures, reasons)
    gain = _mending_gain(clause, value) if outcome == "fail" and value is not None else None
    return ClauseVerdict(
        figure=clause.figure,
        verdict=outcome,
        measured=value,
        limit=clause.limit(),
        delta=None if value is None else _delta(clause, value),
        unit=clause.unit,
        mending_gain_db=gain,
        gain_breaks=() if gain is None else _broken_by(delivery, gain, clause, figures),
        why=why,
        source=clause.source,
        caveat=clause.caveat,
    )


def _outcome(
    clause: Clause,
    value: float | None,
    figures: Mapping[str, float | None],
    reasons: Mapping[str, str],
) -> tuple[ClauseOutcome, str | None]:
    applies, why = _applies(clause, figures.get("dialogue_share_percent"))
    if not applies:
        return "does not apply", why
    if value is None:
        missing = reasons.get(clause.figure) or _UNKNOWN.get(clause.figure, "it was not measured")
        return "not measurable", missing
    return ("pass" if _within(clause, value) else "fail"), why


def _applies(clause: Clause, share: float | None) -> tuple[bool, str | None]:
    above, at_most = clause.when_share_above, clause.when_share_at_most
    limit = above if above is not None else at_most
    if limit is None:
        return True, None
    if share is None:
        return above is not None, f"taken to be more than {limit:g} % dialogue: not stated"
    known = f"{share:.0f} % of the programme is dialogue"
    return (share > limit if above is not None else share <= limit), known


def _within(clause: Clause, value: float) -> bool:
    lowest, highest = clause.lowest, clause.highest
    return (lowest is None or value >= lowest - ROUNDING) and (
        highest is None or value <= highest + ROUNDING
    )


def _delta(clause: Clause, value: float) -> float:
    """Measured minus target; where there is none, minus the limit that is missed or nearer."""
    if clause.target is not None:
        return value - clause.target
    limits = [limit for limit in (clause.minimum, clause.maximum) if limit is not None]
    return value - min(limits, key=lambda limit: abs(value - limit))


def _mending_gain(clause: Clause, value: float) -> float | None:
    """The gain that brings a figure to its target, or to the limit it misses; None when no gain can."""
    return -_delta(clause, value) if FIGURES[clause.figure].moves else None


def _broken_by(
    delivery: Delivery, gain: float, mended: Clause, figures: Mapping[str, float | None]
) -> tuple[str, ...]:
    """The figures of other clauses that would fail after the gain."""
    broken = []
    for clause in delivery.clauses:
        value = figures.get(clause.figure)
        applies, _ = _applies(clause, figures.get("dialogue_share_percent"))
        if clause is mended or not applies or value is None or not FIGURES[clause.figure].moves:
            continue
        if not _within(clause, value + gain):
            broken.append(clause.figure)
    return tuple(broken)
