"""Stores of computed tiles: none, in memory, or on disk.

The key of a tile is its stage (see `mixing.graph`) and its number; a tile that is not stored is
computed. The console works with any of the three stores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Protocol

import numpy as np

from audio_pipeline.effects.base import Strip
from audio_pipeline.memo.keys import ears_key
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.mixing.graph import Stage
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import tile


class TileStore(Protocol):
    """Returns stored tiles to any worker. The samples of a strip must not be changed."""

    def get(self, stage: Stage, index: int, make: Callable[[], Strip]) -> Strip:
        """The strip of `stage` over tile number `index`; `make` computes it if it is not stored."""
        ...

    def forget_before(self, index: int) -> None:
        """Drop tiles before number `index`."""
        ...


class NoTiles:
    """Stores nothing: every tile is computed on request."""

    def get(self, stage: Stage, index: int, make: Callable[[], Strip]) -> Strip:
        """See `TileStore.get`."""
        return make()

    def forget_before(self, index: int) -> None:
        """See `TileStore.forget_before`."""


class MemoryTiles:
    """Stores tiles in memory until they are dropped; each is computed once, even for concurrent workers.

    A deadlock is impossible: a tile waits only for earlier tiles and earlier stages.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[Stage, int], Future[Strip]] = {}

    def get(self, stage: Stage, index: int, make: Callable[[], Strip]) -> Strip:
        """See `TileStore.get`."""
        key = (stage, index)
        with self._lock:
            known = self._made.get(key)
            if known is None:
                future: Future[Strip] = Future()
                self._made[key] = future
        if known is not None:
            return known.result()
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)
            raise
        return future.result()

    def forget_before(self, index: int) -> None:
        """See `TileStore.forget_before`."""
        with self._lock:
            self._made = {key: made for key, made in self._made.items() if key[1] >= index}


class DiskTiles:
    """Stores tiles in the cache, also for later renders, under a key of everything they depend on.

    `keys` holds the key of each sound; a stage with a sound of key None is not stored.
    """

    def __init__(self, cache: Cache, scene: Scene, keys: Mapping[str, SoundKey | None]) -> None:
        self._cache = cache
        self._ears = ears_key(scene)
        self._keys = keys

    def get(self, stage: Stage, index: int, make: Callable[[], Strip]) -> Strip:
        """See `TileStore.get`."""
        key = self._key(stage, index)
        if key is None:
            return make()
        entry = self._cache.get(key)
        if entry is not None and len(entry.parts) == 4:
            mono, stereo, *sends = entry.parts
            return Strip(mono, stereo, *(None if s is None else s.astype(np.float32) for s in sends))
        strip = make()
        parts = (None if p is None else p.astype(np.float64, copy=False) for p in strip.parts())
        self._cache.put(key, list(parts))
        return strip

    def forget_before(self, index: int) -> None:
        """See `TileStore.forget_before`; nothing is dropped, because other renders may need the tiles."""

    def _key(self, stage: Stage, index: int) -> str | None:
        sounds = []
        for name in stage.sounds():
            if (key := self._keys[name]) is None:
                return None
            sounds.append(key.of(tile(index)))
        ears = None if stage.bus is None else self._ears  # part of a source's own key
        return digest("tile", ears, [stage.bus, stage.strips, stage.effects], sounds, index)
