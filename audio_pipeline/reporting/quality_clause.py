"""The clause on channel faults that every delivery has."""

from __future__ import annotations

from audio_pipeline.reporting.clause import Clause

CHANNEL_FAULTS = Clause(
    figure="channel_faults",
    unit="",
    source="no dead or muted channel, dropout, inverted polarity, delay between channels or clipping",
    code="channel_faults",
    document="MovieLabs QC Vocabulary",
    version="1.1 (December 2019)",
    section="AUDIO",
    read="excerpt",
    maximum=0.0,
)


def with_quality(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """The clauses of a delivery, with the default clause on channel faults if it has none."""
    if any(clause.figure == CHANNEL_FAULTS.figure for clause in clauses):
        return clauses
    return (*clauses, CHANNEL_FAULTS)
