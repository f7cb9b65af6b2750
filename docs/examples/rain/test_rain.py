"""Rain keeps the contract of a layer, has its level, and is darker above its cutoff."""

from __future__ import annotations

import numpy as np
from render_ending_rain import Rain

from audio_pipeline import Span, testing


def rendered(rain: Rain) -> np.ndarray:
    """Eight seconds of it, once it has come up."""
    return rain.prepare(testing.make_scene(), "rain").render(Span(384_000, 768_000))[:, 0]


def test_rain_keeps_the_contract_of_a_layer() -> None:
    testing.check_layer(Rain())


def test_its_wash_has_the_level_that_the_preset_asks_for() -> None:
    wash = rendered(Rain(level="-50 dBFS", drop_level="-60 dB"))
    assert abs(20.0 * np.log10(np.sqrt(np.mean(wash**2))) + 50.0) < 0.3


def test_drops_stand_out_of_the_wash() -> None:
    samples, wash = rendered(Rain(drop_level="12 dB")), rendered(Rain(drop_level="-60 dB"))
    assert np.abs(samples).max() > 1.3 * np.abs(wash).max()
