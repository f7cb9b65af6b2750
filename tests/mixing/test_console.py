"""The console by hand: sounds whose mix can be written down, over the seams of tiles, from every store."""

from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.effects.base import Effect
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.memo.sounds import DeferredSounds
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.console import BUSES, Console
from audio_pipeline.mixing.graph import MAX_LOOK_BACK_S, Graph, Stage, build_graph
from audio_pipeline.mixing.tile_store import DiskTiles, MemoryTiles, NoTiles
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import TILE, Span, tile
from audio_pipeline.units import OFF
from tests.mixing.small_sounds import Half, Late, Ramp, Room, ramp
from tests.scenes import make_scene

RATE = 48_000
SCENE = make_scene({"silence": 27, "end": 30}, stems={StemRequest("stems/it.wav", 1): np.zeros((1, 1))})
PROGRAMME = SCENE.programme
SILENCE = 27 * RATE
LONG = TILE + 7_001
"""A look-back over two seams."""


@pytest.fixture(autouse=True)
def _nothing_made() -> None:
    Ramp.made.clear()


def graph(layers: dict[str, Layer], *effects: Effect, scene: Scene = SCENE) -> Graph:
    return build_graph(scene, layers, {effect.kind: effect for effect in effects})


def placed(start: int, stop: int, gain: float = 0.1, delay: int = 0) -> Samples:
    """`(programme, 2)` of a ramp that plays from `start` to `stop`, `delay` later, until the silence."""
    out = np.zeros((len(PROGRAMME), 2))
    span = Span(start, stop)
    there = Span(start + delay, min(stop + delay, SILENCE))
    out[there.start : there.stop] = gain * ramp(span)[: len(there), None]
    return out


STEREO = Ramp(at="7s", until="17s")
HEARD = Span(7 * RATE, 17 * RATE)


def test_a_stereo_layer_passes_as_it_is_and_stands_on_its_bus() -> None:
    console = Console(graph({"x": STEREO}))
    assert (console.render(PROGRAMME) == placed(*_ends(HEARD))).all()
    tiles = dict(console.tiles(PROGRAMME, 1, lambda buses: buses))
    assert list(tiles) == [tile(n) for n in range(4)]
    assert all(set(buses) == set(BUSES) for buses in tiles.values())
    assert {bus for bus in BUSES if tiles[tile(0)][bus] is not None} == {"FX"}
    assert tiles[tile(3)]["FX"] is None
    on_another = Console(graph({"x": STEREO.model_copy(update={"bus": "BG"})}))
    assert {bus for bus, part in on_another.bus_tile(0).items() if part is not None} == {"BG"}


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.stop


def test_a_mono_layer_is_panned_with_equal_power() -> None:
    for pan, gains in {-1.0: (1.0, 0.0), 0.0: (0.5**0.5, 0.5**0.5), 1.0: (0.0, 1.0)}.items():
        console = Console(graph({"x": Ramp(at="7s", until="17s", channels=1, pan=_written(pan))}))
        expected = placed(*_ends(HEARD)) * np.array(gains)
        assert np.abs(console.render(PROGRAMME) - expected).max() < 1e-12


def _written(pan: float) -> str:
    return {-1.0: "L100", 0.0: "C", 1.0: "R100"}[pan]


@pytest.mark.parametrize("delay", [1, 7_001, TILE, LONG])
def test_a_strip_effect_looks_back_over_the_seams(delay: int) -> None:
    console = Console(graph({"x": STEREO}, Late(of=("x",), samples=delay)))
    expected = placed(*_ends(HEARD)) + placed(*_ends(HEARD), delay=delay)
    assert (console.render(PROGRAMME) == expected).all()
    assert (console.bus_tile(2)["FX"] == expected[tile(2).start : tile(2).stop]).all()


