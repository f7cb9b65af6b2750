"""A report as lines and rows of text: one decimal, units, and reasons for missing figures."""

from __future__ import annotations

from audio_pipeline.pages.advice_words import advice_notes
from audio_pipeline.reporting.clause import READINGS
from audio_pipeline.reporting.figures import (
    DROPOUT_FIGURES,
    FIGURES,
    HEADLINE,
    SECTION_FIGURES,
    Figure,
    shown,
)
from audio_pipeline.reporting.model import ClauseVerdict, LoudnessReport
from audio_pipeline.reporting.silences import MOST_SILENCES, silences_in_short

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
    """(label, value, where or why) of every headline figure with a value or a reason."""
    rows: list[Row] = []
    for name in HEADLINE:
        figure, value = FIGURES[name], report.figure(name)
        reason = report.reasons.get(name, "")
        if reason == "no dialogue stem":
            continue
        if name == "channels":
            reason = report.layout or reason
        if name == "loudness_range_lu" and value is not None and report.duration_s < 60.0:
            reason = "not stable under 60 s"
        place = report.figure(_PLACES[name]) if name in _PLACES else None
        rows.append((figure.label, with_unit(value, figure), f"at {place:.2f} s" if place else reason))
    return rows


def section_head() -> Row:
    """The head of `section_rows`."""
    return ("section", "from s", "to s", "LUFS", "RMS dBFS", "peak dBFS", "below dialogue LU")


def section_rows(report: LoudnessReport) -> list[Row]:
    """A row for every section, numbers right-aligned."""
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
    return ("clause", "limit", "measured", "delta", "verdict")


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
                clause.measured_text or shown(clause.measured, figure.decimals),
                signed,
                clause.verdict.upper() if clause.verdict == "fail" else clause.verdict,
            )
        )
    return rows


def clause_notes(report: LoudnessReport) -> list[str]:
    """Notes on the clauses: reasons, the gain that passes, caveats, and sources."""
    notes = []
    for clause in report.delivery.clauses:
        label = clause_label(clause)
        if clause.verdict == "not as recommended":
            notes.append(f"{label}: only recommended; {clause.source}.")
        if clause.why and clause.verdict in ("not measurable", "does not apply"):
            notes.append(f"{label} {clause.verdict}: {clause.why}.")
        elif clause.why:
            notes.append(f"{label}: {clause.why}.")
        if clause.caveat and clause.verdict in ("pass", "fail"):
            notes.append(f"{label}: {clause.caveat}")
    return advice_notes(report) + notes


def source_notes(report: LoudnessReport) -> list[str]:
    """The documents that clauses cite, with version, section, and the parts that were read."""
    cited: dict[str, list[str]] = {}
    for clause in report.delivery.clauses:
        if clause.document is not None:
            parts = [p for p in (clause.document, clause.version, clause.section) if p is not None]
            read = "" if clause.read is None else f" ({READINGS[clause.read]})"
            cited.setdefault(", ".join(parts) + read, []).append(clause_label(clause))
    return [f"{', '.join(dict.fromkeys(labels))}: {source}." for source, labels in cited.items()]


def clause_label(clause: ClauseVerdict) -> str:
    """The label of a clause's figure."""
    return FIGURES.get(clause.figure, Figure(clause.figure, clause.unit)).label


def leader_notes(report: LoudnessReport) -> list[str]:
    """Notes on the leaders of the file, which are not measured."""
    leader = report.provenance.get("leader")
    if not isinstance(leader, dict):
        return []
    before, after = (
        float(str(leader.get(f"{side}_samples", 0))) / report.sample_rate_hz
        for side in ("before", "after")
    )
    return [f"The leader is not measured: {before:.3f} s before the programme, {after:.3f} s after it."]


def time_notes(report: LoudnessReport) -> list[str]:
    """The start, picture rate and cues that the file states, as text."""
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
    """Notes on digital silence that is or may be intended, with timecodes; other silence has a warning.

    More than three that may be intended count as pauses and share one sentence.
    """
    notes, unknown = [], []
    for run in report.delivery.silences:
        text = f"Digital silence {run.start} to {run.stop} ({run.stop_s - run.start_s:.3f} s)"
        if run.deliberate:
            notes.append(
                f"{text}: intended; it follows the silence cue. Mention it in the delivery notes."
            )
        elif not report.sections:
            unknown.append((run, f"{text}. If it is intended, mention it in the delivery notes."))
    if len(unknown) > MOST_SILENCES:
        return [*notes, f"{silences_in_short([run for run, _ in unknown])}."]
    return [*notes, *(text for _, text in unknown)]


def audibility_note(report: LoudnessReport) -> str | None:
    """The level of the floor in the listening room, if known."""
    listening = report.delivery.listening
    if listening is None or listening.floor_dba is None:
        return None
    return (
        f"The floor in the dropout plays at {listening.floor_dba:.1f} dBA ({listening.level}): "
        f"{listening.over_nc25_db:+.1f} dB from NC-25, "
        f"{listening.over_nc30_db:+.1f} dB from NC-30."
    )
