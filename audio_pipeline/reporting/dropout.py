"""The dropout, measured from the delivered file: the depth and length of the fall, the start of true silence.

The length of the fall is the time from its cue until the short-time level (RMS over the last 10 ms, read every
millisecond) is within 1 dB of the remaining floor and stays there for four fifths of the next 50 ms. A fade
below the grain is neither measurable in a file nor audible. So a curve that falls early ("exp") measures
shorter than the preset's `fade`, and one that is still above the grain near its end ("qsin", "tri") agrees with
it: within 10 ms for a fall of 18 dB in steady noise, 16 ms short for one of 14 dB. The level of grain varies:
if it is higher just after the fall (90th percentile over 250 ms), that level counts as the floor, up to 3 dB;
its dust can delay the reading by about 20 ms.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.facts import DropoutPlan
from audio_pipeline.timeline.spans import Span

BEFORE_S = 1.0
WINDOW_STEPS = 10
STAYS_STEPS = 50
STAYS_SHARE = 0.8
NEAR_DB, NEAREST_DB = 1.0, 3.0
FLOOR_LOOK_STEPS = 250
SHORTEST_FLOOR_STEPS = 60
LONGEST_FALL_S = 30.0
UNCERTAIN_S = 0.03
"""How late the end of a fall may be measured, because the level of the grain varies."""


def span_before(plan: DropoutPlan, sample_rate_hz: int) -> Span:
    """The second before the fall; less if the file begins later."""
    return Span(max(0, plan.at - round(BEFORE_S * sample_rate_hz)), plan.at)


def span_of_floor(plan: DropoutPlan, length: int) -> Span:
    """The span from the end of the planned fade to the silence, or to the end of a programme of `length`."""
    stop = length if plan.silence is None else min(plan.silence, length)
    start = min(plan.at + plan.fade, stop)
    return Span(start, stop)


@dataclass(frozen=True)
class Fall:
    """The measured length of the fall, `fall_s`; None with the reason."""

    fall_s: float | None
    reason: str | None = None


class FallMeter:
    """Collects the power of every millisecond from the dropout on; feed it the complete programme."""

    def __init__(self, plan: DropoutPlan, length: int, sample_rate_hz: int) -> None:
        self._plan = plan
        self._rate = sample_rate_hz
        self._step = max(1, round(sample_rate_hz / 1000))
        stop = span_of_floor(plan, length).stop
        latest = plan.at + plan.fade + round(LONGEST_FALL_S * sample_rate_hz)
        steps = max(0, min(stop, latest) - plan.at) // self._step
        self._span = Span(plan.at, plan.at + steps * self._step)
        self._squares = np.zeros(len(self._span))
        self._position = 0

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        here = Span(self._position, self._position + len(block))
        common = self._span.intersect(here)
        if len(common):
            self._squares[common.inside(self._span)] = np.mean(
                np.square(block[common.inside(here)]), axis=1
            )
        self._position = here.stop

    def result(self, level_before_dbfs: float | None, floor_dbfs: float | None) -> Fall:
        """The fall, given the RMS level before and after it (None: digital silence)."""
        powers = self._squares.reshape(-1, self._step).mean(axis=1)
        planned = round(self._plan.fade / self._step)
        if len(powers) - planned < SHORTEST_FLOOR_STEPS:
            return Fall(None, "less than 60 ms of floor between the fall and the silence")
        if level_before_dbfs is None:
            return Fall(None, "digital silence before the dropout")
        if floor_dbfs is not None and level_before_dbfs - floor_dbfs <= NEAREST_DB:
            return Fall(None, "the level before is not 3 dB above the floor, so nothing fell")
        short_time = sliding_window_view(powers, WINDOW_STEPS).mean(axis=1)
        # a fall that takes longer than planned extends into the floor, so only its later half is measured
        floor = float(powers[(planned + len(powers)) // 2 :].mean())
        low = short_time <= _threshold(short_time[planned:], floor)
        stays = sliding_window_view(low, STAYS_STEPS).mean(axis=1) >= STAYS_SHARE
        ends = np.flatnonzero(low[: len(stays)] & stays)
        if not len(ends):
            return Fall(None, "the level never stays within 3 dB of the floor")
        # a level counts at the end of its window, as on a live meter; digital zeros count at once
        steps = int(ends[0]) + (0 if floor_dbfs is None else WINDOW_STEPS)
        return Fall(steps * self._step / self._rate)


def _threshold(after: Samples, floor: float) -> float:
    """The power below which the short-time level has reached a floor of power `floor`."""
    lowest, highest = (floor * float(10.0 ** (db / 10.0)) for db in (NEAR_DB, NEAREST_DB))
    ordered = np.sort(after[:FLOOR_LOOK_STEPS])
    # np.quantile would import numpy.ma, which takes longer than this measurement
    own = float(np.interp(0.9 * (len(ordered) - 1), np.arange(len(ordered)), ordered))
    return min(max(own, lowest), highest)


def silence_start(plan: DropoutPlan, silences: tuple[Span, ...], length: int) -> int | None:
    """The first sample of the digital silence at the silence cue or, without that cue, at the end of the
    programme; None when the file is not silent there."""
    wanted = length - 1 if plan.silence is None else min(plan.silence, length - 1)
    for run in silences:
        if wanted in run:
            return run.start
    return None
