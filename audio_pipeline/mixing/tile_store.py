"""Stores of computed tiles: none, in memory, or on disk.

The key of a tile is its stage (see `mixing.graph`) and its number; a tile that is not stored is
computed. The console works with any of the three stores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from time import thread_time
from typing import Protocol

import numpy as np

from audio_pipeline.effects.base import Strip
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.graph import Stage
from audio_pipeline.mixing.stage_keys import StageKeys
from audio_pipeline.timeline.scene import Scene

_WORTH_S_PER_BYTE = 1.5e-9
"""Processor time from which a tile is stored, for each of its bytes.

Writing a tile costs 1 ns for each byte and reading it 0.15; on a machine whose memory is new, several
times as much.
"""


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

    `keys` holds the key of each sound; a stage with a sound of key None is not stored. A strip that is
    computed about as fast as it is stored and read is not stored either.
    """

    worth_s_per_byte = _WORTH_S_PER_BYTE

    def __init__(self, cache: Cache, scene: Scene, keys: Mapping[str, SoundKey | None]) -> None:
        self._cache = cache
        self._keys = StageKeys(scene, keys)

    def get(self, stage: Stage, index: int, make: Callable[[], Strip]) -> Strip:
        """See `TileStore.get`."""
        key = self._keys.tile(stage, index)
        if key is None:
            return make()
        entry = self._cache.get(key)
        if entry is not None and len(entry.parts) == 4:
            mono, stereo, *sends = entry.parts
            return Strip(mono, stereo, *(None if s is None else s.astype(np.float32) for s in sends))
        before_s = thread_time()
        strip = make()
        took_s = thread_time() - before_s
        parts = [None if p is None else p.astype(np.float64, copy=False) for p in strip.parts()]
        if took_s >= self.worth_s_per_byte * sum(part.nbytes for part in parts if part is not None):
            self._cache.put(key, parts)
        return strip

    def forget_before(self, index: int) -> None:
        """See `TileStore.forget_before`; nothing is dropped, because other renders may need the tiles."""
