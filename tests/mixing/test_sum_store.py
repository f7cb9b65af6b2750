"""Sums of buses are the same from every store, belong to everything they depend on, and stay readable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.effects.base import Strip
from audio_pipeline.layers.base import Bus
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.mixing import sum_store
from audio_pipeline.mixing.graph import Stage, SumStage
from audio_pipeline.mixing.sum_store import DiskSums, NoSums, StoredSum
from audio_pipeline.mixing.tile_store import DiskTiles
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import TILE
from tests.scenes import make_scene

SCENE = make_scene()
KEYS: dict[str, SoundKey | None] = {
    "a": SoundKey("1", "before"),
    "b": SoundKey("2", "before"),
    "space": SoundKey("3", "before"),
    "untracked": None,
}
ONE = SumStage(Stage((("a",), ("b",)), "FX", ("space",)), TILE)
OTHER = SumStage(Stage((("b",),), "BG"), TILE)
UNTRACKED = SumStage(Stage((("untracked",),), "FX"), TILE)


class Counted:
    """Makes a sum, another one each time."""

    def __init__(self, silent: bool = False) -> None:
        self.calls = 0
        self._silent = silent

    def __call__(self) -> np.ndarray | None:
        self.calls += 1
        rng = np.random.default_rng(self.calls)
        return None if self._silent else rng.standard_normal((2, TILE)).T


def disk(folder: Path) -> DiskSums:
    return DiskSums(Cache(folder), SCENE, KEYS)


def same(one: StoredSum, other: StoredSum) -> bool:
    if one.samples is None or other.samples is None:
        return one.samples is other.samples
    return bool((one.samples == other.samples).all())


def read_again(stored: StoredSum, channel: int, start: int, n: int) -> np.ndarray:
    out = np.full(n, np.nan)
    assert stored.read_into is not None
    stored.read_into(channel, start, out)
    return out


def test_nothing_is_stored_without_a_cache() -> None:
    make, store = Counted(), NoSums()
    assert not same(store.get([ONE], 0, make), store.get([ONE], 0, make))
    assert not store.get([ONE], 0, make).is_stored
    assert store.get([ONE], 0, Counted(silent=True)).is_stored
    numbers = iter(range(2))
    made = [store.figures(["FX"], [ONE], 0, lambda: np.full((1, 1), next(numbers))) for _ in range(2)]
    assert made == [0, 1]
    store.close()


@pytest.mark.parametrize("silent", [False, True])
def test_a_sum_is_made_once_for_all_renders(tmp_path: Path, silent: bool) -> None:
    make = Counted(silent)
    first = disk(tmp_path)
    made = first.get([ONE, OTHER], 0, make)
    first.close()
    assert same(disk(tmp_path).get([ONE, OTHER], 0, make), made)
    assert make.calls == 1


def test_figures_are_made_once_for_the_same_sums_of_the_same_buses(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> np.ndarray:
        calls.append(len(calls))
        return np.full((3, 2), len(calls), dtype=float)

    asked: list[tuple[list[Bus], list[SumStage], int]] = [
        (["FX", "BG"], [ONE, OTHER], 0),
        (["FX"], [ONE, OTHER], 0),
        (["FX", "BG"], [ONE], 0),
        (["FX", "BG"], [ONE, OTHER], 1),
    ]
    made = [disk(tmp_path).figures(*each, make) for each in asked]
    again = [disk(tmp_path).figures(*each, make) for each in asked]
    assert len(calls) == len(asked)
    assert [x.tolist() for x in made] == [x.tolist() for x in again]
    for _ in range(2):  # silence and an untracked sound have no key
        disk(tmp_path).figures(["FX"], [], 0, make)
        disk(tmp_path).figures(["FX"], [UNTRACKED], 0, make)
    assert len(calls) == len(asked) + 4


@pytest.mark.parametrize("again", [False, True])
def test_its_file_is_read_in_any_order_even_after_the_cache_is_cleared(
    tmp_path: Path, again: bool
) -> None:
    make, store = Counted(), disk(tmp_path)
    for _ in range(1 + again):
        made = store.get([ONE], 0, make)
    Cache(tmp_path).clear()
    check_read(made)
    assert make.calls == 1
    store.close()
    with pytest.raises(ValueError, match="closed file"):
        read_again(made, 0, 0, 1)


def check_read(made: StoredSum) -> None:
    assert made.samples is not None
    for channel, start, n in ((1, 5, 100), (0, 0, TILE), (1, TILE - 1, 1)):
        assert (read_again(made, channel, start, n) == made.samples[start : start + n, channel]).all()


@pytest.mark.usefixtures("every_tile_is_stored")
@pytest.mark.parametrize("before", [False, True])
def test_a_sum_that_is_the_tile_of_a_stage_is_not_stored_again(tmp_path: Path, before: bool) -> None:
    """Whether an earlier render stored the tile, or this one does while it makes the sum."""
    tiles, make = DiskTiles(Cache(tmp_path), SCENE, KEYS), Counted()

    def strip() -> np.ndarray | None:
        return tiles.get(ONE.stage, 0, lambda: Strip(stereo=make())).stereo

    expected = strip() if before else None
    made = disk(tmp_path).get([ONE], 0, strip)
    assert expected is None or (made.samples == expected).all()
    assert make.calls == 1
    assert Cache(tmp_path).usage().entries == 1
    check_read(made)
    cut = replace(ONE, until=TILE - 1)
    for stages in ([cut], [ONE, OTHER]):  # these are other samples
        entries = Cache(tmp_path).usage().entries
        disk(tmp_path).get(stages, 0, Counted())
        assert Cache(tmp_path).usage().entries == entries + 1


def test_a_sum_whose_file_was_truncated_is_made_again_once(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).standard_normal((2, TILE)).T
    calls: list[int] = []

    def make() -> np.ndarray:
        calls.append(len(calls))
        return samples

    made = disk(tmp_path).get([ONE], 0, make)
    for entry in tmp_path.glob("*.kept"):
        entry.write_bytes(entry.read_bytes()[:5000])
    check_read(made)
    assert len(calls) == 2


def test_a_sum_belongs_to_all_it_depends_on(tmp_path: Path) -> None:
    """The sounds, their order and effects, the buses, the sample of silence, the tile, the listening mode."""
    headphones = replace(SCENE, listening="headphones")
    others: list[tuple[list[SumStage], int, Scene, dict[str, SoundKey | None]]] = [
        ([OTHER, ONE], 0, SCENE, KEYS),
        ([ONE], 0, SCENE, KEYS),
        ([ONE, OTHER], 1, SCENE, KEYS),
        ([ONE, replace(OTHER, until=TILE - 1)], 0, SCENE, KEYS),
        ([ONE, replace(OTHER, stage=replace(OTHER.stage, bus="FX"))], 0, SCENE, KEYS),
        ([replace(ONE, stage=replace(ONE.stage, effects=())), OTHER], 0, SCENE, KEYS),
        ([ONE, OTHER], 0, headphones, KEYS),
        *(
            ([ONE, OTHER], 0, SCENE, {**KEYS, name: SoundKey("changed", "before")})
            for name in ("a", "b", "space")
        ),
    ]
    make = Counted()
    disk(tmp_path).get([ONE, OTHER], 0, make)
    for count, (stages, index, scene, keys) in enumerate(others, 2):
        DiskSums(Cache(tmp_path), scene, keys).get(stages, index, make)
        assert make.calls == count


def test_a_sum_of_an_untracked_sound_and_a_sum_of_nothing_are_not_stored(tmp_path: Path) -> None:
    for stages in ([ONE, UNTRACKED], []):
        make = Counted()
        for _ in range(2):
            assert disk(tmp_path).get(stages, 0, make).read_into is None
        assert make.calls == 2
    assert Cache(tmp_path).usage().entries == 0


def test_a_full_cache_stores_no_sum_and_no_file_is_open(tmp_path: Path) -> None:
    made = DiskSums(Cache(tmp_path, limit_bytes=1_000_000), SCENE, KEYS).get([ONE], 0, Counted())
    assert made.samples is not None
    assert not made.is_stored


def test_only_so_many_files_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sum_store, "_most_open", lambda: 2)
    store, make = disk(tmp_path), Counted()
    opened = [store.get([ONE], n, make).is_stored for n in range(3)]
    assert opened == [True, True, False]
    monkeypatch.setattr(sum_store, "_most_open", lambda: 1)
    again = disk(tmp_path)
    stored = [again.get([ONE], n, make).is_stored for n in range(2)]
    assert stored == [True, False]
    assert make.calls == 3  # what is stored is read, and then copied


@pytest.mark.parametrize(("allowed", "most"), [(256, 128), (1_000_000, 1000), (-1, 1000)])
def test_half_of_the_files_that_the_system_allows_are_left_for_others(
    monkeypatch: pytest.MonkeyPatch, allowed: int, most: int
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (allowed, allowed))
    assert sum_store._most_open() == most


def test_an_entry_of_another_kind_is_made_again(tmp_path: Path) -> None:
    for parts in ((), (np.zeros((4, 2)),), (np.zeros((TILE, 2)), None)):
        make, store = Counted(), disk(tmp_path)
        terms = store._terms([ONE], 0)
        Cache(tmp_path).put(digest("sum", terms), parts)
        made = store.get([ONE], 0, make)
        assert make.calls == 1
        assert same(disk(tmp_path).get([ONE], 0, make), made)
        assert make.calls == 1
