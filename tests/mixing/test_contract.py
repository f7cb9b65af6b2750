"""The tile rule, over every registered layer and effect, and over those of every shipped preset.

A sound is a pure function of absolute time: the same seed gives the same samples, tiles may be made
in any order and by fresh instances, nothing sounds outside its span, and no sound moves another.
"""

from functools import cache

import numpy as np
import pytest

from audio_pipeline.memo.sounds import PreparedSounds
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.graph import build_graph
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.testing import (
    check_effect_in_tiles_of_any_size,
    check_effect_on_the_grid,
    check_effect_with_another_end,
    check_layer_on_the_grid,
    check_layer_with_another_end,
    check_stem_effect,
)
from audio_pipeline.timeline.spans import TILE, tile
from tests.conftest import REPOSITORY
from tests.every_kind import (
    EVERY_EFFECT,
    EVERY_LAYER,
    EVERY_STEM_EFFECT,
    names_of,
    rounding_of,
    scene_of,
)
from tests.voices import bench, voice

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


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=lambda layer: layer.kind)
def test_every_kind_of_layer_keeps_the_contract(layer):
    check_layer_on_the_grid(layer, scene_of(layer))


@pytest.mark.parametrize("effect", EVERY_EFFECT, ids=lambda effect: effect.kind)
def test_every_kind_of_effect_keeps_the_contract(effect):
    scene = scene_of(effect)
    assert names_of(effect)
    for name in names_of(effect):
        check_effect_on_the_grid(effect, scene, name, rounding_of(effect.kind))


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=lambda layer: layer.kind)
def test_every_kind_of_layer_is_fixed_as_long_as_it_says(layer):
    check_layer_with_another_end(layer, scene_of(layer))


@pytest.mark.parametrize("effect", EVERY_EFFECT, ids=lambda effect: effect.kind)
def test_every_kind_of_effect_is_fixed_as_long_as_it_says(effect):
    check_effect_with_another_end(effect, scene_of(effect), names_of(effect)[0])


@pytest.mark.parametrize("effect", EVERY_STEM_EFFECT, ids=lambda effect: effect.kind)
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_every_kind_of_effect_on_stems_keeps_the_contract(effect, rate):
    stems = {"voice_a": voice(1, rate=rate, seconds=2.0), "voice_b": voice(2, rate=rate, seconds=1.5)}
    check_stem_effect(effect, stems, bench(rate))


@pytest.mark.parametrize("effect", EVERY_EFFECT, ids=lambda effect: effect.kind)
def test_every_kind_of_effect_looks_back_as_far_as_it_says(effect):
    check_effect_in_tiles_of_any_size(
        effect, scene_of(effect), names_of(effect)[0], rounding=rounding_of(effect.kind)
    )


@pytest.mark.parametrize(("name", "shelf", "sound"), LAYERS)
def test_a_layer_of_a_preset_keeps_the_contract(session, name, shelf, sound):
    layer = session.preset.layers[sound]
    span = PreparedSounds(session.scene).source(layer, "it").span
    check_layer_on_the_grid(
        layer, session.scene, [tile(span.start // TILE), tile((span.stop - 1) // TILE)]
    )


@pytest.mark.parametrize(("name", "shelf", "sound"), EFFECTS)
def test_an_effect_of_a_preset_keeps_the_contract(session, name, shelf, sound):
    effect = session.preset.effects[sound]
    check_effect_on_the_grid(effect, session.scene, names_of(effect)[0], rounding_of(effect.kind))


@pytest.mark.parametrize("name", ["final", "last-breath"])
def test_taking_one_layer_away_moves_no_other(session, name):
    layers, effects = session.preset.playing(), session.preset.working()
    whole = Console(build_graph(session.scene, layers, effects))
    for gone in ("breath", "room"):
        fewer = {n: layer for n, layer in layers.items() if n != gone}
        console = Console(build_graph(session.scene, fewer, effects))
        for kept in fewer:
            a, b = whole.strip(kept, 1), console.strip(kept, 1)
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
