from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import sosfilt

from audio_pipeline.dsp.recursive import RecursiveFilter, Section
from audio_pipeline.metering.kweighting import channel_weights, k_weighting
from audio_pipeline.metering.weighting import a_weighting, a_weighting_db

SHELF_48K = Section(
    1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585
)
HIGH_PASS_48K = Section(1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)


def test_the_prototype_gives_the_table_of_bs_1770_at_48_khz() -> None:
    for section, table in zip(k_weighting(48_000), (SHELF_48K, HIGH_PASS_48K), strict=True):
        for name in ("b0", "b1", "b2", "a1", "a2"):
            assert getattr(section, name) == pytest.approx(getattr(table, name), abs=2e-14)


@pytest.mark.parametrize("sample_rate_hz", [8_000, 11_025, 44_100, 44_101, 48_000, 96_000, 192_000])
def test_the_matrix_form_is_the_recursion(sample_rate_hz: int) -> None:
    sections = (*k_weighting(sample_rate_hz), *a_weighting(sample_rate_hz))
    sos = [[s.b0, s.b1, s.b2, 1.0, s.a1, s.a2] for s in sections]
    x = np.random.default_rng(1).standard_normal((2 * sample_rate_hz, 2))
    matrix = RecursiveFilter(sections, sample_rate_hz)
    first, state = matrix.run(x[:sample_rate_hz], matrix.rest_state(2))
    second, _ = matrix.run(x[sample_rate_hz:], state)
    assert np.allclose(np.hstack([first, second]).T, sosfilt(sos, x, axis=0), rtol=0, atol=1e-7)


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 63, 1_000, 1_041])
def test_pieces_of_any_length_make_the_same_recursion(length: int) -> None:
    sections = k_weighting(8_000)
    sos = [[s.b0, s.b1, s.b2, 1.0, s.a1, s.a2] for s in sections]
    x = np.random.default_rng(length).standard_normal((3 * length, 2))
    matrix = RecursiveFilter(sections, length)
    state, made = matrix.rest_state(2), np.empty((2, 3 * length))
    for start in range(0, len(x), length):
        piece = slice(start, start + length)
        _, state = matrix.run(x[piece], state, out=made[:, piece])
    assert np.allclose(made.T, sosfilt(sos, x, axis=0), rtol=0, atol=1e-9)


def test_a_filter_that_has_heard_enough_silence_is_at_rest() -> None:
    matrix = RecursiveFilter(k_weighting(48_000), 48_000)
    _, state = matrix.run(np.random.default_rng(1).standard_normal((48_000, 1)), matrix.rest_state(1))
    for _ in range(3):
        y, state = matrix.run(np.zeros((48_000, 1)), state)
    assert not state.any()
    assert np.abs(y).max() < 1e-100


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 96_000, 192_000])
def test_a_weighting_keeps_the_analogue_curve(sample_rate_hz: int) -> None:
    f = np.geomspace(20.0, 20_000.0, 200)
    response = np.prod([s.response(f, sample_rate_hz) for s in a_weighting(sample_rate_hz)], axis=0)
    error = np.abs(20 * np.log10(response) - a_weighting_db(f))
    assert error[f < 10_000].max() < 0.1
    assert error.max() < 0.9


def test_the_a_curve_is_that_of_iec_61672() -> None:
    table = {
        31.5: -39.4,
        63: -26.2,
        125: -16.1,
        250: -8.6,
        500: -3.2,
        1000: 0.0,
        4000: 1.0,
        16_000: -6.6,
    }
    for frequency_hz, level_db in table.items():
        assert float(a_weighting_db(np.array(frequency_hz))) == pytest.approx(level_db, abs=0.15)


def test_surrounds_weigh_more_and_lfe_nothing() -> None:
    assert channel_weights(6) == (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)
    assert channel_weights(8) == (1.0, 1.0, 1.0, 0.0, 1.41, 1.41, 1.0, 1.0)
    assert channel_weights(9) == (1.0,) * 9
    with pytest.raises(ValueError, match="at least one channel"):
        channel_weights(0)
