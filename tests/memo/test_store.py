"""The cache's promises: whole or missing, bounded, safe to share and to delete."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.memo.part_lock import hold
from audio_pipeline.memo.store import Cache, digest, open_cache, size_in_bytes


def _tile(seed: int, n: int = 1000) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 2))


def test_what_is_kept_comes_back_bit_for_bit(tmp_path: Path) -> None:
    cache, odd = Cache(tmp_path / "c"), np.array([[np.nan, -0.0], [np.inf, 5e-324]])
    cache.put("k", (odd, None, _tile(1)[::2]), {"did": ["é", 1.5]})
    entry = Cache(tmp_path / "c").get("k")
    assert entry is not None
    assert entry.parts[0].tobytes() == odd.tobytes()
    assert entry.parts[1] is None
    assert entry.parts[2].tobytes() == _tile(1)[::2].tobytes()
    assert entry.note == {"did": ["é", 1.5]}
    assert cache.get("other") is None


@settings(max_examples=60)
@given(data=st.data())
def test_a_changed_byte_anywhere_makes_an_entry_missing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cache = Cache(tmp_path_factory.mktemp("c"))
    cache.put("k", (_tile(1, 700),), {"a": 1})
    path = next(cache.folder.glob("*.kept"))
    raw = bytearray(path.read_bytes())
    where = data.draw(st.integers(0, len(raw) - 1))
    raw[where] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    assert cache.get("k") is None
    assert path.exists() == (where < 8)  # without its mark it may be anybody's


def test_a_tile_comes_back_planar_however_it_was_given(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    rows = np.ascontiguousarray(_tile(1, 700))
    for key, tile in (("rows", rows), ("planar", np.asfortranarray(rows))):
        cache.put(key, (tile,))
        entry = cache.get(key)
        assert entry is not None
        kept = entry.parts[0]
        assert kept is not None
        assert kept.T.flags.c_contiguous
        np.testing.assert_array_equal(kept, rows)


@pytest.mark.parametrize("samples", [100, 700])  # of which 0 and 1024 words stand in whole rows
def test_flips_that_cancel_each_other_in_a_sum_make_an_entry_missing(
    tmp_path: Path, samples: int
) -> None:
    cache = Cache(tmp_path)
    tile = _tile(1, samples)
    words = tile.T.reshape(-1).view(np.uint64)  # as they are kept: channel by channel
    cache.put("k", (tile,))
    path = tmp_path / "k.kept"
    other = words.copy()
    other[3], other[9] = words[3] + np.uint64(1 << 40), words[9] - np.uint64(1 << 40)
    path.write_bytes(path.read_bytes().replace(words.tobytes(), other.tobytes()))
    assert cache.get("k") is None


@settings(max_examples=30)
@given(length=st.integers(0, 11_000))
def test_a_cut_entry_is_missing(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    cache = Cache(tmp_path_factory.mktemp("c"))
    cache.put("k", (_tile(1, 700),))
    path = next(cache.folder.glob("*.kept"))
    path.write_bytes(path.read_bytes()[:length])
    assert cache.get("k") is None


def test_the_bound_holds_and_what_was_used_last_stays(tmp_path: Path) -> None:
    entry_bytes, now = 16_000 * 16, 1_000_000_000
    for n in range(10):  # each object may put three quarters of the bound
        Cache(tmp_path, 6 * entry_bytes).put(f"k{n}", (_tile(n, 16_000),))
        for m in range(n + 1):
            path = tmp_path / f"k{m}.kept"
            if path.exists():
                os.utime(path, (now + (99 if m == 0 else m), now + (99 if m == 0 else m)))
    cache = Cache(tmp_path, 6 * entry_bytes)
    cache.put("record", note={"small": True})
    cache.tidy()
    assert cache.usage().size_bytes <= 6 * entry_bytes
    assert cache.get("k0") is not None
    assert cache.get("k9") is not None
    assert cache.get("k1") is None
    assert cache.get("record") is not None


def test_one_mix_larger_than_the_bound_does_not_push_itself_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10 * 16_000)
    for n in range(50):
        cache.put(f"k{n}", (_tile(n),))
    assert all(cache.get(f"k{n}") is not None for n in range(7))
    assert cache.get("k49") is None


def test_what_killed_writers_left_is_cleared(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("k", (_tile(1),))
    (old := tmp_path / "half.1-0.part").write_bytes(b"RENDKEPT and half")
    (empty := tmp_path / "half.1-1.part").touch()
    (young := tmp_path / "half.2-0.part").write_bytes(b"RENDKEPT and half")
    for part in (old, empty):
        os.utime(part, (1_000_000_000, 1_000_000_000))
    with young.open("rb") as file:
        hold(file)
        cache.tidy()
        cache.remove_abandoned()
        assert list(tmp_path.glob("*.part")) == [young]  # which may still be written
    cache.clear()
    assert not tmp_path.exists()


FOREIGN = ["film.kept", "k2.kept", "film.mkv.part", "k.1-0.part", ".gitignore", "CACHEDIR.TAG"]


def _text(path: Path) -> None:
    path.write_text("precious")


def _hard_link(path: Path) -> None:
    (path.parent / "own").write_bytes(b"RENDKEPT precious")
    os.link(path.parent / "own", path)


def _link(path: Path) -> None:
    (path.parent / "own").write_bytes(b"RENDKEPT precious")
    path.symlink_to("own")


@pytest.mark.parametrize("make", [_text, _hard_link, _link])
@pytest.mark.parametrize("name", FOREIGN)
def test_what_the_cache_did_not_write_is_neither_removed_nor_replaced(
    tmp_path: Path, name: str, make: object
) -> None:
    make(tmp_path / name)
    os.utime(tmp_path / name, (1_000_000_000, 1_000_000_000))
    before = (tmp_path / name).read_bytes()
    cache = Cache(tmp_path, 10_000)
    cache.put("k2", (_tile(1, 100),))
    cache.get("k2")
    for bound in (10_000, 1):
        Cache(tmp_path, bound).tidy()
        assert (tmp_path / name).read_bytes() == before
    cache.clear()
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_still_read(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.put("k", (_tile(1),))
    (tmp_path / "c").chmod(0o500)
    try:
        again = Cache(tmp_path / "c")
        again.put("other", (_tile(2),))
        assert again.get("k") is not None
        assert again.get("other") is None
    finally:
        (tmp_path / "c").chmod(0o700)


def test_where_no_folder_can_be_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "c")
    cache.put("k", (_tile(1),))
    cache.tidy()
    assert cache.get("k") is None
    assert cache.clear().entries == 0


def test_clearing_takes_the_entries_and_leaves_what_is_not_ours(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.put("k", (_tile(1),))
    assert (tmp_path / "c" / ".gitignore").read_text() == "*\n"
    (tmp_path / "c" / "mine.txt").write_text("mine")
    assert cache.clear().entries == 1
    assert [p.name for p in (tmp_path / "c").iterdir()] == ["mine.txt"]


def test_many_writers_and_readers_of_one_key_see_whole_entries_only(tmp_path: Path) -> None:
    wanted = _tile(7, 5000)

    def work(n: int) -> bool:
        cache = Cache(tmp_path)
        if n % 5 == 4:
            cache.clear()
        cache.put("k", (wanted,))
        entry = cache.get("k")
        return entry is None or entry.parts[0].tobytes() == wanted.tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert not list(tmp_path.glob("*.part"))


def test_keys_tell_values_apart() -> None:
    values = [1, 1.0, "1", True, None, [1], [], "", {"a": 1}, {"a": 2}, 0.0, -0.0, float("-inf")]
    assert len({digest(value) for value in values}) == len(values)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_the_environment_moves_bounds_and_switches_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert open_cache().folder == tmp_path / "render-ending"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_cache().folder == tmp_path / ".cache" / "render-ending"
    monkeypatch.setenv("RENDER_ENDING_CACHE", str(tmp_path / "else"))
    monkeypatch.setenv("RENDER_ENDING_CACHE_SIZE", "1.5GB")
    cache = open_cache()
    assert (cache.folder, cache.limit_bytes) == (tmp_path / "else", 1_500_000_000)
    monkeypatch.setenv("RENDER_ENDING_CACHE", "off")
    assert open_cache() is None
    with pytest.raises(ValueError, match="500MB"):
        size_in_bytes("lots")


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(name: str, *, appauthor: bool) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(platformdirs, "user_cache_path", lost)
    assert open_cache() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG Base Directory Specification is Linux's")
def test_on_linux_the_cache_is_where_the_desktop_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert open_cache().folder == tmp_path / "xdg" / "render-ending"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/folder")  # which the specification has ignored
    assert open_cache().folder == tmp_path / ".cache" / "render-ending"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert open_cache().folder == tmp_path / ".cache" / "render-ending"


def test_a_cache_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "render-ending").mkdir()
    assert open_cache() is not None
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    assert open_cache() is None


def test_an_entry_under_the_name_of_another_is_missing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a", (_tile(1),))
    cache.put("b", (_tile(2),))
    (tmp_path / "a.kept").replace(tmp_path / "b.kept")
    assert cache.get("b") is None
