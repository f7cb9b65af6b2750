"""What is promised of the speed, and what was reached in this run."""

from __future__ import annotations

from collections.abc import Mapping

from processes import Cost
from tables import Table

OURS = "render-ending"
CLICK = '`python -c "import click"`'
HELP, PRESETS = "`render-ending --help`", "`render-ending presets`"
FIRST = "a first render, into an empty cache"
_PARTS = ("dropout", "ceiling", "target", "grain", "cue `breath`", "cue `dropout`")
AGAIN = tuple(f"only the {part} changed" for part in _PARTS)
READING, MEASURE = "reading the file", "`render-ending measure`"
EBUR128 = "`ffmpeg -af ebur128=peak=true`"
MIXES = ("one mix", "two", "three", "four")
LANGUAGES = ("one language", "two languages", "three languages")
ONE_CORE, ONE_JOB, TWO_JOBS = "one core (`taskset`)", "`--jobs 1`", "`--jobs 2`"
WATCH = "from saving the preset to the page, s"

Costs = Mapping[str, Cost]
"""Medians by the names that stand in a table."""


def table(mixes: Mapping[int, Costs], complete: frozenset[str], parts: Costs) -> Table:
    """What was asked and what was reached, as ratios of wall times where nothing else is said.

    `mixes`: by the seconds of film, what every tool cost; `complete`: the tools that do the whole work
    (meter, target, ceiling, report). What was not measured is a dash.
    """

    def lead(length_s: int) -> float:
        costs = mixes[length_s]
        return costs[OURS].wall_s / min(costs[name].wall_s for name in complete & costs.keys())

    def of(name: str, other: str) -> float:
        return parts[name].wall_s / parts[other].wall_s

    def more(names: tuple[str, ...]) -> float:
        """What each mix after the first costs, on the average."""
        first, *_, last = (parts[name].wall_s for name in names)
        return (last - first) / (len(names) - 1) / first

    asked = [
        ("a minute ÷ the quickest complete peer", 0.6, lambda: lead(60)),
        ("ten minutes ÷ the quickest complete peer", 0.45, lambda: lead(600)),
        ("peak memory of a minute, MiB", 220, lambda: mixes[60][OURS].peak_mib),
        ("memory of an hour ÷ of a minute", 1.2, lambda: _per(mixes, "peak_mib", 3600, 60)),
        ("an hour ÷ six times ten minutes", 1.05, lambda: _per(mixes, "wall_s", 3600, 600) / 6),
        (f"{HELP} ÷ {CLICK}", 2.0, lambda: of(HELP, CLICK)),
        (f"{PRESETS} ÷ {CLICK}", 4.0, lambda: of(PRESETS, CLICK)),
        *((f"{name} ÷ {FIRST}", 0.4, lambda name=name: of(name, FIRST)) for name in AGAIN),
        ("one more alternate ÷ one mix", 0.35, lambda: more(MIXES)),
        ("one more language ÷ one language", 0.3, lambda: more(LANGUAGES)),
        (WATCH, 0.5, lambda: parts[WATCH].wall_s),
        (f"{MEASURE} ÷ {READING}", 1.3, lambda: of(MEASURE, READING)),
        (f"{MEASURE} ÷ {EBUR128}", 1 / 3.5, lambda: of(MEASURE, EBUR128)),
        (f"six unlike mixes, {TWO_JOBS} ÷ {ONE_CORE}", 0.55, lambda: of(TWO_JOBS, ONE_CORE)),
    ]
    rows: Table = [("", "asked, at most", "reached")]
    for what, most, reached in asked:
        try:
            got = f"{reached():.3g}"
        except (KeyError, ValueError):  # not measured, or nobody to compare with
            got = "–"
        rows.append((what, f"{most:.3g}", got))
    return rows


def _per(mixes: Mapping[int, Costs], figure: str, length_s: int, shorter_s: int) -> float:
    longer, shorter = (getattr(mixes[length][OURS], figure) for length in (length_s, shorter_s))
    return float(longer / shorter)
