"""Prepares sounds for a scene: immediately, or, with cached facts about them, only when needed.

The questions of a sound are cached, too. If a scene gives the same answers to the same questions, the
sound is unchanged: its key, its span and its look-back are known, and it is prepared only for a tile
that is not in the cache.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, Literal, TypeVar, cast

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.effects.base import Effect, Processor, Strip
from audio_pipeline.layers.base import Layer, Source
from audio_pipeline.memo.keys import engine_key, sound_key
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.memo.tracing import (
    Question,
    StemKeys,
    TracingScene,
    TreatedKeys,
    answer,
    without_end,
)
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span

Made = TypeVar("Made", Source, Processor)


@dataclass(frozen=True)
class SoundKey:
    """The key of the output of a sound, and the key of its tiles before its sample `fixed_until`.

    `before` does not contain the end of the sound, so a moved end changes few tiles; without
    `fixed_until` it is not used.
    """

    whole: str
    before: str
    fixed_until: int | None = None

    def of(self, here: Span) -> str:
        """The key of the tile `here`."""
        settled = self.fixed_until is not None and here.stop <= self.fixed_until
        return self.before if settled else self.whole


class PreparedSounds:
    """Prepares sounds immediately.

    They may read the scene only in `prepare`; sounds in `own_scenes` get the scene given there.
    """

    def __init__(self, scene: Scene, own_scenes: Mapping[str, Scene] | None = None) -> None:
        self._scene = scene
        self._own = own_scenes or {}

    def source(self, layer: Layer, name: str) -> Source:
        """The source of a layer."""
        return _prepared(layer.prepare, self._own.get(name, self._scene), name)[0]

    def processor(self, effect: Effect, name: str) -> Processor:
        """The processor of an effect."""
        return _prepared(effect.prepare, self._own.get(name, self._scene), name)[0]


class DeferredSounds:
    """Prepares sounds when they are needed; `cache` holds earlier facts about them.

    Sounds in `own_scenes` get the scene given there, which has the same rate, seed, clock and stems.
    """

    def __init__(
        self,
        cache: Cache,
        scene: Scene,
        stem_keys: StemKeys,
        treated_keys: TreatedKeys | None = None,
        own_scenes: Mapping[str, Scene] | None = None,
    ) -> None:
        self._cache = cache
        self._scene = scene
        self._own = own_scenes or {}
        self._stem_keys = stem_keys
        self._treated_keys = treated_keys or {}
        clock = scene.clock
        self._common = [
            engine_key(),
            scene.sample_rate,
            scene.seed,
            [clock.rate.name, clock.gauge, clock.start_frame],
        ]
        self.keys: dict[str, SoundKey | None] = {}
        """The key of each sound; None if its output must not be cached."""

    def source(self, layer: Layer, name: str) -> Source:
        """The source of a layer."""

        def facts_of(made: Source) -> dict[str, Any]:
            span = [made.span.start, made.span.stop]
            return {"span": span, "channels": made.channels, "fixed_until": fixed_until(made)}

        sound, facts = self._deferred(layer, layer.prepare, name, facts_of)
        return DeferredSource(sound, facts)

    def processor(self, effect: Effect, name: str) -> Processor:
        """The processor of an effect."""

        def facts_of(made: Processor) -> dict[str, Any]:
            return {
                "look_back": made.look_back,
                "fixed_until": fixed_until(made),
                "acts_from": acts_from(made),
            }

        sound, facts = self._deferred(effect, effect.prepare, name, facts_of)
        return DeferredProcessor(sound, facts, self._cache)

    def _deferred(
        self,
        table: Layer | Effect,
        prepare: Callable[[Scene, str], Made],
        name: str,
        facts_of: Callable[[Made], dict[str, Any]],
    ) -> tuple[Deferred[Made], dict[str, Any]]:
        scene = self._own.get(name, self._scene)
        asker = digest("sound", self._common, sound_key(table), name)
        known = self._cache.get(asker)
        if known is not None:
            key = self._key(scene, asker, known.note["questions"])
            facts = None if key is None else self._cache.get(key.whole)
            if key is not None and facts is not None:
                self.keys[name] = replace(key, fixed_until=facts.note["fixed_until"])
                return Deferred(key.whole, lambda: _prepared(prepare, scene, name)[0]), facts.note
        made, questions = _prepared(prepare, scene, name)
        key = None if questions is None else self._key(scene, asker, questions)
        if key is None:
            self.keys[name] = None
            return Deferred(None, lambda: made), facts_of(made)
        self.keys[name] = replace(key, fixed_until=fixed_until(made))
        self._cache.put(key.whole, note=facts_of(made))
        self._cache.put(asker, note={"questions": questions})
        return Deferred(key.whole, lambda: made), facts_of(made)

    def _key(self, scene: Scene, asker: str, questions: list[Question]) -> SoundKey | None:
        """The key of the output of a sound with these questions to `scene`; None if one has no answer."""
        try:
            answers = [
                answer(scene, self._stem_keys, self._treated_keys, question) for question in questions
            ]
        except (ValueError, KeyError, ModuleNotFoundError):  # the package of a head model is missing
            return None
        before = [without_end(*asked) for asked in zip(questions, answers, strict=True)]
        return SoundKey(digest(asker, questions, answers), digest(asker, questions, "before", before))


def fixed_until(made: Source | Processor) -> int | None:
    """The first sample of a prepared sound that depends on its end; None if the sound does not state it."""
    found = getattr(made, "fixed_until", None)
    return None if found is None else int(found)


def acts_from(made: Processor) -> int | None:
    """The first sample that an effect may change; None if the effect does not state it."""
    found = getattr(made, "acts_from", None)
    return None if found is None else int(found)


def _prepared(
    prepare: Callable[[Scene, str], Made], scene: Scene, name: str
) -> tuple[Made, list[Question] | None]:
    """A prepared sound and its questions to the scene, which is then closed; see `TracingScene.close`."""
    tracing = TracingScene(scene, name)
    made = prepare(cast(Scene, tracing), name)
    return made, tracing.close()


class Deferred(Generic[Made]):
    """A sound that is prepared once, at its first use; `key` as in `DeferredSounds.keys`."""

    def __init__(self, key: str | None, prepare: Callable[[], Made]) -> None:
        self.key = key
        self._prepare: Callable[[], Made] = prepare
        self._made: Made | None = None
        self._lock = threading.Lock()

    def made(self) -> Made:
        """The sound; other threads wait while the first prepares it. Raises the errors of its `prepare`."""
        with self._lock:
            if self._made is None:
                self._made = self._prepare()
            return self._made


class DeferredSource:
    """A source that is prepared only when a tile must be rendered. See `layers.base.Source`."""

    def __init__(self, sound: Deferred[Source], facts: dict[str, Any]) -> None:
        self._sound = sound
        self.span = Span(*facts["span"])
        self.channels: Literal[1, 2] = facts["channels"]

    def render(self, tile: Span) -> Samples:
        """See `Source.render`."""
        return self._sound.made().render(tile)


class DeferredProcessor:
    """A processor that is prepared only when a tile must be rendered. See `effects.base.Processor`."""

    def __init__(self, sound: Deferred[Processor], facts: dict[str, Any], cache: Cache) -> None:
        self._sound = sound
        self._cache = cache
        self.look_back = int(facts["look_back"])
        self.acts_from: int | None = facts["acts_from"]

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        return self._sound.made().process(name, window, tile)

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`."""
        if self._sound.key is None:
            return self._sound.made().active_span(span)
        key = digest(self._sound.key, "active_span", span.start, span.stop)
        entry = self._cache.get(key)
        if entry is not None:
            return Span(*entry.note["span"])
        after = self._sound.made().active_span(span)
        self._cache.put(key, note={"span": [after.start, after.stop]})
        return after
