"""What is recalled is what would have been made: byte for byte, whatever was changed before."""

from __future__ import annotations

import typing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.jobs.render import Order, render
from audio_pipeline.layers.base import Layer
from audio_pipeline.memo.store import Cache
from audio_pipeline.memo.tracing import Memo, exact
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.moments import Moment, parse_moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span, tile
from tests.conftest import REPOSITORY
from tests.scenes import make_scene

PRESETS = sorted(p.stem for p in (REPOSITORY / "presets").glob("*.toml") if "." not in p.stem)


def _preset(project: Project, name: str, *sets: str) -> Preset:
    return build_preset(load_document(project, name, sets))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


def _changed(value: Any, annotation: Any) -> Any:
    """Another value of the same kind, near to it; the same where there is none."""
    allowed = [a for a in typing.get_args(annotation) if isinstance(a, str)]
    if isinstance(value, bool):
        return not value
    if isinstance(value, Moment):
        return parse_moment([f"{value} + 7ms"]) if not value.text.startswith("[") else value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float) and np.isfinite(value):
        return value * 0.997 if value else -0.01
    if isinstance(value, str) and allowed:
        return next((a for a in allowed if a != value), value)
    return value


def _sounds() -> list[tuple[str, Layer]]:
    """Every synthesised layer of the shipped presets, one of each kind."""
    project, found = Project(REPOSITORY), {}
    for name in PRESETS:
        for sound, layer in _preset(project, name).layers.items():
            if not layer.stems():
                found.setdefault(layer.kind, (sound, layer))
    return list(found.values())


SOUNDS = _sounds()
KEYS = [(n, field) for n, (_, layer) in enumerate(SOUNDS) for field in type(layer).model_fields]
SPEECH = (Span(100_000, 300_000),)
CUES = dict.fromkeys(("breath", "voice_a", "voice_b", "cross"), 1.0) | {"voice_b.tail": 6.0}
CUES |= {"echo.tail": 8.0, "voice_a.tail": 3.0}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(key=st.sampled_from(KEYS), where=st.sampled_from([0, 1, 2]))
def test_changing_any_one_parameter_sounds_the_same_with_and_without_the_cache(
    cache: Cache, key: tuple[int, str], where: int
) -> None:
    name, layer = SOUNDS[key[0]]
    annotation = type(layer).model_fields[key[1]].annotation
    changed = layer.model_copy(update={key[1]: _changed(getattr(layer, key[1]), annotation)})
    scene = make_scene(CUES, speech=SPEECH)
    for one in (layer, changed):
        try:
            wanted = one.prepare(scene, name).render(tile(where))
        except Exception as error:  # a value that cannot be: then it cannot be with the cache either
            with pytest.raises(type(error)):
                Memo(cache, scene, {}).source(one, name).render(tile(where))
            continue
        for _ in range(2):
            heard = Memo(cache, scene, {}).source(one, name).render(tile(where))
            assert heard.tobytes() == wanted.tobytes(), (layer.kind, key[1])


@pytest.mark.parametrize("n", range(len(SOUNDS)), ids=[layer.kind for _, layer in SOUNDS])
def test_another_value_of_any_parameter_is_another_key(n: int) -> None:
    layer = SOUNDS[n][1]
    for field, info in type(layer).model_fields.items():
        value = getattr(layer, field)
        other = _changed(value, info.annotation)
        assert (exact(layer.model_copy(update={field: other})) == exact(layer)) == (other == value)
    assert exact(layer.model_copy(update={"early": -12.0})) != exact(
        layer.model_copy(update={"early": -12.0 + 1e-14})
    )


def _keys(recall: Memo, scene: Scene, preset: Preset) -> dict[str, str]:
    for name, layer in preset.playing().items():
        recall.source(layer, name)
    for name, effect in preset.working().items():
        recall.processor(effect, name)
    return recall.keys()


