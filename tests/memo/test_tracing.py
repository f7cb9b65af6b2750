"""What the cache gives is what would have been made: byte for byte, whatever was changed before."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.head_models import kemar
from audio_pipeline.effects.base import Effect
from audio_pipeline.effects.match import MatchVoices
from audio_pipeline.effects.optical import Optical
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.breath import Breath
from audio_pipeline.layers.grain import Grain
from audio_pipeline.layers.projector import Projector
from audio_pipeline.layers.room import Room
from audio_pipeline.memo.keys import exact
from audio_pipeline.memo.sounds import DeferredSounds, PreparedSounds
from audio_pipeline.memo.store import Cache
from audio_pipeline.memo.tracing import SceneClosedError, TracingScene
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.graph import build_graph
from audio_pipeline.mixing.session import open_session
from audio_pipeline.mixing.tile_store import DiskTiles
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.moments import Clock, Moment, Schedule, parse_duration, parse_moment
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span, tile
from audio_pipeline.timeline.timecode import RATES
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


def _kept(cache: Cache, scene: Scene, layer: Layer, name: str, index: int) -> Samples:
    """A tile of one layer's source, from the cache where it holds it."""
    sounds = DeferredSounds(cache, scene, {})
    graph = build_graph(scene, {name: layer}, {}, sounds)
    return Console(graph, DiskTiles(cache, scene, sounds.keys)).dry(name, tile(index))


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
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
                _kept(cache, scene, one, name, where)
            continue
        for _ in range(2):
            heard = _kept(cache, scene, one, name, where)
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


@pytest.mark.parametrize("effect", [MatchVoices(), Optical()], ids=lambda effect: effect.kind)
def test_another_value_of_any_parameter_of_an_effect_on_stems_is_another_key(effect: Effect) -> None:
    changed = 0
    for field, info in type(effect).model_fields.items():
        value = getattr(effect, field)
        other = value[:1] * 2 if isinstance(value, tuple) else _changed(value, info.annotation)
        assert (exact(effect.model_copy(update={field: other})) == exact(effect)) == (other == value)
        changed += other != value
    assert changed >= len(type(effect).model_fields) - 1  # all but its kind


def _keys(sounds: DeferredSounds, scene: Scene, preset: Preset) -> dict[str, str]:
    for name, layer in preset.playing().items():
        sounds.source(layer, name)
    for name, effect in preset.working().items():
        sounds.processor(effect, name)
    return sounds.keys


def test_a_sound_changes_only_with_what_it_asked_the_scene(
    shared_project: Project, cache: Cache
) -> None:
    session = open_session(shared_project, _preset(shared_project, "short"), {})
    scene, preset = session.scene, session.preset
    stems = {request: request.path for la in preset.layers.values() for request in la.stems()}
    before = _keys(DeferredSounds(cache, scene, stems), scene, preset)
    moved = dict(scene.schedule.define) | {"dropout": lambda s: s.named("black") + 1}
    later = replace(scene, schedule=replace(scene.schedule, define=moved, _known={}))
    after = _keys(DeferredSounds(cache, later, stems), later, preset)
    assert {name for name in before if before[name] != after[name]} == {"dropout", "wait"}
    spoken = _keys(DeferredSounds(cache, replace(scene, speech=SPEECH), stems), scene, preset)
    assert {name for name in before if before[name] != spoken[name]} == {"breath", "grain"}
    seeded = _keys(DeferredSounds(cache, replace(scene, seed=2), stems), scene, preset)
    assert all(before[name] != seeded[name] for name in before)
    other = dict.fromkeys(stems, "another recording")
    revoiced = _keys(DeferredSounds(cache, scene, other), scene, preset)
    assert {name for name in before if before[name] != revoiced[name]} == {"voice_a", "voice_b"}


STEM, OTHER_STEM = StemRequest("a.wav", 1), StemRequest("b.wav", 1)
CHANGED_RATE = {"schedule": Schedule(Clock(RATES["25"], "35mm", 86_400), make_scene().schedule.define)}


def _moved(name: str) -> dict[str, Any]:
    schedule = make_scene().schedule
    define = {**schedule.define, name: lambda _: Fraction(3)}
    return {"schedule": replace(schedule, define=define, _known={})}


