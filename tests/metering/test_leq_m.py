from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.metering.leq_m import leq_m_db, m_weighting_db

ITU_R_468 = {
    31.5: -29.9,
    63: -23.9,
    100: -19.8,
    200: -13.8,
    400: -7.8,
    800: -1.9,
    1000: 0.0,
    2000: 5.6,
    3150: 9.0,
    4000: 10.5,
    5000: 11.7,
    6300: 12.2,
    7100: 12.0,
    8000: 11.4,
    9000: 10.1,
    10_000: 8.1,
    12_500: 0.0,
    14_000: -5.3,
    16_000: -11.7,
    20_000: -22.2,
}
"""BS.468-4, table 1: the nominal response, dB, 0 at 1 kHz."""


def test_the_curve_is_bs_468_moved_to_0_at_2_khz() -> None:
    for frequency_hz, level_db in ITU_R_468.items():
        moved = float(m_weighting_db(np.array(frequency_hz)))
        assert moved == pytest.approx(level_db - 5.6, abs=0.11)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_2_khz_sine_20_db_down_reads_85_and_channels_add_as_power(rate: int) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 2000 / rate * np.arange(5 * rate))[:, None]
    assert leq_m_db(tone, rate) == pytest.approx(85.0, abs=0.01)
    assert leq_m_db(np.repeat(tone, 2, axis=1), rate) == pytest.approx(88.01, abs=0.01)
    assert leq_m_db(np.vstack([tone, np.zeros_like(tone)]), rate) == pytest.approx(81.99, abs=0.01)


def test_silence_has_no_leq_m() -> None:
    assert leq_m_db(np.zeros((1000, 2)), 48_000) is None
    assert leq_m_db(np.zeros((0, 2)), 48_000) is None
