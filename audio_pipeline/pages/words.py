"""A report as lines and rows of text: one decimal, units, and reasons where there is no figure."""

from __future__ import annotations

from audio_pipeline.reporting.figures import (
    DROPOUT_FIGURES,
    FIGURES,
    HEADLINE,
    SECTION_FIGURES,
    Figure,
    shown,
)
from audio_pipeline.reporting.model import ClauseVerdict, LoudnessReport

Row = tuple[str, ...]

_PLACES = {
    "max_momentary_lufs": "max_momentary_at_s",
    "max_short_term_lufs": "max_short_term_at_s",
    "true_peak_dbtp": "true_peak_at_s",
}


def with_unit(value: float | None, figure: Figure) -> str:
    """ "-27.0 LUFS", or a dash."""
    text = shown(value, figure.decimals)
    return text if value is None or not figure.unit else f"{text} {figure.unit}"


def headline_rows(report: LoudnessReport) -> list[Row]:
    """(label, value, where or why) of every figure at the top of a report that says something."""
    rows: list[Row] = []
    for name in HEADLINE:
        figure, value = FIGURES[name], report.figure(name)
        reason = report.reasons.get(name, "")
        if reason == "no dialogue stem":
            continue
        if name == "loudness_range_lu" and value is not None and report.duration_s < 60.0:
            reason = "not stable under 60 s"
        place = report.figure(_PLACES[name]) if name in _PLACES else None
        rows.append((figure.label, with_unit(value, figure), f"at {place:.2f} s" if place else reason))
    return rows


def section_head() -> Row:
    """The head of `section_rows`."""
    return ("section", "from s", "to s", "LUFS", "RMS dBFS", "peak dBFS", "below dialogue LU")


def section_rows(report: LoudnessReport) -> list[Row]:
    """A row for every section, numbers flush right."""
    widths = (7, 7, 6, 6, 6, 6)
    rows = []
    for section in report.sections:
        cells = [
            f"{shown(getattr(section, name), figure.decimals):>{width}}"
            for (name, figure), width in zip(SECTION_FIGURES.items(), widths, strict=True)
        ]
        rows.append((section.name, *cells))
    return rows


def dropout_rows(report: LoudnessReport) -> list[Row]:
    """(label, value, why) of the dropout."""
    dropout = report.dropout
    if dropout is None:
        return []
    return [
        (
            f"Dropout, {figure.label}",
            with_unit(getattr(dropout, name), figure),
            dropout.reasons.get(name, ""),
        )
        for name, figure in DROPOUT_FIGURES.items()
    ]


def clause_head() -> Row:
    """The head of `clause_rows`."""
    return ("clause", "asked for", "measured", "delta", "verdict")


def clause_rows(report: LoudnessReport) -> list[Row]:
    """A row for every clause of the delivery."""
    rows: list[Row] = []
    for clause in report.delivery.clauses:
        figure = FIGURES.get(clause.figure, Figure(clause.figure, clause.unit))
        delta = clause.delta
        signed = "" if delta is None else f"{delta:+.{figure.decimals}f}"
        rows.append(
            (
                figure.label,
                clause.limit,
                shown(clause.measured, figure.decimals),
                signed,
                clause.verdict.upper() if clause.verdict == "fail" else clause.verdict,
            )
        )
    return rows


def clause_notes(report: LoudnessReport) -> list[str]:
    """What is to be said of the clauses: why, what would mend them, what we do not claim."""
    notes = []
    for clause in report.delivery.clauses:
        label = FIGURES.get(clause.figure, Figure(clause.figure, "")).label
        if clause.verdict == "fail":
            notes.append(f"{label}: {_mending(clause)}")
        if clause.why and clause.verdict in ("not measurable", "does not apply"):
            notes.append(f"{label} {clause.verdict}: {clause.why}.")
        elif clause.why:
            notes.append(f"{label}: {clause.why}.")
        if clause.caveat and clause.verdict in ("pass", "fail"):
            notes.append(f"{label}: {clause.caveat}")
    return notes


def _mending(clause: ClauseVerdict) -> str:
    gain = clause.mending_gain_db
    if gain is None:
        return f'no gain meets it; the specification says "{clause.source}".'
    text = f"a gain of {gain:+.2f} dB"
    if clause.gain_breaks:
        broken = " and ".join(FIGURES[name].label.lower() for name in clause.gain_breaks)
        peaks = clause.gain_breaks == ("true_peak_dbtp",)
        way_out = "a ceiling has to hold the peaks" if peaks else "no gain meets both"
        return f"{text} meets this clause, but then {broken} fails: {way_out}."
    return f"{text} meets every clause that a gain can change."


def time_notes(report: LoudnessReport) -> list[str]:
    """What the file itself told of its start, its picture rate and its cues, in words; nothing else."""
    told = report.provenance.get("own_time")
    sources = told.get("sources") if isinstance(told, dict) else None
    if not isinstance(sources, dict):
        return []
    start, rate = report.provenance.get("picture_start"), report.provenance.get("picture_rate")
    said = {
        "start": f"start {start}",
        "rate": f"{rate} frames a second",
        "cues": f"{len(report.cues)} cues",
    }
    parts = [f"{words} ({sources[what]})" for what, words in said.items() if what in sources]
    return [f"Time from the file: {', '.join(parts)}."]


def silence_notes(report: LoudnessReport) -> list[str]:
    """Digital silence that is meant, or may be, with timecodes; other silence is a warning already."""
    notes = []
    for run in report.delivery.silences:
        text = f"Digital silence {run.start} to {run.stop} ({run.stop_s - run.start_s:.3f} s)"
        if run.deliberate:
            notes.append(f"{text}: meant, it follows the silence cue. Mention it in the delivery notes.")
        elif not report.sections:
            notes.append(f"{text}. If it is intended, mention it in the delivery notes.")
    return notes


def audibility_note(report: LoudnessReport) -> str | None:
    """How the floor stands in the room, when it is known."""
    listening = report.delivery.listening
    if listening is None or listening.floor_dba is None:
        return None
    return (
        f"The floor in the dropout plays at {listening.floor_dba:.1f} dBA ({listening.level}): "
        f"{listening.over_nc25_db:+.1f} dB from NC-25, "
        f"{listening.over_nc30_db:+.1f} dB from NC-30."
    )
