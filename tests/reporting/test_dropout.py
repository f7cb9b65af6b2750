from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.dsp.curves import CurveName, curve
from audio_pipeline.metering.silence import SilenceFinder
from audio_pipeline.reporting.dropout import FallMeter, silence_start
from audio_pipeline.reporting.facts import DropoutPlan
from audio_pipeline.reporting.report import report_of_file
from audio_pipeline.timeline.spans import Span
from tests.endings import GRAIN_DBFS, PROJECTOR_DBFS, RATE, at, ending, facts, messages, written

STEP_S = 0.0105
"""One step of 10 ms, and a millisecond's rounding."""


def fall_of(samples: np.ndarray, fade_s: float, before: float, floor: float | None) -> float | None:
    plan = DropoutPlan(at("dropout"), round(fade_s * RATE), at("silence"))
    meter = FallMeter(plan, len(samples), RATE)
    for start in range(0, len(samples), 100_000):
        meter.feed(samples[start : start + 100_000])
    return meter.result(before, floor).fall_s


def visible_s(shape: CurveName, fade_s: float) -> float:
    """When the sum of a falling projector and the grain is 1 dB above the grain: where the curve's gain
    is the grain's, relative to the projector, times the square root of 10^0.1 - 1."""
    gain = 10 ** ((GRAIN_DBFS - PROJECTOR_DBFS) / 20) * np.sqrt(10**0.1 - 1)
    progress = np.linspace(0.0, 1.0, 100_001)
    return fade_s * float(progress[np.argmax(curve(shape, 1.0 - progress) <= gain)])


@pytest.mark.parametrize("shape", get_args(CurveName))
@pytest.mark.parametrize("fade_s", [0.08, 0.25])
def test_the_fall_ends_where_the_curve_comes_within_1_db_of_the_grain(
    shape: CurveName, fade_s: float
) -> None:
    measured = fall_of(ending(shape, fade_s), fade_s, PROJECTOR_DBFS, GRAIN_DBFS)
    assert measured == pytest.approx(visible_s(shape, fade_s), abs=STEP_S)


@pytest.mark.parametrize("shape", ["qsin", "tri", "squ", "log"])
@pytest.mark.parametrize("fade_s", [1 / 24, 0.08, 0.25])
def test_a_curve_that_stays_above_the_grain_measures_the_presets_fade(
    shape: CurveName, fade_s: float
) -> None:
    measured = fall_of(ending(shape, fade_s), fade_s, PROJECTOR_DBFS, GRAIN_DBFS)
    assert measured == pytest.approx(fade_s, abs=STEP_S)


def test_a_cut_without_a_fade_measures_no_more_than_one_step() -> None:
    measured = fall_of(ending("tri", 0.0), 0.0, PROJECTOR_DBFS, GRAIN_DBFS)
    # of the windows of steady noise a tenth lies over the threshold: that costs a millisecond or two
    assert measured == pytest.approx(0.0, abs=STEP_S + 0.002)


def test_without_grain_the_fall_ends_at_the_first_zero() -> None:
    measured = fall_of(ending("qsin", 0.25, grain_dbfs=None), 0.25, PROJECTOR_DBFS, None)
    assert measured == pytest.approx(0.25, abs=0.0011)


def test_a_fall_that_takes_longer_than_planned_is_measured_and_warned_of(tmp_path: Path) -> None:
    path = written(tmp_path / "slow.wav", ending("tri", 0.5))
    report = report_of_file(path, facts(fade_s=0.25), "slow.wav")
    assert report.dropout.fall_s == pytest.approx(0.5, abs=0.05)
    assert any("not the specified 0.250 s" in message for message in messages(report))


def test_where_nothing_falls_there_is_no_fall() -> None:
    steady = ending()
    steady[at("dropout") : at("silence")] = steady[at("start") : at("voices")]
    assert fall_of(steady, 0.25, PROJECTOR_DBFS, PROJECTOR_DBFS) is None


def test_levels_and_depth_are_those_that_were_synthesised(tmp_path: Path) -> None:
    report = report_of_file(written(tmp_path / "e.wav", ending()), facts(), "e.wav")
    dropout = report.dropout
    assert dropout.at_s == 6.0
    both = 10 * np.log10(10 ** (PROJECTOR_DBFS / 10) + 10 ** (GRAIN_DBFS / 10))
    assert dropout.level_before_dbfs == pytest.approx(both, abs=0.05)
    assert dropout.floor_dbfs == pytest.approx(GRAIN_DBFS, abs=0.05)
    assert dropout.depth_db == pytest.approx(both - GRAIN_DBFS, abs=0.1)
    assert dropout.silence_at_s * RATE == at("silence")


@pytest.mark.parametrize("moved", [-480, -1, 0, 1])
def test_the_silence_is_found_to_the_sample(tmp_path: Path, moved: int) -> None:
    samples = ending()
    samples[at("silence") - 500 : at("silence") + moved] = 0.01
    samples[at("silence") + moved :] = 0.0
    report = report_of_file(written(tmp_path / "e.wav", samples), facts(), "e.wav")
    found = report.dropout.silence_at_s
    if moved > 0:
        assert found is None
    else:
        assert round(found * RATE) == at("silence") + moved


def test_a_last_breath_inside_the_silence_leaves_its_beginning_where_it_is() -> None:
    runs = (Span(100, 150), Span(180, 200))
    assert silence_start(DropoutPlan(50, 10, 100), runs, 200) == 100
    assert silence_start(DropoutPlan(50, 10, None), runs, 200) == 180
    assert silence_start(DropoutPlan(50, 10, 160), runs, 200) is None


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 30)), min_size=1, max_size=12),
    st.lists(st.integers(1, 40), max_size=12),
    st.integers(1, 12),
)
def test_silence_is_found_the_same_however_the_programme_is_cut(
    runs: list[tuple[bool, int]], cuts: list[int], shortest: int
) -> None:
    sounding = np.concatenate([np.full(length, float(on)) for on, length in runs])
    samples = np.stack([sounding, np.zeros_like(sounding)], axis=1)
    finder = SilenceFinder(shortest)
    for block in np.split(samples, np.minimum(np.cumsum(cuts), len(samples)) if cuts else []):
        finder.feed(block)
    expected, start = [], None
    for n, value in enumerate([*sounding, 1.0]):
        if value == 0.0 and start is None:
            start = n
        elif value != 0.0 and start is not None:
            expected += [Span(start, n)] if n - start >= shortest else []
            start = None
    assert list(finder.result()) == expected
