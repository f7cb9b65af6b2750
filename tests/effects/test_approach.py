"""The approach: a slow rise of the direct sound, brighter than before, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.effects.approach import Approach
from audio_pipeline.effects.base import Strip
from audio_pipeline.timeline.spans import TILE, Span, tile
from tests.scenes import make_scene, run

RATE = 48_000
SCENE = make_scene()
"""Black at 20 s, the dropout at 25 s."""


def level_db(x: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.square(np.abs(np.fft.rfft(x, axis=0))).reshape(len(x) // 2 + 1, -1).sum(axis=1)
    hz = np.fft.rfftfreq(len(x), 1 / RATE)
    return float(10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum()))


def noise(n: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(8).standard_normal((n, channels))


def added(effect: Approach, window: Strip, index: int) -> np.ndarray:
    strip = effect.prepare(SCENE, "wait").process("it", window, tile(index))
    assert strip.early is None
    assert strip.late is None
    return np.zeros((TILE, 2)) if strip.stereo is None else strip.stereo


def test_what_has_come_forward_is_louder_by_its_level_and_brighter_by_its_treble() -> None:
    effect = Approach.model_validate(
        {"level": "3 dB", "treble": "4 dB", "starts": "1s", "arrives": "2s"}
    )
    back = effect.prepare(SCENE, "wait").look_back
    sound = noise(back + TILE)
    here = sound[back:]
    heard = here + added(effect, Strip(stereo=sound), 0)
    late = slice(3 * RATE, TILE)
    assert np.array_equal(heard[:RATE], here[:RATE])
    rise = [level_db(heard[late], *b) - level_db(here[late], *b) for b in ((50, 200), (12_000, 20_000))]
    assert rise[0] == pytest.approx(3.0, abs=0.1)
    assert rise[1] == pytest.approx(7.0, abs=0.6)  # a first-order shelf comes near it slowly


def test_it_rises_without_a_step_and_never_turns_back() -> None:
    effect = Approach(level="2.5 dB", treble="0 dB")
    back = effect.prepare(SCENE, "wait").look_back
    ones = np.ones((back + TILE, 2))
    rise = np.concatenate([added(effect, Strip(stereo=ones), k)[:, 0] for k in range(4)])
    assert not rise[: 20 * RATE].any()
    assert (np.diff(rise) >= -1e-12).all()
    assert np.diff(rise).max() < 1e-5
    assert rise[-1] == pytest.approx(10 ** (2.5 / 20) - 1)


def test_a_level_of_0_db_changes_nothing() -> None:
    effect = Approach(level="0 dB", treble="0 dB")
    back = effect.prepare(SCENE, "wait").look_back
    assert np.abs(added(effect, Strip(stereo=noise(back + TILE)), 2)).max() < 1e-12


def test_a_mono_sound_comes_forward_to_its_place() -> None:
    effect = Approach.model_validate({"pan": "L100", "starts": "0s", "arrives": "1s"})
    mono = noise(3 * RATE, 1)[:, 0]
    placed = run(effect.prepare(SCENE, "wait"), "it", mono, Span(0, 3 * RATE)).stereo
    assert np.abs(placed[:, 0]).max() > 0.1
    assert not placed[:, 1].any()


def test_silence_stays_silence_and_other_layers_are_none_of_its_business() -> None:
    effect = Approach()
    assert effect.prepare(SCENE, "wait").process("it", Strip(), tile(2)).stereo is None
    assert effect.works_on("projector")
    assert not effect.works_on("grain")
