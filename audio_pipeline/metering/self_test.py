"""Tests the meter with the test signals of EBU Tech 3341 and Tech 3342, at any sample rate.

"File" cases are measured as a complete file; "live" cases are fed in blocks of 20 ms, and their maxima
are read and reset at the end of every segment, as with a meter's reset button.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.history import HOPS_PER_S
from audio_pipeline.metering.meter import Loudness, Meter, measure
from audio_pipeline.metering.standard_cases import (
    CONSTANT_CASES,
    FILE_CASES,
    LIVE_CASES,
    PEAK_CASES,
    ConstantCase,
    FileCase,
    LiveCase,
    PeakCase,
    peak_tone,
    stepped_tone,
)
from audio_pipeline.records import dataclass

_LIVE_BLOCK_S = 0.02
_UNITS = {
    "integrated_lufs": "integrated, LUFS",
    "loudness_range_lu": "loudness range, LU",
    "max_momentary_lufs": "maximum momentary, LUFS",
    "max_short_term_lufs": "maximum short-term, LUFS",
    "momentary_lufs": "momentary, LUFS",
    "short_term_lufs": "short-term, LUFS",
}


@dataclass(frozen=True)
class Row:
    """One reading; for a case with several signals or segments, the reading with the largest error.

    `measured` None: the meter returned no figure. `tolerance` is (below, above).
    """

    case: str
    what: str
    measured: float | None
    expected: float
    tolerance: tuple[float, float]

    @property
    def passed(self) -> bool:
        """Whether the reading is within the standard's tolerance."""
        below, above = self.tolerance
        return self.measured is not None and -below <= round(self.measured - self.expected, 9) <= above


def run_self_test(sample_rate_hz: int) -> list[Row]:
    """The readings of every case at a sample rate, in the order of the standards."""
    rows = [
        *(row for case in FILE_CASES for row in _file_rows(case, sample_rate_hz)),
        *(_constant_row(case, sample_rate_hz) for case in CONSTANT_CASES),
        *(_live_row(case, sample_rate_hz) for case in LIVE_CASES),
        *(_peak_row(case, sample_rate_hz) for case in PEAK_CASES),
    ]
    return sorted(rows, key=lambda row: [int(part) for part in row.case.split("-")])


def _file_rows(case: FileCase, sample_rate_hz: int) -> Iterator[Row]:
    results = [measure(stepped_tone(signal, sample_rate_hz), sample_rate_hz) for signal in case.signals]
    for figure, expected in case.expected.items():
        readings = [getattr(result, figure) for result in results]
        measured, _ = _farthest(readings, [expected] * len(readings))
        what = _UNITS[figure] + (f" (farthest of {len(readings)} files)" if len(readings) > 1 else "")
        yield Row(case.name, what, measured, expected, case.tolerance)


def _constant_row(case: ConstantCase, sample_rate_hz: int) -> Row:
    *_, result = _live(stepped_tone(case.signal, sample_rate_hz), sample_rate_hz, 1)
    curve: Samples = getattr(result, case.curve)
    readings = [float(value) for value in curve[round(case.from_s * HOPS_PER_S) - 1 :]]
    measured, _ = _farthest(readings, [case.expected] * len(readings))
    what = f"{_UNITS[case.curve]} (farthest at any time from {case.from_s:g} s on)"
    return Row(case.name, what, measured, case.expected, (0.1, 0.1))


def _live_row(case: LiveCase, sample_rate_hz: int) -> Row:
    signal = stepped_tone(sum(case.segments, ()), sample_rate_hz)
    readings, seen = [], 0
    for result in _live(signal, sample_rate_hz, len(case.segments)):
        curve: Samples = getattr(result, case.curve)
        fresh = curve[seen:]
        readings.append(float(np.nanmax(fresh)))
        seen = len(curve)
    measured, expected = _farthest(readings, list(case.expected))
    what = f"maximum {_UNITS[case.curve]}, live (farthest of {len(readings)} segments)"
    return Row(case.name, what, measured, expected, (0.1, 0.1))


def _peak_row(case: PeakCase, sample_rate_hz: int) -> Row:
    result = measure(peak_tone(case.tone, sample_rate_hz), sample_rate_hz)
    return Row(case.name, "true peak, dBTP", result.true_peak_dbtp, case.expected, case.tolerance)


def _live(signal: Samples, sample_rate_hz: int, segments: int) -> Iterator[Loudness]:
    """The loudness at the end of each of `segments` equal segments, fed in small blocks."""
    meter = Meter(sample_rate_hz, signal.shape[1])
    block = round(_LIVE_BLOCK_S * sample_rate_hz)
    ends = [len(signal) * (segment + 1) // segments for segment in range(segments)]
    for start, end in zip([0, *ends], ends, strict=False):
        for begin in range(start, end, block):
            meter.feed(signal[begin : min(end, begin + block)])
        yield meter.result()


def _farthest(readings: Sequence[float | None], expected: Sequence[float]) -> tuple[float | None, float]:
    """The reading with the largest error, and its expected value; a missing reading has the largest."""
    pairs = list(zip(readings, expected, strict=True))
    return max(pairs, key=lambda p: float("inf") if p[0] is None else abs(p[0] - p[1]))
