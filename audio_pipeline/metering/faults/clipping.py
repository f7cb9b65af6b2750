"""Clipping: flat tops, i.e. runs of equal samples at a peak, with a steep slope next to them.

Source of the thresholds: Netflix Partner Help Center, "AudioClippingInspector-AudioClippingDetected":
one run of equal samples at −0.45 dBFS or above, or ten at the loudest level of the programme.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples

NEAR_FULL_SCALE = 10.0 ** (-0.45 / 20.0)
SHORTEST_RUN = 3
RUNS_BELOW_FULL_SCALE = 10
SOFTEST = 10.0 ** (-20.0 / 20.0)
"""Flat tops below this are part of the waveform, not an overload."""
_SHOULDER = 2.0**-12
"""Minimum step next to a flat top: the crest of a slow wave is flat by rounding, without a step."""


class ClippingFinder:
    """Counts the flat tops of one channel."""

    def __init__(self) -> None:
        self._tail = np.zeros(0)
        self._position = 0
        self._at: dict[float, list[int]] = {}
        self.highest, self.lowest = -np.inf, np.inf

    def feed(self, x: Samples) -> None:
        """Feed the next samples `(n,)`."""
        highest, lowest = float(x.max()), float(x.min())
        self.highest, self.lowest = max(self.highest, highest), min(self.lowest, lowest)
        tail = self._tail
        for top in {float(tail.max(initial=highest)), float(tail.min(initial=lowest))}:
            # a softer top is not the loudest level of the programme: nearly always, without a further look
            if abs(top) < SOFTEST or not (
                abs(top) >= NEAR_FULL_SCALE or top in (self.highest, self.lowest)
            ):
                continue
            if np.count_nonzero(x == top) + np.count_nonzero(tail == top) >= SHORTEST_RUN:
                self._count(np.concatenate([tail, x]), top, self._position - len(tail))
        self._position += len(x)
        self._tail = x[len(x) - min(len(x), SHORTEST_RUN + 1) :].copy()

    def result(self) -> tuple[int, int, float] | None:
        """The number of clipped positions, the first, and the level as a gain; None without clipping."""
        found = []
        for top, places in self._at.items():
            enough = abs(top) >= NEAR_FULL_SCALE or (
                top in (self.highest, self.lowest) and len(places) >= RUNS_BELOW_FULL_SCALE
            )
            if enough:
                found.append((places[0], len(places), abs(top)))
        if not found:
            return None
        return sum(count for _, count, _ in found), min(found)[0], max(top for *_, top in found)

    def _count(self, x: Samples, top: float, first: int) -> None:
        flat = np.flatnonzero(x == top)
        if len(flat) < SHORTEST_RUN:
            return
        breaks = np.flatnonzero(np.diff(flat) > 1)
        starts = flat[np.concatenate([[0], breaks + 1])]
        stops = flat[np.concatenate([breaks, [len(flat) - 1]])] + 1
        inside = (stops - starts >= SHORTEST_RUN) & (starts > 0)
        for start, stop in zip(starts[inside].tolist(), stops[inside].tolist(), strict=True):
            before = abs(top - x[start - 1])
            after = abs(top - x[stop]) if stop < len(x) else 0.0
            if max(before, after) >= _SHOULDER * abs(top):
                places = self._at.setdefault(top, [])
                if not places or places[-1] != first + start:
                    places.append(first + start)
