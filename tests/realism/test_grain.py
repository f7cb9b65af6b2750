"""Grain, held against the wait that it is left over from: see `docs/sounds.md`."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import rms_dbfs
from audio_pipeline.layers.grain import Grain
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.spans import Span
from tests.conftest import REPOSITORY
from tests.layers.sound_stage import heard, seconds, stage, windowed_rms_dbfs
from tests.realism.sound_figures import RATE, correlation, kurtosis, third_octaves_db, tick_times_s

SEEDS = (1, 2, 3)


@cache
def wait(seed: int) -> tuple[Samples, Samples, Samples]:
    """Of `final`: all that sounds in the wait, its grain alone, and the grain from `dropout` to `silence`."""
    project = Project(REPOSITORY)
    session = open_session(project, build_preset(load_document(project, "final", (f"seed={seed}",))), {})
    scene, console = session.scene, session.console
    waiting = Span(scene.cue("black"), scene.cue("dropout"))
    last = Span(scene.cue("dropout"), scene.cue("silence"))
    grain = console.dry("grain", Span(waiting.start, last.stop))
    n = len(waiting)
    return console.render(waiting, workers=1), grain[:n], grain[n:]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_has_another_colour_than_what_was_taken_away(seed: int) -> None:
    bed, grain, _ = wait(seed)
    assert correlation(third_octaves_db(grain), third_octaves_db(bed)) <= 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_the_grain_ticks(seed: int) -> None:
    _, grain, _ = wait(seed)
    assert kurtosis(grain) >= 25.0
    assert 4.0 <= len(tick_times_s(grain)) / (len(grain) / RATE) <= 8.0


def test_at_least_two_ticks_stand_in_the_last_second_for_any_seed() -> None:
    """Between the end of the dropout's fade and the silence; each over the level of all grain."""
    for seed in range(1, 41):
        grain = Grain().prepare(stage(60, seed=seed, silence_s=57), "grain")
        x = heard(grain, seconds(56.25, 57))
        assert len(tick_times_s(x, rms=10.0 ** (Grain().level / 20.0))) >= 2, seed


@pytest.mark.parametrize("seed", SEEDS)
def test_any_750_ms_of_the_last_seconds_stand_within_1_1_db_of_each_other_and_the_level(
    seed: int,
) -> None:
    _, grain, last = wait(seed)
    levels = windowed_rms_dbfs(np.concatenate([grain, last[: -RATE // 50]]), 0.75)
    assert np.abs(levels - rms_dbfs(grain)).max() < 1.1
