"""Stores of sums of buses, tile by tile, with figures about them: none, or the cache.

A sum is read twice, for its loudness and for the master. Its file in the cache stays open in between, so that
no other copy of it is needed; and a later render whose mix is equal in this tile reads it instead of mixing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.memo.entry_file import Entry, OpenEntry
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.mixing.graph import SumStage
from audio_pipeline.mixing.stage_keys import StageKeys
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import TILE

_MOST_OPEN = 128
"""Limit of open files; a process may have 256 on some systems."""


@dataclass(frozen=True, eq=False)
class MeasuredTile:
    """A tile of a sum of buses, `(TILE, 2)` or None for silence, and figures about it, `(blocks, figures)`."""

    samples: Samples | None
    figures: Samples


@dataclass(frozen=True, eq=False)
class StoredTile(MeasuredTile):
    """A measured tile; `read_into` reads its samples again, if they are stored; see `audio_io.scratch_file`."""

    read_into: Callable[[int, int, Samples], bool] | None = None


class SumStore(Protocol):
    """Returns stored sums to any worker. Their samples must not be changed."""

    def get(
        self, stages: Sequence[SumStage], index: int, make: Callable[[], MeasuredTile]
    ) -> StoredTile:
        """The sum of `stages` over tile number `index`; `make` computes it if it is not stored."""
        ...

    def close(self) -> None:
        """Close the files of all returned tiles."""
        ...


class NoSums:
    """Stores nothing."""

    def get(
        self, stages: Sequence[SumStage], index: int, make: Callable[[], MeasuredTile]
    ) -> StoredTile:
        """See `SumStore.get`."""
        made = make()
        return StoredTile(made.samples, made.figures)

    def close(self) -> None:
        """See `SumStore.close`."""


class DiskSums:
    """Stores sums in the cache, under a key of everything they depend on; see `DiskTiles`."""

    def __init__(self, cache: Cache, scene: Scene, keys: Mapping[str, SoundKey | None]) -> None:
        self._cache = cache
        self._keys = StageKeys(scene, keys)
        self._open: list[OpenEntry] = []

    def get(
        self, stages: Sequence[SumStage], index: int, make: Callable[[], MeasuredTile]
    ) -> StoredTile:
        """See `SumStore.get`."""
        key = self._key(stages, index)
        if key is None or len(self._open) >= _MOST_OPEN:
            made = make()
            return StoredTile(made.samples, made.figures)
        found = self._cache.get_open(key)
        if found is not None and (stored := _tile_in(found[0])) is not None:
            return self._opened(stored, found[1])
        made = make()
        opened = self._cache.put_open(key, (made.samples, made.figures))
        if opened is None:
            return StoredTile(made.samples, made.figures)
        return self._opened(made, opened)

    def _opened(self, tile: MeasuredTile, file: OpenEntry) -> StoredTile:
        self._open.append(file)
        return StoredTile(tile.samples, tile.figures, partial(file.read_into, 0))

    def close(self) -> None:
        """See `SumStore.close`."""
        while self._open:
            self._open.pop().close()

    def _key(self, stages: Sequence[SumStage], index: int) -> str | None:
        """The key of a sum; None for silence and where a stage must not be stored."""
        terms = [(self._keys.of(term.stage, index), term.until) for term in stages]
        if not terms or any(key is None for key, _ in terms):
            return None
        return digest("sum", terms)


def _tile_in(entry: Entry) -> MeasuredTile | None:
    """The tile of an entry; None for an entry of another kind."""
    samples, figures = entry.parts if len(entry.parts) == 2 else (None, None)
    if figures is None or (samples is not None and samples.shape != (TILE, 2)):
        return None
    return MeasuredTile(samples, figures)