ASKED: dict[str, tuple[Callable[[Scene], object], dict[str, Any]]] = {
    "sample_rate": (lambda scene: scene.sample_rate, {"sample_rate": 96_000}),
    "seed": (lambda scene: scene.seed, {"seed": 2}),
    "clock": (lambda scene: scene.clock, CHANGED_RATE),
    "samples": (lambda scene: scene.samples(parse_duration("6f")), CHANGED_RATE),
    "seconds": (lambda scene: scene.seconds(parse_duration("6f")), CHANGED_RATE),
    "at": (lambda scene: scene.at(parse_moment("black + 1s")), _moved("black")),
    "end": (lambda scene: scene.end(parse_moment("black + 1s")), _moved("black")),
    "span": (
        lambda scene: scene.span(parse_moment("start"), parse_moment("black")),
        _moved("black"),
    ),
    "cue": (lambda scene: scene.cue("black"), _moved("black")),
    "programme": (lambda scene: scene.programme, {"programme": Span(0, 480_000)}),
    "speech": (lambda scene: scene.speech, {"speech": SPEECH}),
    "listening": (lambda scene: scene.listening, {"listening": "headphones"}),
    "head": (lambda scene: scene.head, {"head": kemar()}),
    "placer": (lambda scene: scene.placer(-3.01), {"listening": "headphones"}),
    "stems": (lambda scene: scene.stems[STEM], {}),
    "stem": (lambda scene: scene.stem(STEM, "it"), {}),
}
"""For each member of a scene how to ask for it, and what changes the answer."""
UNTRACKED: dict[str, Callable[[Scene], object]] = {
    "schedule": lambda scene: scene.schedule,
    "stems, their names": lambda scene: list(scene.stems),
    "stems, their number": lambda scene: len(scene.stems),
    "treated": lambda scene: scene.treated,
}
"""What no key can hold."""


def _asking(ask: Callable[[Scene], object], *, late: bool = False) -> Layer:
    """A sound that asks the scene, and no more: while it is prepared, or too late."""

    class Asking(Layer):
        kind: str = "asking"

        def prepare(self, scene: Scene, name: str) -> Any:
            class Source:
                channels = 1
                span = Span(0, 48_000)

                def render(self, here: Span) -> np.ndarray:
                    if late:
                        ask(scene)
                    return np.zeros((len(here), 1))

            if not late:
                ask(scene)
            return Source()

    return Asking()


def test_a_tracing_scene_has_the_members_of_a_scene_and_each_is_tried_here() -> None:
    members = {f.name for f in fields(Scene)} | {n for n in vars(Scene) if not n.startswith("_")}
    assert members == ASKED.keys() | {"schedule", "treated"}
    own = {"close", "give_up_tracking", "stem_asked_for"}
    assert {n for n in vars(TracingScene) if not n.startswith("_")} - own == members
    for name, member in vars(Scene).items():
        if inspect.isfunction(member) and name in members:
            assert inspect.signature(member) == inspect.signature(getattr(TracingScene, name))


@pytest.mark.parametrize("member", ASKED)
def test_whatever_a_sound_asks_is_in_its_key(member: str, tmp_path: Path) -> None:
    ask, change = ASKED[member]
    cache, keys = Cache(tmp_path), {STEM: "one recording"}
    scene = make_scene(stems={STEM: np.zeros((9, 1))})
    other_keys = {STEM: "another recording"} if member in ("stems", "stem") else keys

    def key(scene: Scene, stem_keys: dict[StemRequest, str]) -> str | None:
        sounds = DeferredSounds(cache, scene, stem_keys)
        sounds.source(_asking(ask), "it")
        return sounds.keys["it"]

    first, again, changed = key(scene, keys), key(scene, keys), key(replace(scene, **change), other_keys)
    assert first is not None
    assert changed is not None
    assert first == again != changed


def _with_end_at(end_s: float) -> Scene:
    return make_scene(CUES | {"dropout": end_s - 1, "silence": end_s, "end": end_s + 1}, speech=SPEECH)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    sound=st.sampled_from(SOUNDS),
    ends_s=st.lists(st.integers(220, 300), min_size=2, max_size=2),
    where=st.sampled_from([0, 1, 2, 3]),
)
def test_a_moved_end_sounds_the_same_with_and_without_the_cache(
    cache: Cache, sound: tuple[str, Layer], ends_s: list[int], where: int
) -> None:
    name, layer = sound
    layer = layer.model_copy(update={"at": parse_moment("black"), "on": True})
    for end_s in ends_s:
        scene = _with_end_at(end_s / 10)
        wanted = layer.prepare(scene, name).render(tile(where))
        assert _kept(cache, scene, layer, name, where).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("layer", [Projector(), Room(), Grain(), Breath()], ids=lambda one: one.kind)
def test_a_moved_end_changes_only_the_keys_of_the_last_tiles(layer: Layer, tmp_path: Path) -> None:
    keys = []
    for end_s in (24.0, 25.0):
        sounds = DeferredSounds(Cache(tmp_path), _with_end_at(end_s), {})
        sounds.source(layer, "it")
        key = sounds.keys["it"]
        assert key is not None
        keys.append([key.of(tile(index)) for index in range(4)])
    assert [one == other for one, other in zip(*keys, strict=True)] == [True, True, False, False]


