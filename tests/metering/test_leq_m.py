from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.metering import leq_m
from audio_pipeline.metering.leq_m import leq_m_db, leq_m_of_blocks_db, m_weighting_db
from tests.metering.leq_m_programmes import READINGS_DB, interpolated_db, programmes

ITU_R_468 = {
    31.5: (-29.9, 2.0),
    63: (-23.9, 1.4),
    100: (-19.8, 1.0),
    200: (-13.8, 0.85),
    400: (-7.8, 0.7),
    800: (-1.9, 0.55),
    1000: (0.0, 0.5),
    2000: (5.6, 0.5),
    3150: (9.0, 0.5),
    4000: (10.5, 0.5),
    5000: (11.7, 0.5),
    6300: (12.2, 0.0),
    7100: (12.0, 0.2),
    8000: (11.4, 0.4),
    9000: (10.1, 0.6),
    10_000: (8.1, 0.8),
    12_500: (0.0, 1.2),
    14_000: (-5.3, 1.4),
    16_000: (-11.7, 1.6),
    20_000: (-22.2, 2.0),
}
"""BS.468-4, table 1: the nominal response, dB, 0 at 1 kHz, and its tolerance."""
ROUNDED_DB = 0.1
"""What rounding can make of a table in tenths of a decibel, and of the 5.6 dB at 2 kHz."""


def test_the_curve_is_bs_468_moved_to_0_at_2_khz() -> None:
    for frequency_hz, (level_db, tolerance_db) in ITU_R_468.items():
        moved = float(m_weighting_db(np.array(frequency_hz)))
        assert moved == pytest.approx(level_db - 5.6, abs=ROUNDED_DB)
        assert abs(moved - level_db + 5.6) <= tolerance_db + 0.05


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000, 192_000])
def test_a_sine_reads_its_level_by_the_table_of_bs_468(rate: int) -> None:
    t = np.arange(2 * rate) / rate
    fade = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.25)
    for frequency_hz, (level_db, _) in ITU_R_468.items():
        if frequency_hz < rate / 2:
            x = (fade * np.sin(2 * np.pi * frequency_hz * t))[:, None]
            flat_db = 65 + 40 + 10 * np.log10(2 * np.mean(np.square(x)))
            assert leq_m_db(x, rate) - flat_db == pytest.approx(level_db - 5.6, abs=ROUNDED_DB)


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_towards_0_hz_it_falls_by_6_db_an_octave_and_hears_no_offset(rate: int) -> None:
    t = np.arange(4 * rate) / rate
    fade = np.sin(np.pi * t / 4)[:, None] ** 2
    levels = [leq_m_db(fade * np.sin(2 * np.pi * hz * t)[:, None], rate) for hz in (5, 10, 20)]
    assert np.diff(levels) == pytest.approx([6.02, 6.02], abs=0.1)
    assert leq_m_db(fade, rate) < levels[0] - 15


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_the_way_a_programme_is_cut_makes_no_difference(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = np.cumsum(rng.standard_normal((6_000, 2)), axis=0)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(x)), max_size=5)))
    blocks = [x[a:b] for a, b in zip([0, *cuts], [*cuts, len(x)], strict=True)]
    assert leq_m_of_blocks_db(blocks, 48_000) == pytest.approx(leq_m_db(x, 48_000), abs=1e-9)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_2_khz_sine_20_db_down_reads_85_and_channels_add_as_power(rate: int) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 2000 / rate * np.arange(5 * rate))[:, None]
    assert leq_m_db(tone, rate) == pytest.approx(85.0, abs=0.01)
    assert leq_m_db(np.repeat(tone, 2, axis=1), rate) == pytest.approx(88.01, abs=0.01)
    assert leq_m_db(np.vstack([tone, np.zeros_like(tone)]), rate) == pytest.approx(81.99, abs=0.01)


def test_silence_has_no_leq_m() -> None:
    assert leq_m_db(np.zeros((1000, 2)), 48_000) is None
    assert leq_m_db(np.zeros((0, 2)), 48_000) is None
    assert leq_m_of_blocks_db([], 48_000) is None


def looped_db(x: np.ndarray, rate: int) -> float:
    """Leq(m) of a programme that goes on as a loop, without the clicks of its beginning and end."""
    twice, thrice = (10 ** (leq_m_db(np.tile(x, (n, 1)), rate) / 10) * n for n in (2, 3))
    return 10 * float(np.log10(thrice - twice))


def test_leqm_nrt_reads_the_same_on_thirty_programmes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its curve in the place of the network's, within 0.1 dB; with the network's, within what its
    straight lines are off between the points of the table."""
    ours = {name: looped_db(x, rate) for name, x, rate in programmes()}
    assert ours.keys() == READINGS_DB.keys()
    assert len(ours) == 30
    for name, x, rate in programmes():
        with monkeypatch.context() as patch:
            patch.setattr(leq_m, "m_weighting_db", interpolated_db)
            patch.setattr(leq_m, "_TAPS", 16_384)  # its curve has sharp corners
            leq_m._impulse.cache_clear()
            with_its_curve = looped_db(x, rate)
        leq_m._impulse.cache_clear()
        assert with_its_curve == pytest.approx(READINGS_DB[name], abs=0.1), name
        assert -0.25 < ours[name] - READINGS_DB[name] < 0.55, name


def test_straight_lines_between_the_points_leave_the_tolerance_of_bs_468() -> None:
    """Why the network's curve is kept: at 1.5 kHz the lines are farther off than the 0.5 dB allowed."""
    frequency_hz = np.arange(1000.0, 5000.0)
    off_db = interpolated_db(frequency_hz) - m_weighting_db(frequency_hz)
    assert off_db.min() < -0.5
    assert frequency_hz[np.argmin(off_db)] == pytest.approx(1500, abs=100)
