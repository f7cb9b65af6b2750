"""The effect of a gain on the figures of a programme, from a measurement or from a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.gain_response import (
    Steps,
    integrated_by_gain,
    momentary_blocks,
    range_by_gain,
    share_by_gain,
    short_term_blocks,
)
from audio_pipeline.metering.history import MOMENTARY_HOPS, SHORT_TERM_HOPS
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.clause import Value
from audio_pipeline.reporting.dialogue import GATE_LU
from audio_pipeline.reporting.model import Curves

WIDEST_DB = 120.0
"""The largest gain examined, up or down."""
_HOPS_PER_POINT = 10


@dataclass(frozen=True, eq=False)
class Response:
    """The effect of a gain on a programme: `steps` by figure, for figures with known gates; `FIGURES` states
    whether any other figure shifts with the gain or stays constant. `figures` are as measured."""

    figures: Mapping[str, Value]
    steps: Mapping[str, Steps] = field(default_factory=dict)

    def edges_db(self) -> Samples:
        """The gains at which a figure jumps, and both ends of the examined range, `(n,)` ascending."""
        inner = [steps.starts for steps in self.steps.values()]
        edges = np.sort(np.concatenate([*inner, [-WIDEST_DB, WIDEST_DB]]))
        edges = edges[np.abs(edges) <= WIDEST_DB]
        # not `np.unique`, which imports numpy.ma
        different: Samples = edges[np.concatenate([[True], edges[1:] > edges[:-1]])]
        return different

    def above(self, name: str, gains_db: Samples) -> Samples | None:
        """The figure just above each gain, without the shift by that gain; None for a figure without a number.

        NaN when nothing is above the gate.
        """
        if name in self.steps:
            return self.steps[name].above(gains_db)
        if name == "loudness_to_dialogue_lu" and self.figures.get(name) is not None:
            programme, dialogue = (
                self.above(part, gains_db) for part in ("integrated_lufs", "dialogue_lufs")
            )
            if programme is not None and dialogue is not None:
                return programme - dialogue
        value = self.figures.get(name)
        return np.full(len(gains_db), float(value)) if isinstance(value, float | int) else None


def response_of_curves(
    figures: Mapping[str, Value],
    momentary_lufs: Samples,
    short_term_lufs: Samples,
    dialogue_momentary_lufs: Samples | None,
) -> Response:
    """The response of a programme from its curves on the 10 ms grid, `(hops,)` each; those of the dialogue stem
    are optional."""
    steps = {
        "integrated_lufs": integrated_by_gain(momentary_blocks(momentary_lufs)),
        "loudness_range_lu": range_by_gain(short_term_blocks(short_term_lufs)),
    }
    if dialogue_momentary_lufs is not None:
        dialogue = integrated_by_gain(momentary_blocks(dialogue_momentary_lufs))
        seconds = figures.get("duration_s")
        length_s = float(seconds) if isinstance(seconds, float | int) else 0.0
        steps["dialogue_lufs"] = dialogue
        steps["dialogue_share_percent"] = share_by_gain(
            dialogue_momentary_lufs, dialogue, GATE_LU, length_s
        )
    return Response(figures, steps)


def response_of_report(figures: Mapping[str, Value], curves: Curves) -> Response:
    """The response of a programme from its report, whose points are the gating blocks, to 0.01 LU."""
    momentary = _points(curves.momentary_lufs, MOMENTARY_HOPS)
    short_term = _points(curves.short_term_lufs, SHORT_TERM_HOPS)
    steps = {
        name: made
        for name, made in (
            ("integrated_lufs", integrated_by_gain(momentary)),
            ("loudness_range_lu", range_by_gain(short_term)),
        )
        if len(made.starts)
    }
    return Response(figures, steps)


def _points(curve: tuple[float | None, ...], window_hops: int) -> Samples:
    points = np.array([np.nan if point is None else point for point in curve], dtype=np.float64)
    return points[window_hops // _HOPS_PER_POINT - 1 :]
