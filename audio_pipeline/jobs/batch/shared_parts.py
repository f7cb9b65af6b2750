"""What the mixes of a batch have in common, worked out once.

Mixes of one base differ in a few values; the tables that they share are the same objects, so that what follows
from a table is kept by the object. Planning then costs what is new in a mix, and a look at each of its sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar

from audio_pipeline.memo.keys import exact
from audio_pipeline.memo.store import digest
from audio_pipeline.preset.document import Document
from audio_pipeline.preset.explain import fields_of
from audio_pipeline.preset.model import Known, Preset, build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule, stated_length_s
from audio_pipeline.preset.timing import Checked
from audio_pipeline.timeline.moments import Moment, Schedule
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.units import Parameters

_NO_CHANGE = ("description", "title", "version")
"""What names a preset and does not change how it sounds."""

T = TypeVar("T")
Sounds = Mapping[str, Parameters]


class _ByObject(Generic[T]):
    """A value for each object, made when it is first asked for; the object is kept with it."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._kept: dict[int, tuple[object, T]] = {}

    def __call__(self, thing: object) -> T:
        kept = self._kept.get(id(thing))
        if kept is None:
            kept = self._kept[id(thing)] = (thing, self._make(thing))
        return kept[1]


@dataclass(frozen=True, eq=False)
class Layered(Mapping[str, Any]):
    """Several mappings as one, their keys in order; mixes share most of them."""

    parts: tuple[Mapping[str, Any], ...]

    def __getitem__(self, key: str) -> Any:
        for part in self.parts:
            if key in part:
                return part[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self.parts)

    def __len__(self) -> int:
        return sum(map(len, self.parts))


class SharedParts:
    """What was worked out for one mix and holds for others, too."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: Known = {}
        self._checked = Checked()
        self._lengths: dict[tuple[Path, int], Fraction] = {}
        self._exact = _ByObject(lambda sound: digest(exact(sound)))
        self._times = _ByObject(_moments_of)
        self._fields = _ByObject(fields_of)
        self._differences: dict[tuple[str, int, int], dict[str, Any]] = {}
        self._bases = _ByObject(lambda document: build_preset(document, self._known))
        self._families: dict[tuple[Any, ...], str] = {}
        self._contexts: dict[tuple[Any, ...], dict[tuple[str, int], str]] = {}
        self._frozen: dict[frozenset[str], frozenset[str]] = {}

    def preset(self, document: Document) -> Preset:
        """As `build_preset`."""
        return build_preset(document, self._known)

    def schedule(self, preset: Preset) -> Schedule:
        """As `planned_schedule`; the head of a file is read once."""
        return planned_schedule(self._project, preset, {}, self._length_s, self._checked)

    def overrides(self, preset: Preset, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What differs from the preset's base, key → value here, and after it what of `values` does not."""
        parts: list[Mapping[str, Any]] = []
        if preset.document.base is not None:
            base = self._bases(preset.document.base)
            cues = {
                f"cues.{name}": now
                for name, moment in preset.cues.items()
                if (now := str(moment)) != (str(base.cues[name]) if name in base.cues else None)
            }
            parts += [self._changes(*tables) for tables in _tables(preset, base)]
            parts += [cues, *(self._changes(*sounds) for sounds in _pairs(preset, base))]
        found = Layered(tuple(filter(None, parts)))
        more = {key: value for key, value in values.items() if key not in found}
        return Layered((*found.parts, more)) if more else found

    def _changes(self, prefix: str, here: Parameters, there: Parameters | None) -> dict[str, Any]:
        place = (prefix, id(here), id(there))
        part = self._differences.get(place)
        if part is None:
            before = {} if there is None else self._fields(there)
            part = self._differences[place] = {
                f"{prefix}{name}": value
                for name, value in self._fields(here).items()
                if value is not None and before.get(name) != value
                if prefix or name not in _NO_CHANGE
            }
        return part

    def family(self, preset: Preset, sounding: Sounds) -> str:
        """What costs most in a mix: all but its cues, its dropouts and its master."""
        costly = [(n, s) for n, s in sounding.items() if getattr(s, "kind", "") != "dropout"]
        head = preset.head
        key = (preset.sample_rate_hz, head.seed, head.listening, head.head, *[id(s) for _, s in costly])
        if key not in self._families:
            self._families[key] = digest(*key[:4], {n: self._exact(s) for n, s in costly})
        return self._families[key]

    def sounds(self, preset: Preset, sounding: Sounds, schedule: Schedule) -> frozenset[str]:
        """A key for every sound that is on: its parameters, and when its times come to."""
        rate, head = preset.sample_rate_hz, preset.head
        context = (rate, head.seed, head.listening, head.head, *self._checked.named(preset, schedule))
        known = self._contexts.setdefault(context, {})
        keys = []
        for name, sound in sounding.items():
            place = (name, id(sound))
            key = known.get(place)
            if key is None:
                times = [to_samples(schedule.seconds(moment), rate) for moment in self._times(sound)]
                key = digest(name, self._exact(sound), times, *context[:4])
                known[place] = key
            keys.append(key)
        found = frozenset(keys)
        return self._frozen.setdefault(found, found)

    def _length_s(self, path: Path, sample_rate_hz: int) -> Fraction:
        key = (path, sample_rate_hz)
        if key not in self._lengths:
            self._lengths[key] = stated_length_s(path, sample_rate_hz)
        return self._lengths[key]


def _moments_of(sound: Parameters) -> tuple[Moment, ...]:
    values = (getattr(sound, key) for key in type(sound).model_fields)
    return tuple(value for value in values if isinstance(value, Moment))


def _tables(preset: Preset, base: Preset) -> Iterable[tuple[str, Parameters, Parameters]]:
    """Each table that every preset has with the base's, and what its keys begin with."""
    yield "", preset.head, base.head
    yield "picture.", preset.picture, base.picture
    yield "master.", preset.master, base.master


def _pairs(preset: Preset, base: Preset) -> Iterable[tuple[str, Parameters, Parameters | None]]:
    """Each sound of the preset with the base's, and what its keys begin with."""
    for name, layer in preset.layers.items():
        yield f"layers.{name}.", layer, base.layers.get(name)
    for name, effect in preset.effects.items():
        yield f"effects.{name}.", effect, base.effects.get(name)
