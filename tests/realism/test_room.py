"""The room: diffuse and dense, and in headphones as two ears would hear it."""

from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.impulse_response import diffuse_coherence
from audio_pipeline.effects.base import Strip
from audio_pipeline.timeline.spans import Span
from tests.realism.measures import (
    band_interaural_level_db,
    coherence,
    echo_density,
    phrases,
    rising_through_s,
)
from tests.realism.taken_apart import Ending, ending

LENGTH_S = 1


def answer(scene: Ending, early_db: float | None, late_db: float | None) -> np.ndarray:
    """What the room answers at both ears to a click at the left that is sent with those levels."""
    space, n = scene.session.console.graph.processors["space"], LENGTH_S * scene.rate

    def click(level_db: float | None) -> np.ndarray | None:
        if level_db is None:
            return None
        window = np.zeros((space.look_back + n, 2), np.float32)
        window[space.look_back, 0] = gain_from_db(level_db)
        return window

    room = space.process("DX", Strip(early=click(early_db), late=click(late_db)), Span(0, n)).stereo
    assert room is not None
    return room


def test_in_headphones_the_late_field_is_as_alike_at_both_ears_as_a_diffuse_one(seed: int) -> None:
    late = answer(Ending("headphones", seed), None, 0.0)
    found = {hz: coherence(late, hz, 48_000) for hz in (125, 250, 500, 1000, 2000, 4000)}
    assert found[125] >= 0.85
    assert found[250] >= 0.8
    for hz, alike in found.items():
        assert alike == pytest.approx(float(diffuse_coherence(np.array(float(hz)), 0.175)), abs=0.3)


@pytest.mark.parametrize("preset", ["final", "headphones"])
def test_echoes_are_as_dense_as_noise_within_100_ms(seed: int, preset: str) -> None:
    """At both ears, after a far voice's direct sound, and with its sends."""
    scene = Ending(preset, seed)
    crossfade = scene.session.preset.effects["crossfade"]
    room = answer(scene, crossfade.far_early, crossfade.far_late)
    room[0] += gain_from_db(crossfade.far_level)
    for ear in room.T:
        density = echo_density(ear[:9600], 48_000)
        assert rising_through_s(density) <= 0.1
        assert density[:20].max() < 0.5


def test_a_voice_at_the_ear_is_at_one_ear_even_in_the_bass() -> None:
    """Its direct sound in the octave of 250 Hz, at its outermost: Duda & Martens, 1998."""
    scene = ending("headphones")
    last = phrases(scene.dry("voice_b"), scene.rate)[-1]
    outermost = scene.direct("voice_b")[last.stop - scene.rate // 2 : last.stop]
    assert band_interaural_level_db(outermost, 250 / 2**0.5, 250 * 2**0.5, scene.rate) >= 8.0
