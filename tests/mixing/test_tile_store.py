"""Tiles are the same from every store; each keeps what it says, as long as it says."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.effects.base import Strip
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.graph import Stage
from audio_pipeline.mixing.tile_store import DiskTiles, MemoryTiles, NoTiles, TileStore
from tests.scenes import make_scene

pytestmark = pytest.mark.usefixtures("every_tile_is_stored")

SCENE = make_scene()
SOURCE, OTHER = Stage((("a",),)), Stage((("b",),))
BUS = Stage((("a", "echo"), ("b",)), "FX", ("space",))


def key(whole: str) -> SoundKey:
    return SoundKey(whole, "before")


KEYS = {"a": key("1"), "b": key("2"), "echo": key("3"), "space": key("4"), "untracked": None}


class Counted:
    """Makes a strip, another one each time."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Strip:
        self.calls += 1
        rng = np.random.default_rng(self.calls)
        stereo = rng.standard_normal((2, 100)).T
        return Strip(None, stereo, None, stereo.astype(np.float32))


def same(one: Strip, other: Strip) -> bool:
    pairs = zip(one.parts(), other.parts(), strict=True)
    return all(
        (a is None) == (b is None) and (a is None or (a.dtype == b.dtype and (a == b).all()))
        for a, b in pairs
    )


def disk(folder: Path) -> DiskTiles:
    return DiskTiles(Cache(folder), SCENE, KEYS)


def test_nothing_is_kept_by_the_store_of_nothing() -> None:
    make, store = Counted(), NoTiles()
    assert not same(store.get(SOURCE, 0, make), store.get(SOURCE, 0, make))
    store.forget_before(1)
    assert make.calls == 2


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_tile_is_made_once_and_another_stage_or_number_is_another_tile(
    kind: str, tmp_path: Path
) -> None:
    store: TileStore = MemoryTiles() if kind == "memory" else disk(tmp_path)
    make = Counted()
    tiles = [store.get(stage, n, make) for stage in (SOURCE, OTHER, BUS) for n in (0, 1)]
    assert make.calls == 6
    again = [store.get(stage, n, make) for stage in (SOURCE, OTHER, BUS) for n in (0, 1)]
    assert make.calls == 6
    assert all(map(same, tiles, again))
    assert not any(same(tiles[0], other) for other in tiles[1:])


def test_memory_forgets_what_lies_before_a_tile_and_nothing_else() -> None:
    make, store = Counted(), MemoryTiles()
    for index in (0, 1, 2):
        store.get(SOURCE, index, make)
    store.forget_before(1)
    for index in (2, 1):
        store.get(SOURCE, index, make)
    assert make.calls == 3
    store.get(SOURCE, 0, make)
    assert make.calls == 4


def test_two_workers_that_ask_at_once_get_one_tile() -> None:
    make, store, asked = Counted(), MemoryTiles(), threading.Event()

    def slowly() -> Strip:
        assert asked.wait(20)
        return make()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(store.get, SOURCE, 0, slowly)
        while not store._made:
            pass
        second = pool.submit(store.get, SOURCE, 0, make)
        asked.set()
        assert first.result() is second.result()
    assert make.calls == 1


def test_a_tile_that_cannot_be_made_fails_for_whoever_asks() -> None:
    store = MemoryTiles()

    def fails() -> Strip:
        raise OSError("gone")

    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            store.get(SOURCE, 0, fails)


def test_the_disk_keeps_tiles_for_another_render_and_forgets_none(tmp_path: Path) -> None:
    make = Counted()
    first = disk(tmp_path)
    tile = first.get(BUS, 3, make)
    first.forget_before(100)
    assert same(disk(tmp_path).get(BUS, 3, make), tile)
    assert make.calls == 1


def test_on_disk_a_tile_belongs_to_all_it_is_made_of(tmp_path: Path) -> None:
    """The keys of its sounds, who meets whom, in which order, on which bus, and the listener's ears."""
    headphones = replace(SCENE, listening="headphones")
    others = [
        (Stage((("a",), ("b", "echo")), "FX", ("space",)), SCENE, KEYS),
        (Stage((("b",), ("a", "echo")), "FX", ("space",)), SCENE, KEYS),
        (Stage((("a", "echo"), ("b",)), "BG", ("space",)), SCENE, KEYS),
        (Stage((("a", "echo"), ("b",)), "FX", ()), SCENE, KEYS),
        (Stage((("a", "echo"), ("b",)), None, ("space",)), SCENE, KEYS),
        (BUS, headphones, KEYS),
        *((BUS, SCENE, {**KEYS, name: key("changed")}) for name in ("a", "b", "echo", "space")),
    ]
    make = Counted()
    disk(tmp_path).get(BUS, 0, make)
    for count, (stage, scene, keys) in enumerate(others, 2):
        DiskTiles(Cache(tmp_path), scene, keys).get(stage, 0, make)
        assert make.calls == count
    DiskTiles(Cache(tmp_path), SCENE, {**KEYS, "untracked": key("x")}).get(BUS, 0, make)
    assert make.calls == 1 + len(others)


def test_a_source_is_the_same_for_speakers_and_headphones_if_it_did_not_ask(tmp_path: Path) -> None:
    make = Counted()
    for listening in ("speakers", "headphones"):
        scene = replace(SCENE, listening=listening)
        DiskTiles(Cache(tmp_path), scene, KEYS).get(SOURCE, 0, make)
    assert make.calls == 1


def test_what_an_untracked_sound_is_part_of_is_never_kept_on_disk(tmp_path: Path) -> None:
    make, store = Counted(), disk(tmp_path)
    stages = (
        Stage((("untracked",),)),
        Stage((("a", "untracked"),), "FX"),
        Stage((("a",),), "FX", ("untracked",)),
    )
    for stage in stages * 2:
        store.get(stage, 0, make)
    assert make.calls == 6
    assert Cache(tmp_path).usage().entries == 0


def test_an_entry_that_is_no_strip_is_made_again(tmp_path: Path) -> None:
    make, store = Counted(), disk(tmp_path)
    first = store.get(SOURCE, 0, make)
    key = store._keys.tile(SOURCE, 0)
    assert key is not None
    Cache(tmp_path).put(key, (np.zeros((4, 2)),))
    again = store.get(SOURCE, 0, make)
    assert make.calls == 2
    assert not same(first, again)


@pytest.mark.parametrize(("took_s", "stored"), [(0.9e-6, False), (1.1e-6, True)])
def test_a_tile_is_stored_if_computing_it_takes_longer_than_its_size_is_worth(
    took_s: float, stored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Counted()
    size_bytes = 8 * 2 * 2 * 100
    monkeypatch.setattr(DiskTiles, "worth_s_per_byte", 1e-6 / size_bytes)
    clock = iter([5.0, 5.0 + took_s])
    monkeypatch.setattr("audio_pipeline.mixing.tile_store.thread_time", lambda: next(clock))
    disk(tmp_path).get(SOURCE, 0, make)
    assert Cache(tmp_path).usage().entries == stored
