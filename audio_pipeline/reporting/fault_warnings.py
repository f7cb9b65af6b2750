"""Channel faults as warnings: channels, timecodes, amounts, and whether quality control rejects them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from audio_pipeline.metering.faults.kinds import Fault, FaultKind
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.warnings import ReportWarning, WarningCode

REJECTED = frozenset(
    (
        FaultKind.DEAD,
        FaultKind.MUTED,
        FaultKind.DROPOUT,
        FaultKind.INVERTED,
        FaultKind.CLIPPED,
        FaultKind.DELAYED,
    )
)
"""Faults for which quality control rejects a file; it only mentions the others."""

MOST_PLACES = 20
"""The maximum number of warnings for one kind of fault; further faults share one warning."""

_NAMES = {
    "L": "left",
    "R": "right",
    "C": "centre",
    "Ls": "left surround",
    "Rs": "right surround",
    "Lb": "left back",
    "Rb": "right back",
    "Cs": "back centre",
}


def count_rejected(codes: Iterable[str]) -> int:
    """The number of warnings for which quality control rejects a file."""
    return sum(1 for code in codes if code in REJECTED)


def fault_warnings(
    faults: Sequence[Fault], roles: Sequence[str], facts: MixFacts, sample_rate_hz: int
) -> list[ReportWarning]:
    """A warning for every fault; above `MOST_PLACES` of one kind, one warning for the rest."""
    told: Counter[FaultKind] = Counter()
    total = Counter(fault.kind for fault in faults)
    found = []
    for fault in faults:
        told[fault.kind] += 1
        if told[fault.kind] <= MOST_PLACES:
            found.append(_warning(fault, _sentence(fault, roles, facts, sample_rate_hz), sample_rate_hz))
        elif told[fault.kind] == total[fault.kind]:
            rest = total[fault.kind] - MOST_PLACES
            found.append(_warning(fault, f"{_WORDS[fault.kind]} in {rest} more places.", sample_rate_hz))
    return found


def meant_to_end(facts: MixFacts, fault: Fault) -> bool:
    """Whether a gap is within the silence that a cue specifies."""
    silence = None if facts.dropout is None else facts.dropout.silence
    return (
        silence is not None
        and fault.kind in (FaultKind.MUTED, FaultKind.DROPOUT)
        and fault.start is not None
        and fault.start >= silence
    )


_CODES = {code.value: code for code in WarningCode}
_WORDS = {FaultKind.DROPOUT: "Audio dropouts", FaultKind.MUTED: "Muted stretches"}


def _warning(fault: Fault, message: str, rate: int) -> ReportWarning:
    return ReportWarning(
        code=_CODES[fault.kind.value],
        message=message,
        at_s=None if fault.start is None else fault.start / rate,
        until_s=None if fault.stop is None else fault.stop / rate,
        figure="delivery.clauses" if fault.kind in REJECTED else None,
    )


def _sentence(fault: Fault, roles: Sequence[str], facts: MixFacts, rate: int) -> str:
    who, figure = _channels(fault.channels, roles), fault.figure or 0.0
    where = _where(fault, facts, rate)
    one = len(fault.channels) == 1
    match fault.kind:
        case FaultKind.DEAD:
            peak = "digital silence" if fault.figure is None else f"peak {figure:.1f} dBFS"
            return f"The {who} channel is dead: {peak} from beginning to end. Check the routing of the export."
        case FaultKind.LFE_SILENT:
            return "The LFE channel is silent from beginning to end. Mention it in the delivery notes."
        case FaultKind.MUTED:
            return f"The {who} {'channel is' if one else 'channels are'} muted{where}."
        case FaultKind.DROPOUT:
            return f"Audio dropout in the {who} {'channel' if one else 'channels'}{where}."
        case FaultKind.INVERTED:
            part = where or " from beginning to end"
            return f"The polarity of {who} is inverted{part} (correlation {figure:.2f}). Invert one of them."
        case FaultKind.OUT_OF_PHASE:
            return (
                f"{who.capitalize()} are out of phase (correlation {figure:.2f})."
                " Check the fold to mono."
            )
        case FaultKind.DUAL_MONO:
            return (
                f"Dual mono: left and right are identical{_apart(figure)}."
                " Deliver it as mono if that is intended."
            )
        case FaultKind.IDENTICAL:
            return f"The channels {who} are identical{_apart(figure)}."
        case FaultKind.DELAYED:
            late, early = fault.channels if figure < 0.0 else fault.channels[::-1]
            names = _channels((late,), roles), _channels((early,), roles)
            return f"The {names[0]} channel is {abs(figure):.2f} ms behind the {names[1]} channel."
        case FaultKind.IMBALANCE:
            softer, louder = fault.channels if figure > 0.0 else fault.channels[::-1]
            names = _channels((softer,), roles), _channels((louder,), roles)
            return f"The {names[0]} channel is {abs(figure):.1f} dB softer than the {names[1]} channel."
        case FaultKind.CLIPPED:
            places = "1 place" if fault.count == 1 else f"{fault.count} places"
            first = "" if fault.count == 1 else " first"
            return f"The {who} channel is clipped at {figure:.2f} dBFS in {places},{first}{where}."
        case FaultKind.OFFSET:
            return f"The {who} channel has a DC offset of {figure:.1f} dBFS. High-pass it."
        case FaultKind.PADDED:
            every = "" if len(fault.channels) == len(roles) else f" in the {who} channel"
            return f"Padded bits: only the upper {figure:.0f} bits of each sample are used{every}."
        case FaultKind.LFE_FULL_BAND:
            return (
                f"The LFE channel is not low-pass filtered: {figure:.0f} % of it is above 250 Hz."
                " Low-pass it at 120 Hz."
            )


def _channels(channels: Sequence[int], roles: Sequence[str]) -> str:
    if len(channels) == len(roles) and len(roles) > 2:
        return "all"
    names = [_NAMES.get(roles[c], roles[c]) for c in channels]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _apart(apart_db: float) -> str:
    return "" if abs(apart_db) < 0.05 else f" but for a level difference of {abs(apart_db):.1f} dB"


def _where(fault: Fault, facts: MixFacts, rate: int) -> str:
    """Place and length, " at 01:00:08:00 for 2.000 s" or " for 12.5 ms"; empty for the whole programme."""
    if fault.start is None:
        return ""
    at = facts.clock.timecode(Fraction(fault.start, rate))
    if fault.stop is None:
        return f" at {at} ({fault.start / rate:.3f} s)"
    lasts_s = (fault.stop - fault.start) / rate
    lasts = f"{lasts_s:.3f} s" if lasts_s >= 0.1 else f"{1000.0 * lasts_s:.1f} ms"
    return f" for {lasts} at {at} ({fault.start / rate:.3f} s)"
