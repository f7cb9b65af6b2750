"""The projector, held against recordings of real ones: see `docs/sounds.md`."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.layers.projector import Projector
from tests.layers.sound_stage import heard, seconds, stage
from tests.realism.sound_figures import (
    RATE,
    correlation,
    crest_db,
    envelope,
    filtered,
    frame_likeness,
    treble_envelope_kurtosis,
)

SEEDS = (1, 2, 3)
LENGTH_S = 20
FRAME = 2000
"""Samples at 24 frames a second."""


@cache
def running(seed: int, **chosen: str) -> Samples:
    """The machine alone, which runs already at the first sample: `(n, 2)`."""
    layer = Projector.model_validate({"rise": "0s", **chosen})
    return heard(layer.prepare(stage(LENGTH_S, seed=seed), "projector"), seconds(0, LENGTH_S))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_frames_are_more_alike_than_those_of_a_real_machine(seed: int) -> None:
    """Recordings, where they run steadily: 0.51 and 0.54 above 800 Hz, 0.33 and 0.39 at 2 to 6 kHz."""
    x = running(seed).mean(axis=1)
    assert 0.35 <= frame_likeness(x, 800.0, None, FRAME) <= 0.6
    assert 0.2 <= frame_likeness(x, 2000.0, 6000.0, FRAME) <= 0.45


@pytest.mark.parametrize(("gauge", "frames_per_s"), [("16mm", 24), ("super8", 18)])
def test_frames_of_narrow_gauges_differ_too(gauge: str, frames_per_s: int) -> None:
    x = running(1, gauge=gauge).mean(axis=1)
    assert 0.35 <= frame_likeness(x, 800.0, None, RATE / frames_per_s) <= 0.6
    assert 4.0 <= treble_envelope_kurtosis(x) <= 12.0


@pytest.mark.parametrize("seed", SEEDS)
def test_some_clicks_stand_out_as_those_of_a_real_machine_do(seed: int) -> None:
    """Recordings: kurtosis 4.9 and 9.8, crest 16.5 and 23.1 dB; one that is a loop 3.2 and 12.8 dB."""
    x = running(seed)
    assert 4.0 <= treble_envelope_kurtosis(x.mean(axis=1)) <= 10.0
    assert 16.0 <= crest_db(x) <= 22.0


# Switched on and off


EVEN = {"jitter": "0ms", "wear": "0%", "stop_click": "0 dB", "pull_down": "50%"}
ALONE = dict.fromkeys(("sprockets", "hum", "motor", "blower", "belt", "reels"), "off")


@pytest.mark.parametrize("start_up_s", [0.5, 1.0, 1.5])
def test_rate_and_pitch_rise_together_while_it_runs_up(start_up_s: float) -> None:
    clicks = running(1, start_up=f"{start_up_s}s", blades="off", **EVEN, **ALONE).mean(axis=1)
    points = envelope(filtered(clicks, 800.0))
    loud = points > 0.3 * np.maximum.accumulate(points[::-1])[::-1]
    onsets_s = np.flatnonzero(np.diff(loud.astype(int)) == 1) / 1000.0
    onsets_s = onsets_s[np.diff(onsets_s, prepend=-1.0) > 0.012]
    rates = 1.0 / np.diff(onsets_s[onsets_s < start_up_s])
    assert len(rates) > 8
    assert np.median(rates[:3]) < 0.7 * np.median(rates[-3:])
    assert np.polyfit(np.arange(len(rates)), rates, 1)[0] > 0

    tone = running(1, start_up=f"{start_up_s}s", blades="0 dB", intermittent="off", **ALONE)[:, 0]
    pitches = [_pitch_hz(tone, share * start_up_s) for share in (0.2, 0.5, 0.8)]
    assert np.all(np.diff(pitches) > 0)
    assert pitches[0] < 0.7 * _pitch_hz(tone, 5.0)
    assert _pitch_hz(tone, start_up_s + 0.1) == pytest.approx(855, rel=0.03)


def _pitch_hz(x: Samples, at_s: float) -> float:
    """The strongest frequency in a twentieth of a second."""
    window = x[int(at_s * RATE) : int((at_s + 0.05) * RATE)] * np.hanning(RATE // 20)
    return float(np.argmax(np.abs(np.fft.rfft(window, RATE))))


def test_the_switch_clicks_once_when_it_is_switched_on_and_once_when_off() -> None:
    life = {"start_up": "1s", "stops": "12s", "coast": "2s", "rise": "3s"}
    with_switch, without = running(1, switch="12 dB", **life), running(1, **life)
    click = (with_switch - without).mean(axis=1)
    at_s = np.flatnonzero(np.abs(click) > 0.2 * np.abs(click).max()) / RATE
    assert ((at_s < 0.06) | ((at_s >= 12.0) & (at_s < 12.06))).all()
    on, off = click[: RATE // 10], click[12 * RATE :][: RATE // 10]
    # as loud at both, though the machine itself still rises from nothing
    assert np.mean(on**2) == pytest.approx(np.mean(off**2), rel=0.4)
    machine = np.mean(without.mean(axis=1)[5 * RATE : 10 * RATE] ** 2)
    loudest = np.convolve(on**2, np.ones(240) / 240).max()
    assert 10 * np.log10(loudest / machine) == pytest.approx(12.0, abs=3.0)


def test_without_being_switched_there_is_no_click() -> None:
    np.testing.assert_array_equal(running(1, switch="0 dB"), running(1))
    assert correlation(running(1)[:, 0], running(2)[:, 0]) < 0.5
