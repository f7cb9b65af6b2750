"""The gain that meets a delivery, solved over all its clauses together.

Between two gains at which a block crosses the absolute gate, every figure either shifts with the gain or stays
constant. So the gains that pass are exact: an intersection of intervals in each stretch between such gains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.reporting.clause import Clause
from audio_pipeline.reporting.delivery import Delivery
from audio_pipeline.reporting.figures import FIGURES
from audio_pipeline.reporting.model import ClauseGains, GainAdvice
from audio_pipeline.reporting.programme_response import WIDEST_DB, Response
from audio_pipeline.reporting.verdict import ROUNDING, applies, passes

MARGIN_DB = 0.1
"""The margin of an advised gain inside a limit, if the interval is wide enough: meters may differ by this
much (EBU Tech 3341), and dither changes a peak by far less."""
_STEP_DB = 0.01
_HAIR = 1e-6
_NOTHING = (math.inf, -math.inf)

Interval = tuple[float, float]


def advise(delivery: Delivery, response: Response) -> GainAdvice:
    """The smallest gain that passes every clause which a gain can change, or the clauses that contradict."""
    clauses = [clause for clause in delivery.clauses if clause.binding]
    edges = response.edges_db()
    possible, unmet, unmeasured = [], [], []
    for clause in clauses:
        gains = _gains(clause, response, edges)
        if gains is None:
            unmeasured.append(clause.code)
        elif not _passing([gains], edges):
            unmet.append(clause.code)
        else:
            possible.append((clause.code, gains))
    found = _passing([gains for _, gains in possible], edges)
    if found:
        nearest = min(found, key=_distance)
        return GainAdvice(
            gain_db=_smallest(nearest),
            lowest_db=_bound(nearest[0]),
            highest_db=_bound(nearest[1]),
            contradicting=(),
            unmet=tuple(unmet),
            unmeasured=tuple(unmeasured),
        )
    return GainAdvice(
        gain_db=None,
        lowest_db=None,
        highest_db=None,
        contradicting=tuple(_contradiction(possible, edges)),
        unmet=tuple(unmet),
        unmeasured=tuple(unmeasured),
    )


Stretches = NDArray[np.float64]
"""The lowest and highest gain that pass in each stretch, `(n, 2)`; lowest > highest: no gain passes."""


def _gains(clause: Clause, response: Response, edges: Samples) -> Stretches | None:
    """The gains that pass a clause, in each stretch between two edges; None when it is not measurable."""
    below, above = edges[:-1], edges[1:]
    whole = np.stack([below, above], axis=1)
    applying = _applying(clause, response, below)
    if not applying.any():
        return whole
    value = response.figures.get(clause.figure)
    found = response.above(clause.figure, below)
    if isinstance(value, str):
        fits = np.full(len(below), passes(clause, value))
    elif found is None or np.isnan(found[applying]).all():
        return None
    elif clause.allowed or not FIGURES[clause.figure].moves:
        fits = np.array([not math.isnan(v) and passes(clause, float(v)) for v in found])
    else:
        lowest = -np.inf if clause.lowest is None else clause.lowest - ROUNDING
        highest = np.inf if clause.highest is None else clause.highest + ROUNDING
        moved = np.stack([np.maximum(below, lowest - found), np.minimum(above, highest - found)], axis=1)
        moved[np.isnan(found)] = _NOTHING
        return np.where(applying[:, None], moved, whole)
    return np.where((fits | ~applying)[:, None], whole, np.array(_NOTHING))


def _applying(clause: Clause, response: Response, below: Samples) -> NDArray[np.bool_]:
    """Whether a clause applies in each stretch, because the share of dialogue may also jump with the gate."""
    known = applies(clause, response.figures)[0]
    if clause.when_share_above is None and clause.when_share_at_most is None:
        return np.full(len(below), known)
    share = response.above("dialogue_share_percent", below)
    if share is None:
        return np.full(len(below), known)
    if clause.when_share_above is not None:
        return np.asarray(share > clause.when_share_above)
    return np.asarray(~(share > (clause.when_share_at_most or 0.0)))


def _passing(several: Sequence[Stretches], edges: Samples) -> list[Interval]:
    """The intervals of gains that pass all, ascending.

    A stretch excludes its lower edge: its values are valid just above it.
    """
    below, lowest, highest = edges[:-1], edges[:-1].copy(), edges[1:].copy()
    for gains in several:
        np.maximum(lowest, gains[:, 0], out=lowest)
        np.minimum(highest, gains[:, 1], out=highest)
    there = (lowest <= highest) & (highest > below)
    merged: list[Interval] = []
    for low, high in zip(lowest[there].tolist(), highest[there].tolist(), strict=True):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _distance(interval: Interval) -> float:
    """The distance of an interval from 0 dB."""
    return max(interval[0], -interval[1], 0.0)


def _smallest(interval: Interval) -> float:
    """The gain nearest 0 dB inside an interval, with a margin, in whole hundredths if one fits."""
    lowest, highest = interval
    if lowest <= 0.0 <= highest:
        return 0.0
    margin = min(MARGIN_DB, 0.5 * (highest - lowest))
    if lowest > 0.0:
        gain = math.ceil((lowest + margin) / _STEP_DB - _HAIR) * _STEP_DB
        return gain if gain < highest else lowest + margin
    gain = math.floor((highest - margin) / _STEP_DB + _HAIR) * _STEP_DB
    return gain if gain > lowest else highest - margin


def _bound(gain_db: float) -> float | None:
    return None if abs(gain_db) >= WIDEST_DB else gain_db


def _contradiction(possible: Sequence[tuple[str, Stretches]], edges: Samples) -> list[ClauseGains]:
    """The smallest set of clauses that no gain meets together, and the gains with which each passes alone."""

    def contradict(some: Sequence[tuple[str, Stretches]]) -> bool:
        return not _passing([gains for _, gains in some], edges)

    pair = next((pair for pair in combinations(possible, 2) if contradict(pair)), None)
    few = list(pair) if pair is not None else list(possible)
    if pair is None:
        for one in possible:
            rest = [other for other in few if other is not one]
            few = rest if contradict(rest) else few
    told = []
    for code, gains in few:
        lowest, highest = min(_passing([gains], edges), key=_distance)
        told.append(ClauseGains(code=code, lowest_db=_bound(lowest), highest_db=_bound(highest)))
    return told
