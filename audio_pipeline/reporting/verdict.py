"""The verdict of a delivery, clause by clause: measurement, limit and result."""

from __future__ import annotations

from collections.abc import Mapping

from audio_pipeline.records import dataclass
from audio_pipeline.reporting.clause import Clause, Value
from audio_pipeline.reporting.delivery import Delivery
from audio_pipeline.reporting.model import ClauseOutcome, ClauseVerdict, Verdict

ROUNDING = 0.00005
"""The allowed excess over a limit: figures in a report are rounded to four decimals."""

NO_STEM = "no dialogue stem was given; give it with --dialogue FILE"
_UNKNOWN = {
    "dialogue_lufs": NO_STEM,
    "loudness_to_dialogue_lu": NO_STEM,
    "bits": "the file does not hold whole numbers of a fixed width",
    "channel_faults": "the channels were not looked at",
}
_ABOUT_DIALOGUE = ("dialogue_lufs", "loudness_to_dialogue_lu")


@dataclass(frozen=True)
class Judgement:
    """The verdict of a delivery on the figures."""

    name: str
    title: str
    verdict: Verdict
    clauses: tuple[ClauseVerdict, ...]


def judge(delivery: Delivery, figures: Mapping[str, Value], reasons: Mapping[str, str]) -> Judgement:
    """The verdict of a delivery, overall and clause by clause.

    `figures` are a report's figures by name, with those of `file_figures`; `reasons` holds the reason for a
    figure that is None. The delivery passes when every binding clause that applies passes; it is "not
    measurable" when none fails but at least one could not be measured.
    """
    clauses = tuple(_judge_clause(clause, figures, reasons) for clause in delivery.clauses)
    outcomes = {
        judged.verdict
        for judged, clause in zip(clauses, delivery.clauses, strict=True)
        if clause.binding
    }
    whole: Verdict = "pass"
    if "fail" in outcomes:
        whole = "fail"
    elif "not measurable" in outcomes:
        whole = "not measurable"
    return Judgement(delivery.name, delivery.title, whole, clauses)


def applies(clause: Clause, figures: Mapping[str, Value]) -> tuple[bool, str | None]:
    """Whether a clause applies to a programme with these figures, and the reason, if one is needed."""
    share = figures.get("dialogue_share_percent")
    if clause.when_dialogue is not None and clause.when_dialogue != isinstance(share, float | int):
        given = "no dialogue stem was given" if clause.when_dialogue else "a dialogue stem was given"
        way = "; give it with --dialogue FILE, and this clause applies" if clause.when_dialogue else ""
        return False, given + way
    if clause.when_codec and figures.get("codec") not in clause.when_codec:
        return False, f"it is about {' and '.join(clause.when_codec)}"
    return _of_share(clause, share if isinstance(share, float | int) else None)


def passes(clause: Clause, value: float | str) -> bool:
    """Whether a figure passes a clause."""
    if clause.allowed:
        if isinstance(value, str):
            return value in clause.allowed
        numbers = [number for number in clause.allowed if not isinstance(number, str)]
        return any(abs(value - number) <= ROUNDING for number in numbers)
    if isinstance(value, str):
        return False
    lowest, highest = clause.lowest, clause.highest
    return (lowest is None or value >= lowest - ROUNDING) and (
        highest is None or value <= highest + ROUNDING
    )


def _judge_clause(
    clause: Clause, figures: Mapping[str, Value], reasons: Mapping[str, str]
) -> ClauseVerdict:
    value = figures.get(clause.figure)
    outcome, why = _outcome(clause, value, figures, reasons)
    number = value if isinstance(value, float | int) else None
    return ClauseVerdict(
        figure=clause.figure,
        verdict=outcome,
        measured=number,
        limit=clause.limit(),
        delta=None if number is None or clause.allowed else _delta(clause, number),
        unit=clause.unit,
        why=why,
        source=clause.source,
        caveat=clause.caveat,
        code=clause.code,
        measured_text=value if isinstance(value, str) else None,
        binding=clause.binding,
        document=clause.document,
        version=clause.version,
        section=clause.section,
        read=clause.read,
    )


def _outcome(
    clause: Clause, value: Value, figures: Mapping[str, Value], reasons: Mapping[str, str]
) -> tuple[ClauseOutcome, str | None]:
    applying, why = applies(clause, figures)
    if not applying:
        return "does not apply", why
    if value is None:
        return "not measurable", _why_unknown(clause.figure, figures, reasons)
    missed: ClauseOutcome = "fail" if clause.binding else "not as recommended"
    return ("pass" if passes(clause, value) else missed), why


def _why_unknown(figure: str, figures: Mapping[str, Value], reasons: Mapping[str, str]) -> str:
    known = _UNKNOWN.get(figure, "it was not measured")
    if figure in _ABOUT_DIALOGUE:
        if figures.get("dialogue_share_percent") is None:
            return known
        if figures.get("dialogue_lufs") is None:
            return "the dialogue stem holds nothing above the -70 LUFS gate"
    return reasons.get(figure) or known


def _of_share(clause: Clause, share: float | None) -> tuple[bool, str | None]:
    above, at_most = clause.when_share_above, clause.when_share_at_most
    limit = above if above is not None else at_most
    if limit is None:
        return True, None
    if share is None:
        return above is not None, f"taken to be more than {limit:g} % dialogue: not stated"
    known = f"{share:.0f} % of the programme is dialogue"
    return (share > limit if above is not None else share <= limit), known


def _delta(clause: Clause, value: float) -> float:
    """The measured value minus the target; without a target, minus the missed or nearer limit."""
    if clause.target is not None:
        return value - clause.target
    limits = [limit for limit in (clause.minimum, clause.maximum) if limit is not None]
    return value - min(limits, key=lambda limit: abs(value - limit))