@pytest.mark.parametrize("delay", [1, 7_001, TILE, LONG])
def test_a_bus_effect_looks_back_over_the_seams_at_the_sends_alone(delay: int) -> None:
    sending = STEREO.model_copy(update={"late": -6.0})
    console = Console(graph({"x": sending}, Room(samples=delay)))
    late = np.float32(gain_from_db(-6.0))
    expected = placed(*_ends(HEARD)) + late * placed(*_ends(HEARD), delay=delay)
    assert np.abs(console.render(PROGRAMME) - expected).max() < 1e-7


def test_a_send_has_its_level_however_low_and_none_is_made_where_it_is_off() -> None:
    for early, late in ((-60.0, OFF), (OFF, -60.0), (0.0, -6.0)):
        strip = Console(graph({"x": STEREO.model_copy(update={"early": early, "late": late})})).strip(
            "x", 0
        )
        assert strip.mono is None
        assert strip.stereo is not None
        for send, level_db in ((strip.early, early), (strip.late, late)):
            assert (send is None) == (level_db == OFF)
            if send is not None:
                assert send.dtype == np.float32
                expected = gain_from_db(level_db) * strip.stereo
                np.testing.assert_allclose(send, expected, rtol=1e-6, atol=1e-12)


def test_effects_with_different_look_backs_each_get_their_own_window() -> None:
    layers: dict[str, Layer] = {"x": STEREO, "y": Ramp(at="2s", until="20s", gain=0.05, channels=1)}
    long, short = Late(of=("x", "y"), samples=LONG), Late(kind="short", of=("x",), samples=100)
    console = Console(graph(layers, long, short, Room(samples=300), Half(spares=("y",))))
    x = sum(placed(*_ends(HEARD), delay=d) for d in (0, LONG, 100))
    sent_x = sum(placed(*_ends(HEARD), delay=d + 300) for d in (LONG, 100))
    y = placed(2 * RATE, 20 * RATE, 0.05) * 0.5**0.5 + placed(2 * RATE, 20 * RATE, 0.05, LONG)
    sent_y = placed(2 * RATE, 20 * RATE, 0.05, LONG + 300)
    assert np.abs(console.render(PROGRAMME) - (0.5 * (x + sent_x) + y + sent_y)).max() < 1e-7


def test_a_layer_that_sends_nothing_is_left_alone_by_an_effect_that_hears_sends_only() -> None:
    layers: dict[str, Layer] = {
        "dry": STEREO,
        "early": STEREO.model_copy(update={"early": -6.0}),
        "late": STEREO.model_copy(update={"late": -6.0}),
        "again": STEREO,
    }
    made = graph(layers, Late(of=("again",), samples=1), Room(samples=1), Half())
    effects = {name: group.effects for group in made.groups for name in group.layers}
    half, both = ("half",), ("late room", "half")
    assert effects == {"dry": half, "early": both, "late": both, "again": both}


@pytest.mark.usefixtures("every_tile_is_stored")
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("store", ["nothing", "memory", "disk"])
def test_the_mix_is_the_same_from_every_store_and_with_any_number_of_workers(
    store: str, workers: int, tmp_path: Path
) -> None:
    layers: dict[str, Layer] = {"x": STEREO, "y": Ramp(at="2s", until="20s", gain=0.05, channels=1)}
    effects = {"late": Late(of=("x", "y"), samples=LONG), "room": Room(samples=300), "half": Half()}
    expected = Console(build_graph(SCENE, layers, effects)).render(PROGRAMME)
    for _ in range(2):
        sounds = DeferredSounds(Cache(tmp_path), SCENE, {})
        made = build_graph(SCENE, layers, effects, sounds)
        stores = {"nothing": NoTiles, "memory": MemoryTiles}
        kept = stores[store]() if store in stores else DiskTiles(Cache(tmp_path), SCENE, sounds.keys)
        Ramp.made.clear()
        assert (Console(made, kept).render(PROGRAMME, workers) == expected).all()
    assert (Ramp.made == []) == (store == "disk")


