"""What a sound was asked to make before need not be made again: sounds that remember, by a cache.

What a sound comes to depends on its parameters, its name, and what it asked of the scene while it was
prepared. So the scene it is given writes down every question and its answer, and parameters, name,
questions and answers together are the key of what it makes. No sound declares what it depends on; a
sound that asks nothing about the dropout does not change with it.

The questions are kept too. Where a scene gives the same answers to the same questions, the sound would
prepare itself in the same way, and that is put off until a tile is asked for that is not kept.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

import numpy as np
from pydantic import BaseModel

from audio_pipeline import __version__
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.placement import Placer
from audio_pipeline.effects.base import Effect, Processor, Strip
from audio_pipeline.layers.base import Layer, Source
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.timeline.moments import Moment
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span

SOUNDING = ("dsp", "timeline", "layers", "effects", "audio_files", "loudness", "preset", "report")
"""The folders of the program that a render depends on; the modules beside them count, too."""

_SUFFIXES = (".py", ".toml", ".json", ".js", ".css")

Question = list[Any]
StemKeys = Mapping[StemRequest, str]
"""For each stem the key of its conditioned samples."""


@lru_cache(maxsize=1)
def program_key() -> str:
    """What the bits of a render owe to the program, the build of NumPy and the kind of processor."""
    package = str(Path(__file__).parent)
    sources = hashlib.blake2b(digest_size=20)
    for folder, inner, names in os.walk(package):
        inner[:] = sorted(name for name in inner if folder != package or name in SOUNDING)
        for name in sorted(names):
            if name.endswith(_SUFFIXES):
                with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - a third of the time
                    source = file.read()
                sources.update(f"{folder.removeprefix(package)}/{name} {len(source)}\n".encode())
                sources.update(source)
    core: Any = getattr(np, "_core", None)
    features = getattr(getattr(core, "_multiarray_umath", None), "__cpu_features__", {})
    return digest(__version__, sources.hexdigest(), np.__version__, platform.machine(), dict(features))


def exact(value: object) -> Any:
    """A parameter as JSON that tells any two values apart; a table becomes its fields.

    Raises TypeError for a type that no parameter has.
    """
    if isinstance(value, BaseModel):
        return {name: exact(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Moment):
        return ["moment", value.text, exact(value.choices)]
    if isinstance(value, Mapping):
        return {str(name): exact(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [exact(item) for item in value]
    if isinstance(value, float):
        return ["float", value.hex()]
    if value is None or isinstance(value, str | bool | int):
        return value
    raise TypeError(f"{type(value).__name__} cannot be part of a key")


class TracingScene:
    """Stands in for a scene and writes down what it is asked; rate, seed and clock are in every key.

    It has exactly the members of `Scene`, so that a sound can ask nothing that is not noticed.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._asked: list[Question] = []
        self._closed = False
        self.untracked = False
        """Whether something was asked that the key does not know of."""

    def close(self) -> list[Question]:
        """What was asked so far. A new question from now on is too late."""
        self._closed = True
        return self._asked

    def note(self, *question: Any) -> None:
        """Write a question down."""
        if list(question) not in self._asked:
            if self._closed:
                self.untracked = True
            else:
                self._asked.append(list(question))

    sample_rate = property(lambda self: self._scene.sample_rate)
    seed = property(lambda self: self._scene.seed)
    clock = property(lambda self: self._scene.clock)

    def samples(self, duration: Moment) -> int:
        return self._scene.samples(duration)

    def seconds(self, duration: Moment) -> float:
        return self._scene.seconds(duration)

    def at(self, moment: Moment) -> int:
        self.note("at", moment.text, [[list(term) for term in choice] for choice in moment.choices])
        return self._scene.at(moment)

    def cue(self, name: str) -> int:
        self.note("cue", name)
        return self._scene.cue(name)

    def placer(
        self, law_db: float, *, from_behind: bool = False, nearest_m: float | None = None
    ) -> Placer:
        self.note("ears")
        return self._scene.placer(law_db, from_behind=from_behind, nearest_m=nearest_m)

    @property
    def programme(self) -> Span:
        self.note("programme")
        return self._scene.programme

    @property
    def speech(self) -> tuple[Span, ...]:
        self.note("speech")
        return self._scene.speech

    @property
    def listening(self) -> str:
        self.note("ears")
        return self._scene.listening

    @property
    def head(self) -> str:
        self.note("ears")
        return self._scene.head

    @property
    def stems(self) -> Mapping[StemRequest, Samples]:
        return TracingStems(self, self._scene.stems)

    @property
    def schedule(self) -> Any:
        self.untracked = True  # whoever holds it may ask anything
        return self._scene.schedule


