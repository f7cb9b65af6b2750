"""Stores of sums of buses, tile by tile, and of figures about them: none, or the cache.

A sum is read twice, for its loudness and for the master. Its file in the cache stays open in between, so that
no other copy of it is needed; and a later render whose mix is equal in this tile reads it instead of mixing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Protocol

from audio_pipeline.audio_io.scratch_file import ReadInto
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.layers.base import Bus
from audio_pipeline.memo.entry_file import OpenEntry
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.mixing.graph import SumStage
from audio_pipeline.mixing.stage_keys import StageKeys
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import TILE, tile

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

Make = Callable[[], "Samples | None"]
"""Computes a sum over a tile, `(TILE, 2)` float64, or None for silence."""


def _most_open() -> int:
    """The limit of open files: half of what the system allows, 256 on macOS and often 1024 on Linux."""
    allowed = 256 if resource is None else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1000 if allowed < 0 else min(1000, allowed // 2)  # negative: no limit


_SUM, _STRIP = (1, 0), (4, 1)
"""The number of parts of an entry, and the part with the samples: of a sum, and of a strip of `DiskTiles`."""


@dataclass(frozen=True, eq=False)
class StoredSum:
    """A sum of buses over a tile, `(TILE, 2)`, or None for silence.

    `read_into` reads its samples again, if they are stored; see `audio_io.scratch_file`.
    """

    samples: Samples | None
    read_into: ReadInto | None = None

    @property
    def is_stored(self) -> bool:
        """Whether it can be read again."""
        return self.samples is None or self.read_into is not None


class SumStore(Protocol):
    """Returns stored sums, and figures about them, to any worker. The arrays must not be changed."""

    def get(self, stages: Sequence[SumStage], index: int, make: Make) -> StoredSum:
        """The sum of `stages` over tile number `index`; `make` computes it if it is not stored."""
        ...

    def figures(
        self, of: Sequence[Bus], stages: Sequence[SumStage], index: int, make: Callable[[], Samples]
    ) -> Samples:
        """Figures `(n, figures)` of the buses `of`, which come from `stages`; `make` computes missing ones."""
        ...

    def close(self) -> None:
        """Close the files of all returned sums."""
        ...


class NoSums:
    """Stores nothing."""

    def get(self, stages: Sequence[SumStage], index: int, make: Make) -> StoredSum:
        """See `SumStore.get`."""
        return StoredSum(make())

    def figures(
        self, of: Sequence[Bus], stages: Sequence[SumStage], index: int, make: Callable[[], Samples]
    ) -> Samples:
        """See `SumStore.figures`."""
        return make()

    def close(self) -> None:
        """See `SumStore.close`."""


class DiskSums:
    """Stores sums in the cache, under a key of everything they depend on; see `DiskTiles`.

    A sum that is the tile of one stage is not stored again.
    """

    def __init__(self, cache: Cache, scene: Scene, keys: Mapping[str, SoundKey | None]) -> None:
        self._cache = cache
        self._keys = StageKeys(scene, keys)
        self._open: list[OpenEntry] = []
        self._most_open = _most_open()

    def get(self, stages: Sequence[SumStage], index: int, make: Make) -> StoredSum:
        """See `SumStore.get`."""
        terms = self._terms(stages, index)
        if not terms:
            return StoredSum(make())
        key, of_stage = digest("sum", terms), self._key_of_stage(stages, index)
        found = self._found(key, _SUM, make) or self._found(of_stage, _STRIP, make)
        if found is not None:
            return found
        samples = make()
        stored = self._found(of_stage, _STRIP, make)  # `make` may have stored it
        if stored is not None:
            return stored
        opened = None if self._is_full() else self._cache.put_open(key, (samples,))
        return StoredSum(samples) if opened is None else self._opened(samples, opened, 0, make)

    def figures(
        self, of: Sequence[Bus], stages: Sequence[SumStage], index: int, make: Callable[[], Samples]
    ) -> Samples:
        """See `SumStore.figures`."""
        terms = self._terms(stages, index)
        if not terms:
            return make()
        key = digest("figures", of, terms)
        entry = self._cache.get(key)
        if entry is not None and len(entry.parts) == 1 and entry.parts[0] is not None:
            return entry.parts[0]
        figures = make()
        self._cache.put(key, (figures,))
        return figures

    def close(self) -> None:
        """See `SumStore.close`."""
        while self._open:
            self._open.pop().close()

    def _terms(self, stages: Sequence[SumStage], index: int) -> list[object] | None:
        """The key of a sum, as JSON values, empty for silence; None where a stage must not be stored."""
        terms = [(self._keys.of(term.stage, index), term.until) for term in stages]
        return None if any(key is None for key, _ in terms) else list(terms)

    def _key_of_stage(self, stages: Sequence[SumStage], index: int) -> str | None:
        """The key under which `DiskTiles` stores a sum of one stage; None for another sum."""
        if len(stages) > 1 or stages[0].until < tile(index).stop:
            return None
        return self._keys.tile(stages[0].stage, index)

    def _found(self, key: str | None, kind: tuple[int, int], make: Make) -> StoredSum | None:
        """The sum in an entry with a number of parts, of which one is the sum; None if it is missing."""
        number, part = kind
        found = None if key is None else self._cache.get_open(key)
        if found is None:
            return None
        entry, opened = found
        samples = entry.parts[part] if len(entry.parts) == number else None
        if len(entry.parts) == number and (samples is None or samples.shape == (TILE, 2)):
            return self._opened(samples, opened, part, make)
        opened.close()
        return None

    def _is_full(self) -> bool:
        return len(self._open) >= self._most_open

    def _opened(self, samples: Samples | None, file: OpenEntry, part: int, make: Make) -> StoredSum:
        if self._is_full():
            file.close()
            return StoredSum(samples)
        self._open.append(file)
        return StoredSum(samples, None if samples is None else _ReadAgain(file, part, make))


class _ReadAgain:
    """Reads a stored sum; computes it again if its file was damaged in the meantime. See `ReadInto`."""

    def __init__(self, file: OpenEntry, part: int, make: Make) -> None:
        self._file, self._part = file, part
        self._made = lru_cache(maxsize=1)(make)

    def __call__(self, channel: int, start: int, out: Samples) -> None:
        with suppress(OSError):
            if self._file.read_into(self._part, channel, start, out):
                return
        made = self._made()
        out[:] = 0.0 if made is None else made[start : start + len(out), channel]
