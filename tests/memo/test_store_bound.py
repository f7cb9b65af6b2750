"""The folder of the cache stays near its bound by itself, and does not count itself at every entry."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.memo.store import Cache, size_in_bytes

ENTRY_BYTES = 8 * 1000 * 2
LIMIT = 16 * ENTRY_BYTES


def _put(cache: Cache, *names: str) -> None:
    for name in names:
        cache.put(name, (np.ones((1000, 2)),))


def test_several_renders_together_stay_near_the_bound_without_being_told(tmp_path: Path) -> None:
    for render in range(6):
        _put(Cache(tmp_path, LIMIT), *(f"r{render}n{n}" for n in range(10)))
        assert Cache(tmp_path).usage().size_bytes <= LIMIT + 3 * ENTRY_BYTES


def test_the_folder_is_counted_once_in_a_sixteenth_of_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[None] = []
    cache = Cache(tmp_path, LIMIT)
    monkeypatch.setattr(cache, "tidy", lambda: counted.append(None))
    _put(cache, "a")
    assert len(counted) == 0  # just a sixteenth
    _put(cache, "b")
    assert len(counted) == 1


def test_three_quarters_of_the_bound_are_kept_to_the_entry(tmp_path: Path) -> None:
    _put(Cache(tmp_path, LIMIT), *(str(n) for n in range(20)))
    assert Cache(tmp_path).usage().entries == 12


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 500_000_000), ("1.5 GB", 1_500_000_000), (" 2TB ", 2_000_000_000_000)]
)
def test_a_size_is_read_by_its_unit(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


def test_what_is_read_counts_as_used(tmp_path: Path) -> None:
    _put(Cache(tmp_path), "a", "b", "c")
    for age, name in enumerate("abc"):
        os.utime(tmp_path / f"{name}.kept", (1_000_000_000 + age, 1_000_000_000 + age))
    cache = Cache(tmp_path, 2 * (ENTRY_BYTES + 200))
    assert cache.get("a") is not None
    cache.tidy()
    assert {name for name in "abc" if cache.get(name) is not None} == {"a", "c"}
