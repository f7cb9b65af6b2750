"""Many digital silences in one sentence: pauses in speech are not listed one by one."""

from __future__ import annotations

from collections.abc import Sequence

from audio_pipeline.reporting.model import Silence

MOST_SILENCES = 3
"""The maximum number of silences listed one by one."""


def silences_in_short(runs: Sequence[Silence]) -> str:
    """The number of digital silences, their total length, and the position of the longest, as text.

    `runs` must not be empty.
    """
    together_s = sum(run.stop_s - run.start_s for run in runs)
    longest = max(runs, key=lambda run: run.stop_s - run.start_s)
    return (
        f"Digital silence in {len(runs)} places, {together_s:.3f} s together; the longest is"
        f" {longest.start} to {longest.stop} ({longest.stop_s - longest.start_s:.3f} s)"
    )