@pytest.mark.parametrize("member", UNTRACKED)
def test_what_no_key_can_hold_keeps_nothing(member: str, tmp_path: Path) -> None:
    scene = make_scene(stems={STEM: np.zeros((9, 1))})
    for _ in range(2):
        sounds = DeferredSounds(Cache(tmp_path), scene, {STEM: "one recording"})
        graph = build_graph(scene, {"it": _asking(UNTRACKED[member])}, {}, sounds)
        assert sounds.keys == {"it": None}
        Console(graph, DiskTiles(Cache(tmp_path), scene, sounds.keys)).bus_tile(0)
    assert Cache(tmp_path).usage().entries == 0


@pytest.mark.parametrize("member", [*ASKED, *UNTRACKED])
@pytest.mark.parametrize("kept", [False, True], ids=["no cache", "cache"])
def test_no_sound_can_ask_the_scene_anything_once_it_is_prepared(
    member: str, kept: bool, tmp_path: Path
) -> None:
    ask = UNTRACKED[member] if member in UNTRACKED else ASKED[member][0]
    scene = make_scene(stems={STEM: np.zeros((9, 1))})
    for _ in range(2):  # the second time it is deferred
        sounds = DeferredSounds(Cache(tmp_path), scene, {STEM: "x"}) if kept else PreparedSounds(scene)
        source = sounds.source(_asking(ask, late=True), "nosy")
        with pytest.raises(SceneClosedError, match=f"nosy asks .*{member.split(',')[0]}"):
            source.render(tile(0))


def test_the_key_of_a_key_that_is_missing_is_none(tmp_path: Path) -> None:
    """A stem without a key of its own cannot be part of one: the sound is made, and not kept."""
    scene = make_scene(stems={STEM: np.zeros((9, 1))})
    sounds = DeferredSounds(Cache(tmp_path), scene, {OTHER_STEM: "x"})
    sounds.source(_asking(ASKED["stems"][0]), "it")
    assert sounds.keys == {"it": None}


def test_headphones_do_not_get_the_sounds_that_the_cache_holds_for_speakers(cache: Cache) -> None:
    """The projector stands behind the listener; it is placed by itself, not by the console."""
    projector = Projector()
    for listening in ("speakers", "headphones"):
        scene = replace(make_scene(), listening=listening)
        kept = _kept(cache, scene, projector, "projector", 0)
        made = projector.prepare(scene, "projector").render(tile(0))
        assert kept.tobytes() == made.tobytes()


TWO_TILES = ("echo.returns=2", "echo.gap=200ms")
TREATED = ("effects.match.kind=match", "effects.optical.kind=optical")
CHANGES = (
    (),
    ("dropout.fade=80ms",),
    ("layers.breath.level=-40 dBFS", "dropout.curve=tri"),
    TREATED,
    (*TREATED, "optical.noise=-40 dB", "voice_b.level=1 dB"),
)


def test_a_render_is_the_same_to_the_byte_with_and_without_the_cache(
    shared_project: Project, tmp_path: Path
) -> None:
    made: dict[bool, list[bytes]] = {}
    for kept in (True, False):
        cache = Cache(tmp_path / "cache") if kept else None
        made[kept] = []
        for n, sets in enumerate(CHANGES):
            preset = _preset(shared_project, "short", *TWO_TILES, *sets)
            done = render(Order(shared_project, preset, tmp_path / f"{kept}{n}", workers=2, cache=cache))
            made[kept] += [done.master.file.read_bytes(), done.files.report.read_bytes()]
    assert made[True] == made[False]


@pytest.mark.usefixtures("every_tile_is_stored")
def test_a_whole_console_comes_from_the_cache_without_preparing_anything(
    shared_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    preset = _preset(shared_project, "short")
    first = open_session(shared_project, preset, {}, cache).console
    wanted = [first.bus_tile(n) for n in range(2)]
    # the dropout stands in tile 1, so its own gain is computed again; nothing else may be
    for sound in [*preset.layers.values(), *preset.effects.values()]:
        if sound.kind not in ("dropout", "voice"):
            monkeypatch.setattr(type(sound), "prepare", lambda *_: pytest.fail("prepared again"))
    again: Console = open_session(shared_project, preset, {}, cache).console
    for n in range(2):
        for bus, samples in again.bus_tile(n).items():
            other = wanted[n][bus]
            assert (samples is None) == (other is None)
            assert samples is None or samples.tobytes() == other.tobytes()
