"""The cache keys of stages: everything that a stage's samples over one tile depend on."""

from __future__ import annotations

from collections.abc import Mapping

from audio_pipeline.memo.keys import ears_key
from audio_pipeline.memo.sounds import SoundKey
from audio_pipeline.memo.store import digest
from audio_pipeline.mixing.graph import Stage
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import tile


class StageKeys:
    """The keys of a scene's stages; `keys` holds the key of each sound, None for one that is not stored."""

    def __init__(self, scene: Scene, keys: Mapping[str, SoundKey | None]) -> None:
        self._ears = ears_key(scene)
        self._keys = keys

    def of(self, stage: Stage, index: int) -> list[object] | None:
        """The key of `stage` over tile number `index`, as JSON values; None if it must not be stored."""
        sounds = []
        for name in stage.sounds():
            if (key := self._keys[name]) is None:
                return None
            sounds.append(key.of(tile(index)))
        ears = None if stage.bus is None else self._ears  # part of a source's own key
        return [ears, [stage.bus, stage.strips, stage.effects], sounds, index]

    def tile(self, stage: Stage, index: int) -> str | None:
        """The key under which `DiskTiles` stores the strip of `stage`; None if it must not be stored."""
        key = self.of(stage, index)
        return None if key is None else digest("tile", *key)
