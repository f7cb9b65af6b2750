"""Sounds made ready later are those made ready at once, and what no key can hold is never kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audio_pipeline.effects.base import Effect
from audio_pipeline.memo.sounds import DeferredSounds
from audio_pipeline.memo.store import Cache
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from tests.mixing.small_sounds import Late
from tests.scenes import make_scene

SPAN = Span(100, 200)
SCENE = make_scene()


class Untracked(Late):
    """An effect that looks at the whole schedule."""

    def prepare(self, scene: Scene, name: str) -> Any:
        assert scene.schedule.named("black") > 0
        return super().prepare(scene, name)


def _active(cache: Cache, effect: Effect, name: str = "it") -> Span:
    return DeferredSounds(cache, SCENE, {}).processor(effect, name).active_span(SPAN)


def test_the_active_span_of_an_effect_is_kept_and_each_effect_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    assert _active(cache, Late(samples=5)) == Span(100, 205)
    assert _active(cache, Late(samples=7)) == Span(100, 207)
    monkeypatch.setattr(Late, "prepare", lambda *_: pytest.fail("prepared again"))
    assert _active(cache, Late(samples=5)) == Span(100, 205)
    other = DeferredSounds(cache, SCENE, {}).processor(Late(samples=5), "it")
    with pytest.raises(BaseException, match="prepared again"):
        other.active_span(Span(100, 201))


def test_of_an_effect_that_no_key_can_hold_nothing_is_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for samples in (5, 7):
        assert _active(cache, Untracked(samples=samples)) == Span(100, 200 + samples)
    assert cache.usage().entries == 0


def test_an_effect_is_prepared_once_however_often_it_is_used(tmp_path: Path) -> None:
    for _ in range(2):  # at once, then later
        processor = DeferredSounds(Cache(tmp_path), SCENE, {}).processor(Late(samples=5), "it")
        assert processor.look_back == 5
        assert processor._sound.made() is processor._sound.made()
