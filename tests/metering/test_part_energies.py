"""A gain is solved on gated blocks, and the absolute gate moves with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.metering import history
from audio_pipeline.metering.part_energies import gain_to_lufs_db

RATE = 8_000
HOP = RATE // 100


def energies(levels_lufs):
    """Hop energies `(hops,)` of steady stretches of 400 ms at those loudnesses."""
    powers = [history.power_at(level) * HOP for level in levels_lufs]
    return np.repeat(powers, 40)


def reached(weighted, gain_db):
    return history.integrated_lufs(
        history.History(RATE, weighted * 10 ** (gain_db / 10), weighted).momentary()
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-110.0, -10.0), min_size=3, max_size=40),
    st.floats(-45.0, -10.0),
)
def test_what_the_gain_gives_measures_the_target_whatever_passes_the_gate(levels, target):
    weighted = energies(levels)
    gain_db = gain_to_lufs_db(weighted, RATE, target)
    other = min(
        abs((reached(weighted, gain_db + db) or -np.inf) - target) for db in np.linspace(-6, 6, 241)
    )
    assert abs(reached(weighted, gain_db) - target) < max(1e-6, other + 1e-6)


def test_soft_speech_needs_the_gate_that_moves():
    # with the gate where it is before the gain the softer half would not count
    weighted = energies([-66.0] * 10 + [-72.0] * 10)
    gain_db = gain_to_lufs_db(weighted, RATE, -27.0)
    assert reached(weighted, gain_db) == pytest.approx(-27.0, abs=1e-9)
    assert gain_db > -27.0 + 66.0 + 1.0


def test_digital_silence_and_less_than_400_ms_have_no_gain():
    assert gain_to_lufs_db(np.zeros(100), RATE, -27.0) is None
    assert gain_to_lufs_db(np.ones(39), RATE, -27.0) is None
    assert gain_to_lufs_db(np.zeros(0), RATE, -27.0) is None