class TracingStems(Mapping[StemRequest, Samples]):
    def __init__(self, witness: TracingScene, stems: Mapping[StemRequest, Samples]) -> None:
        self._witness = witness
        self._stems = stems

    def __getitem__(self, request: StemRequest) -> Samples:
        level = None if request.level_lufs is None else request.level_lufs.hex()
        self._witness.note("stem", request.path, request.channels, level)
        return self._stems[request]

    def __iter__(self) -> Iterator[StemRequest]:
        self._witness.untracked = True
        return iter(self._stems)

    def __len__(self) -> int:
        self._witness.untracked = True
        return len(self._stems)


def _answer(scene: Scene, stem_keys: StemKeys, question: Question) -> Any:
    match question:
        case ["at", text, choices]:
            terms = tuple(tuple((sign, atom) for sign, atom in choice) for choice in choices)
            return scene.at(Moment(text, terms))
        case ["cue", name]:
            return scene.cue(name)
        case ["programme"]:
            return [scene.programme.start, scene.programme.stop]
        case ["speech"]:
            return [[span.start, span.stop] for span in scene.speech]
        case ["ears"]:
            return ears_key(scene)
        case ["stem", path, channels, level]:
            request = StemRequest(path, channels, None if level is None else float.fromhex(level))
            return stem_keys[request]
    raise ValueError(f"nobody asks {question!r}")


def ears_key(scene: Scene) -> list[str]:
    """What decides how a scene is heard."""
    if scene.listening == "speakers" or scene.head == "sphere":
        return [scene.listening, scene.head, ""]
    from importlib.metadata import version  # it takes a mail reader along

    return [scene.listening, scene.head, version("slab")]


Made = TypeVar("Made", Source, Processor)


class DeferredSound(Generic[Made]):
    """A sound that is prepared when it is needed, and the key of what it makes."""

    def __init__(self, key: str, witness: TracingScene, prepare: Callable[[], Made]) -> None:
        self.key = key
        self.witness = witness
        self._prepare: Callable[[], Made] = prepare
        self._made: Made | None = None
        self._lock = threading.Lock()

    def made(self) -> Made:
        with self._lock:
            if self._made is None:
                self._made = self._prepare()
                self.witness.close()
            return self._made


class MemoSource:
    """A source whose tiles are kept. See `layers.base.Source`."""

    def __init__(
        self, recall: Memo, sound: DeferredSound[Source], facts: dict[str, Any], keep: bool
    ) -> None:
        self._recall = recall
        self._sound = sound
        self._keep = keep
        self.span = Span(*facts["span"])
        self.channels: Literal[1, 2] = facts["channels"]

    def render(self, tile: Span) -> Samples:
        """See `Source.render`."""
        if not self._keep or self._sound.witness.untracked:
            return self._sound.made().render(tile)
        key = digest(self._sound.key, tile.start)
        entry = self._recall.cache.get(key)
        if entry is not None and entry.parts[0] is not None:
            return entry.parts[0]
        samples = self._sound.made().render(tile)
        if not self._sound.witness.untracked:
            self._recall.cache.put(key, (samples,))
        return samples