def test_what_is_looked_back_at_is_made_once() -> None:
    layers: dict[str, Layer] = {"x": STEREO.model_copy(update={"late": -6.0})}
    for effects in ((Late(of=("x",), samples=LONG),), (Room(samples=LONG),)):
        Ramp.made.clear()
        Console(graph(layers, *effects)).render(PROGRAMME)
        assert sorted(Ramp.made) == [("x", tile(n).start) for n in range(3)]


def test_for_headphones_what_is_panned_is_made_once_too() -> None:
    """The head looks back by itself, also at a layer that no effect works on."""
    scene = replace(SCENE, listening="headphones")
    Console(graph({"x": Ramp(at="7s", until="17s", channels=1)}, scene=scene)).render(PROGRAMME)
    assert sorted(Ramp.made) == [("x", tile(n).start) for n in range(3)]


def test_what_can_no_longer_be_looked_back_at_is_forgotten() -> None:
    console = Console(graph({"x": Ramp(until="end")}, Late(of=("x",), samples=LONG)))
    held = []
    for here, _ in console.tiles(PROGRAMME, 1, lambda buses: None):
        held.append((here.start // TILE, sorted({index for _, index in console._tails._made})))
    assert held == [(0, [-1, 0]), (1, [0, 1]), (2, [1, 2]), (3, [2, 3])]


def test_a_mixed_tile_is_freed_before_the_next_one_is_mixed() -> None:
    mixed: list[weakref.ref[Samples]] = []

    def new(buses: dict[Bus, Samples | None]) -> Samples:
        assert all(tile_() is None for tile_ in mixed)
        made = np.zeros(1)
        mixed.append(weakref.ref(made))
        return made

    for _, made in Console(graph({"x": STEREO})).tiles(PROGRAMME, 1, new):
        assert not made.any()
        del made
    assert len(mixed) > 2


@pytest.mark.usefixtures("every_tile_is_stored")
def test_a_recording_is_not_kept_and_a_synthesised_source_is(tmp_path: Path) -> None:
    layers: dict[str, Layer] = {"tape": Ramp(recording=True, at="1s"), "synth": Ramp(at="1s")}
    for _ in range(2):
        sounds = DeferredSounds(Cache(tmp_path), SCENE, {})
        made = build_graph(SCENE, layers, {}, sounds)
        Ramp.made.clear()
        Console(made, DiskTiles(Cache(tmp_path), SCENE, sounds.keys)).bus_tile(0)
    assert Ramp.made == [("tape", 0)]


def test_a_group_is_kept_after_its_last_effect_that_looks_back() -> None:
    sending = STEREO.model_copy(update={"late": -6.0})
    for effects, kept_after in (
        ((), 0),
        ((Half(),), 0),
        ((Room(samples=1),), 1),
        ((Room(samples=1), Half()), 1),
        ((Half(), Room(samples=1)), 2),
        ((Room(samples=0), Half()), 0),
    ):
        (group,) = graph({"x": sending}, *effects).groups
        assert group.kept_after == kept_after
    made = graph({"x": sending, "y": STEREO}, Late(of=("y",), samples=1), Room(samples=1), Half())
    (group,) = made.groups
    assert made.group_stage(group, 1) == Stage((("x",), ("y", "late")), "FX", ("late room",))
    assert made.group_stage(group, 1).sounds() == ("x", "y", "late", "late room")
    assert made.source_stage("y") == Stage((("y",),))


def test_what_begins_before_the_silence_ends_there_and_what_begins_later_at_the_end() -> None:
    layers: dict[str, Layer] = {
        "before": Ramp(at="25s", until="26.9s"),
        "after": Ramp(at="silence", until="29.9s", gain=0.3),
    }
    console = Console(graph(layers, Late(of=("before", "after"), samples=RATE)))
    mix = console.render(PROGRAMME)
    assert mix[SILENCE - 1, 0] != 0.0
    assert {group.until for group in console.graph.groups} == {SILENCE, PROGRAMME.stop}
    alone = console.solo("before").render(PROGRAMME)
    assert alone[:SILENCE].any()
    assert not alone[SILENCE:].any()
    later = console.solo("after").render(PROGRAMME)
    assert not later[:SILENCE].any()
    assert later[-1, 0] != 0.0
    assert (alone + later == mix).all()
    define = {n: t for n, t in SCENE.schedule.define.items() if n != "silence"}
    endless = replace(SCENE, schedule=replace(SCENE.schedule, define=define, _known={}))
    (group,) = graph({"x": Ramp(until="26.9s")}, scene=endless).groups
    assert group.until == PROGRAMME.stop


def test_where_nothing_sounds_no_span_is_active() -> None:
    def active(layers: dict[str, Layer], *effects: Effect) -> list[tuple[float, float]]:
        spans = graph(layers, *effects).active_spans()
        return [(s.start / RATE, s.stop / RATE) for s in spans]

    first, second = Ramp(at="1s", until="3s"), Ramp(at="5s", until="6s")
    assert active({"a": first, "b": second}) == [(1, 6)]  # one group
    apart = second.model_copy(update={"bus": "BG"})
    assert active({"a": first, "b": apart}) == [(1, 3), (5, 6)]
    assert active({"b": apart, "a": first}, Late(of=("a",), samples=2 * RATE)) == [(1, 6)]
    assert active({"a": first, "b": apart}, Late(of=("a",), samples=RATE)) == [(1, 4), (5, 6)]
    inside = Ramp(at="2s", until="2.5s", bus="BG")
    assert active({"a": first, "b": inside}) == [(1, 3)]
    assert active({"a": Ramp(at="3s", until="3s")}) == []
    assert active({"a": Ramp(at="26s", until="27s")}, Late(of=("a",), samples=9 * RATE)) == [(26, 27)]


def test_solos_sum_to_the_mix_and_leave_the_console_as_it_was() -> None:
    layers: dict[str, Layer] = {"x": STEREO, "y": Ramp(at="2s", until="20s", gain=0.05, channels=1)}
    console = Console(graph(layers, Late(of=("x",), samples=LONG), Room(samples=300)))
    x, y = (console.solo(name).render(PROGRAMME) for name in layers)
    assert np.abs(x + y - console.render(PROGRAMME)).max() < 1e-12
    assert (console.solo("x", "y").render(PROGRAMME) == console.render(PROGRAMME)).all()
    assert set(console.solo("x").graph.layers) == {"x"}
    with pytest.raises(ValueError, match="'z' does not play; there are: x, y"):
        console.solo("z")


def test_an_excerpt_is_cut_from_the_whole_and_a_dry_layer_has_no_effect() -> None:
    console = Console(
        graph({"x": STEREO, "m": Ramp(channels=1, gain=0.2)}, Late(of=("x",), samples=LONG))
    )
    whole = console.render(PROGRAMME)
    for span in (Span(5, 6), Span(TILE - 1, TILE + 1), Span(7 * RATE - 1, 20 * RATE)):
        assert (console.render(span) == whole[span.start : span.stop]).all()
        x, m = console.dry("x", span), console.dry("m", span)
        assert (x == placed(*_ends(HEARD))[span.start : span.stop]).all()
        assert (m == placed(0, SILENCE, 0.2)[span.start : span.stop, :1]).all()
        assert m.shape == (len(span), 1)


def test_an_effect_that_looks_back_too_far_is_refused() -> None:
    most = MAX_LOOK_BACK_S * RATE
    graph({"x": STEREO}, Late(of=("x",), samples=most))
    with pytest.raises(
        PresetError, match=r"^late needs the last 181 s of its input; the maximum is 180 s$"
    ):
        graph({"x": STEREO}, Late(of=("x",), samples=most + RATE))


def test_what_an_effect_or_a_layer_raises_in_prepare_comes_out() -> None:
    class Fails(Late):
        def prepare(self, scene: Scene, name: str) -> None:
            raise PresetError(f"{name} cannot be", hint="")

    with pytest.raises(PresetError, match="late cannot be"):
        graph({"x": STEREO}, Fails(of=("x",)))
