"""The gain advice of a delivery as sentences: the gain that passes, or the clauses that contradict."""

from __future__ import annotations

import math
from collections.abc import Iterable

from audio_pipeline.reporting.figures import FIGURES
from audio_pipeline.reporting.model import ClauseGains, LoudnessReport

_HAIR = 1e-6


def advice_notes(report: LoudnessReport) -> list[str]:
    """Advice on the clauses that fail; empty when all pass."""
    advice = report.delivery.advice
    if advice is None or report.delivery.verdict == "pass":
        return []
    notes = []
    if advice.contradicting:
        alone = "; ".join(_alone(gains, report) for gains in advice.contradicting)
        notes.append(f"No gain passes: these clauses contradict each other. {alone}.")
    elif advice.gain_db:
        every = (
            "every clause"
            if not advice.unmet and not advice.unmeasured
            else ("every measured clause that a gain can change")
        )
        between = _between(advice.lowest_db, advice.highest_db)
        notes.append(
            f"A gain of {advice.gain_db:+.2f} dB passes {every}; so do {between}. It is the smallest,"
            " with up to 0.1 dB to spare for other meters. Write it with --apply OUT.wav."
        )
    if advice.unmet:
        notes.append(f"No gain changes what fails here: {_labels(advice.unmet, report)}.")
    return notes


def _alone(gains: ClauseGains, report: LoudnessReport) -> str:
    return f"{_labels([gains.code], report)} passes with {_between(gains.lowest_db, gains.highest_db)}"


def _between(lowest_db: float | None, highest_db: float | None) -> str:
    """The range of gains as text, rounded inwards, so that both ends pass."""
    if lowest_db is None and highest_db is None:
        return "any gain"
    lowest = 0.0 if lowest_db is None else math.ceil(100.0 * lowest_db - _HAIR) / 100.0
    highest = 0.0 if highest_db is None else math.floor(100.0 * highest_db + _HAIR) / 100.0
    if lowest_db is None:
        return f"at most {highest:+.2f} dB"
    if highest_db is None:
        return f"at least {lowest:+.2f} dB"
    if lowest > highest:  # the range is narrower than 0.01 dB
        return f"{lowest_db:+.4f} to {highest_db:+.4f} dB"
    return f"{lowest:+.2f} to {highest:+.2f} dB"


def _labels(codes: Iterable[str], report: LoudnessReport) -> str:
    figures = {clause.code: clause for clause in report.delivery.clauses}
    found = []
    for code in codes:
        clause = figures.get(code)
        figure = None if clause is None else FIGURES.get(clause.figure)
        limit = "" if clause is None else f" ({clause.limit})"
        found.append((code if figure is None else figure.label) + limit)
    return ", ".join(found)