def test_a_sound_changes_only_with_what_it_asked_the_scene(
    shared_project: Project, cache: Cache
) -> None:
    session = open_session(shared_project, _preset(shared_project, "short"), {})
    scene, preset = session.scene, session.preset
    stems = {request: request.path for la in preset.layers.values() for request in la.stems()}
    before = _keys(Memo(cache, scene, stems), scene, preset)
    moved = dict(scene.schedule.define) | {"dropout": lambda s: s.named("black") + 1}
    later = replace(scene, schedule=replace(scene.schedule, define=moved, _known={}))
    after = _keys(Memo(cache, later, stems), later, preset)
    assert {name for name in before if before[name] != after[name]} == {"dropout", "wait"}
    spoken = _keys(Memo(cache, replace(scene, speech=SPEECH), stems), scene, preset)
    assert {name for name in before if before[name] != spoken[name]} == {"breath", "grain"}
    seeded = _keys(Memo(cache, replace(scene, seed=2), stems), scene, preset)
    assert all(before[name] != seeded[name] for name in before)
    other = dict.fromkeys(stems, "another recording")
    revoiced = _keys(Memo(cache, scene, other), scene, preset)
    assert {name for name in before if before[name] != revoiced[name]} == {"voice_a", "voice_b"}


@pytest.mark.parametrize("name", PRESETS)
def test_no_sound_asks_the_scene_anything_once_it_is_prepared(
    name: str, shared_project: Project, cache: Cache
) -> None:
    preset = _preset(shared_project, name)
    scene = open_session(shared_project, preset, {}).scene
    stems = {request: request.path for la in preset.layers.values() for request in la.stems()}
    recall = Memo(cache, scene, stems)
    for sound, layer in preset.playing().items():
        source = recall.source(layer, sound)
        source.render(tile(source.span.start // len(tile(0))))
    for effect_name, effect in preset.working().items():
        recall.processor(effect, effect_name).active_span(Span(0, 10))
    assert recall.forgotten() == []


class _Nosy(Layer):
    """A sound that asks about the speech only while it plays."""

    kind: str = "nosy"

    def prepare(self, scene: Scene, name: str) -> Any:
        span = self.span(scene)

        class Source:
            channels = 1

            def render(self, here: Span) -> np.ndarray:
                return np.full((len(here), 1), float(len(scene.speech)))

        Source.span = span
        return Source()


def test_a_sound_that_asks_too_late_is_made_anew_every_time(cache: Cache) -> None:
    for speech in ((), SPEECH):
        scene = make_scene(speech=speech)
        recall = Memo(cache, scene, {})
        assert recall.source(_Nosy(), "nosy").render(tile(0))[0, 0] == len(speech)
        assert recall.forgotten() == ["nosy"]


CHANGES = (
    (),
    ("dropout.fade=80ms",),
    ("layers.breath.level=-40 dBFS", "dropout.curve=tri"),
)


def test_a_render_is_the_same_to_the_byte_with_and_without_the_cache(
    shared_project: Project, tmp_path: Path
) -> None:
    made: dict[bool, list[bytes]] = {}
    for kept in (True, False):
        cache = Cache(tmp_path / "cache") if kept else None
        made[kept] = []
        for n, sets in enumerate(CHANGES):
            preset = _preset(shared_project, "short", *sets)
            done = render(Order(shared_project, preset, tmp_path / f"{kept}{n}", workers=2, cache=cache))
            made[kept] += [done.master.read_bytes(), done.report_file.read_bytes()]
    assert made[True] == made[False]


def test_a_whole_console_is_recalled_without_preparing_anything(
    shared_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    preset = _preset(shared_project, "short")
    first = open_session(shared_project, preset, {}, cache).console
    wanted = [first.bus_tile(n) for n in range(2)]
    # the dropout stands in tile 1, so its own gain is made anew; nothing else may be
    for sound in [*preset.layers.values(), *preset.effects.values()]:
        if sound.kind not in ("dropout", "voice"):
            monkeypatch.setattr(type(sound), "prepare", lambda *_: pytest.fail("prepared again"))
    again: Console = open_session(shared_project, preset, {}, cache).console
    for n in range(2):
        for bus, samples in again.bus_tile(n).items():
            other = wanted[n][bus]
            assert (samples is None) == (other is None)
            assert samples is None or samples.tobytes() == other.tobytes()
