"""EBU Tech 3341 and Tech 3342: every case that is defined by words, at three sample rates."""

from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.metering.self_test import run_self_test
from audio_pipeline.metering.standard_cases import PEAK_CASES, peak_tone

CASES = {f"3341-{n}" for n in (*range(1, 7), *range(9, 24))} | {f"3342-{n}" for n in range(1, 5)}


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 96_000])
def test_every_case_reads_within_the_tolerance_of_the_standard(sample_rate_hz: int) -> None:
    rows = run_self_test(sample_rate_hz)
    assert {row.case for row in rows} == CASES
    assert [row for row in rows if not row.passed] == []


def test_the_signal_with_a_loud_period_reaches_full_scale_between_its_samples() -> None:
    tone = next(case.tone for case in PEAK_CASES if case.tone.loud_period)
    left = peak_tone(tone, 48_000)[:, 0]
    spectrum = np.fft.rfft(left)
    fine = np.fft.irfft(spectrum, 32 * len(left)) * 32
    assert 20 * np.log10(np.abs(fine).max()) == pytest.approx(0.0, abs=0.2)
    assert np.abs(left).max() < np.abs(fine).max()
