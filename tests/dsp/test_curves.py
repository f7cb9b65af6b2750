"""Fade curves and pan laws have the closed forms they are known by."""

import numpy as np
import pytest

from audio_pipeline.dsp.curves import CURVE_NAMES, curve, db_at_half_power, pan_gains

PROGRESS = np.linspace(0.0, 1.0, 1001)


@pytest.mark.parametrize("name", CURVE_NAMES)
def test_a_curve_runs_from_nothing_to_all_without_turning_back(name):
    gain = curve(name, PROGRESS)
    assert gain[0] == pytest.approx(0.0, abs=1e-12)
    assert gain[-1] == pytest.approx(1.0)
    assert (np.diff(gain) >= -1e-12).all()
    assert (curve(name, np.array([-3.0, 7.0])) == [gain[0], gain[-1]]).all()


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("tri", 0.5),
        ("qsin", np.sqrt(0.5)),
        ("hsin", 0.5),
        ("qua", 0.25),
        ("cub", 0.125),
        ("cbr", 0.5 ** (1 / 3)),
    ],
)
def test_a_curve_has_its_own_value_half_way(name, half):
    assert curve(name, np.array([0.5]))[0] == pytest.approx(half)


def test_quarter_sines_keep_the_power_and_lines_keep_the_amplitude():
    assert curve("qsin", PROGRESS) ** 2 + curve("qsin", 1 - PROGRESS) ** 2 == pytest.approx(1.0)
    assert curve("tri", PROGRESS) + curve("tri", 1 - PROGRESS) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "law_db", [db_at_half_power(), 1.5 * db_at_half_power(), 2 * db_at_half_power()]
)
def test_a_pan_law_loses_what_it_says_at_the_centre_and_keeps_its_own_sum(law_db):
    gains = pan_gains(np.linspace(-1, 1, 501), law_db)
    power = 2 * db_at_half_power() / law_db
    assert (gains**power).sum(axis=1) == pytest.approx(1.0, abs=2e-3 if law_db > 6 else 1e-9)
    assert 20 * np.log10(pan_gains(np.zeros(1), law_db)[0]) == pytest.approx([-law_db] * 2)
    assert (gains[0] == [1, 0]).all()
    assert (gains[-1] == [0, 1]).all()


def test_an_unknown_curve_names_those_that_are_known():
    with pytest.raises(ValueError, match="qsin"):
        curve("sine", PROGRESS)
