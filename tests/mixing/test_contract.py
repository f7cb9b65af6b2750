"""The tile rule, over every layer and effect of every shipped preset.

A sound is a pure function of absolute time: the same seed gives the same samples, tiles may be made
in any order and by fresh instances, nothing sounds outside its span, and no sound moves another.
"""

from functools import cache

import numpy as np
import pytest

from audio_pipeline.effects.base import Strip
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.spans import TILE, tile
from tests.conftest import REPOSITORY

NAMES = Project(REPOSITORY).preset_names()


def cases():
    """Every sound as one preset has it, left out where an earlier preset has it just the same."""
    seen = set()
    for name in NAMES:
        preset = build_preset(load_document(Project(REPOSITORY), name))
        for shelf, sounds in (("layers", preset.playing()), ("effects", preset.working())):
            for sound, parameters in sounds.items():
                key = (sound, str(parameters))
                if key not in seen:
                    seen.add(key)
                    yield pytest.param(name, shelf, sound, id=f"{name}-{sound}")


@pytest.fixture(scope="module")
def sessions(shared_project):
    """Each preset's session, opened once."""

    @cache
    def session_of(name):
        return open_session(shared_project, build_preset(load_document(shared_project, name)), {})

    return session_of


@pytest.fixture
def session(sessions, name):
    return sessions(name)


LAYERS = [case for case in cases() if case.values[1] == "layers"]
EFFECTS = [case for case in cases() if case.values[1] == "effects"]


@pytest.mark.parametrize(("name", "shelf", "sound"), LAYERS)
def test_a_layer_is_a_pure_function_of_absolute_time(session, name, shelf, sound):
    layer, scene = session.preset.layers[sound], session.scene
    source = layer.prepare(scene, sound)
    first, last = source.span.start // TILE, (source.span.stop - 1) // TILE
    forward = {i: source.render(tile(i)) for i in (first, last)}
    fresh = layer.prepare(scene, sound)
    for index in sorted(forward, reverse=True):
        again = fresh.render(tile(index))
        assert again.shape == (TILE, source.channels)
        assert again.dtype == np.float64
        assert np.isfinite(again).all()
        assert np.abs(again).max() <= 1.0
        assert (again == forward[index]).all()
        heard = source.span.intersect(tile(index)).inside(tile(index))
        assert not again[: heard.start].any()
        assert not again[heard.stop :].any()
    assert scene.programme.start <= source.span.start <= source.span.stop <= scene.programme.stop


@pytest.mark.parametrize(("name", "shelf", "sound"), EFFECTS)
def test_an_effect_is_a_pure_function_of_its_window(session, name, shelf, sound):
    effect, scene = session.preset.effects[sound], session.scene
    processor = effect.prepare(scene, sound)
    fresh = effect.prepare(scene, sound)
    rng = np.random.default_rng(1)
    where = "voice_a" if effect.stage == "strip" else "FX"
    for index in (1, 0):
        n = processor.look_back + TILE
        x = 0.05 * rng.standard_normal((n, 2))
        window = Strip(mono=x[:, :1]) if effect.stage == "strip" else Strip(None, x, x, x)
        before = x.copy()
        made = processor.process(where, window, tile(index))
        again = fresh.process(where, window, tile(index))
        assert (x == before).all()
        for a, b in zip(made.parts(), again.parts(), strict=True):
            if a is not None:
                assert a.shape[0] == TILE
                assert np.isfinite(a).all()
                assert (a == b).all()


@pytest.mark.parametrize("name", ["final", "last-breath"])
def test_taking_one_layer_away_moves_no_other(session, name):
    layers, effects = session.preset.playing(), session.preset.working()
    whole = Console(session.scene, layers, effects)
    for gone in ("breath", "room"):
        fewer = {n: layer for n, layer in layers.items() if n != gone}
        console = Console(session.scene, fewer, effects)
        for kept in fewer:
            a, b = whole._strip(kept, 1), console._strip(kept, 1)
            for x, y in zip(a.parts(), b.parts(), strict=True):
                assert (x is None and y is None) or (x == y).all()


def test_another_seed_gives_other_noise(shared_project):
    def tile_of(seed):
        preset = build_preset(load_document(shared_project, "final", (f"seed={seed}",)))
        console = open_session(shared_project, preset, {}).console
        return console.bus_tile(1)

    one, two = tile_of(1), tile_of(2)
    for bus in ("FX", "BG"):
        correlation = np.corrcoef(one[bus][:, 0], two[bus][:, 0])[0, 1]
        assert abs(correlation) < 0.2