class MemoProcessor:
    """A processor that is prepared only when something must be made. See `effects.base.Processor`."""

    def __init__(self, recall: Memo, sound: DeferredSound[Processor], facts: dict[str, Any]) -> None:
        self._recall = recall
        self._sound = sound
        self.look_back = int(facts["look_back"])

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        """See `Processor.process`."""
        return self._sound.made().process(name, window, tile)

    def active_span(self, span: Span) -> Span:
        """See `Processor.active_span`."""
        key = digest(self._sound.key, "sounding", span.start, span.stop)
        entry = self._recall.cache.get(key)
        if entry is not None:
            return Span(*entry.note["span"])
        after = self._sound.made().active_span(span)
        if not self._sound.witness.untracked:
            self._recall.cache.put(key, note={"span": [after.start, after.stop]})
        return after


class Memo:
    """Prepares sounds so that they remember what they have made before, in `cache`."""

    def __init__(self, cache: Cache, scene: Scene, stem_keys: StemKeys) -> None:
        self.cache = cache
        self._scene = scene
        self._stem_keys = stem_keys
        clock = scene.clock
        self._common = [
            program_key(),
            scene.sample_rate,
            scene.seed,
            [clock.rate.name, clock.gauge, clock.start_frame],
        ]
        self._sounds: dict[str, DeferredSound[Any]] = {}

    def source(self, layer: Layer, name: str) -> Source:
        """The source of a layer. A recording is not kept again: its stem is."""
        sound, facts = self._sound(
            layer,
            name,
            lambda source: {"span": [source.span.start, source.span.stop], "channels": source.channels},
        )
        return MemoSource(self, sound, facts, keep=not layer.stems())

    def processor(self, effect: Effect, name: str) -> Processor:
        """The processor of an effect."""
        sound, facts = self._sound(effect, name, lambda made: {"look_back": made.look_back})
        return MemoProcessor(self, sound, facts)

    def strip(self, about: object, names: list[str], index: int, make: Callable[[], Strip]) -> Strip:
        """The strip that `make` makes of the sounds called `names` for tile `index`; `about` is JSON
        that tells what is done to them."""
        sounds = [self._sounds[name] for name in names]
        if any(sound.witness.untracked for sound in sounds):
            return make()
        key = digest("strip", ears_key(self._scene), about, [sound.key for sound in sounds], index)
        entry = self.cache.get(key)
        if entry is not None and len(entry.parts) == 4:
            mono, stereo, *sends = entry.parts
            return Strip(mono, stereo, *(None if s is None else s.astype(np.float32) for s in sends))
        strip = make()
        if not any(sound.witness.untracked for sound in sounds):
            parts = strip.parts()
            self.cache.put(key, [None if p is None else p.astype(np.float64, copy=False) for p in parts])
        return strip

    def keys(self) -> dict[str, str]:
        """The key of what each sound makes, by its name."""
        return {name: sound.key for name, sound in self._sounds.items()}

    def forgotten(self) -> list[str]:
        """The sounds that asked something after they were prepared: nothing of them is kept."""
        return [name for name, sound in self._sounds.items() if sound.witness.untracked]

    def _sound(
        self, table: Layer | Effect, name: str, tell: Callable[[Any], dict[str, Any]]
    ) -> tuple[DeferredSound[Any], dict[str, Any]]:
        asker = digest("sound", self._common, type(table).__name__, exact(table), name)
        witness = TracingScene(self._scene)

        def prepare() -> Any:
            return table.prepare(cast(Scene, witness), name)

        known = self.cache.get(asker)
        if known is not None:
            key = self._key(asker, known.note["questions"])
            facts = None if key is None else self.cache.get(key)
            if key is not None and facts is not None:
                self._sounds[name] = DeferredSound(key, witness, prepare)
                return self._sounds[name], facts.note
        made = prepare()
        questions = witness.close()
        key = self._key(asker, questions)
        told = tell(made)
        if key is None:
            witness.untracked = True
        elif not witness.untracked:
            self.cache.put(key, note=told)
            self.cache.put(asker, note={"questions": questions})
        self._sounds[name] = DeferredSound(key or "", witness, lambda: made)
        return self._sounds[name], told

    def _key(self, asker: str, questions: list[Question]) -> str | None:
        """The key of what a sound makes, when it asks these questions here; None when it cannot."""
        try:
            answers = [_answer(self._scene, self._stem_keys, question) for question in questions]
        except (ValueError, KeyError):
            return None
        return digest(asker, questions, answers)
