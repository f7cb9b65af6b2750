"""The values of many presets that share most of their tables; each table is flattened and compared once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Generic, TypeVar

from audio_pipeline.errors import encodable_texts
from audio_pipeline.preset.document import Key
from audio_pipeline.preset.explain import NO_CHANGE, AnyTable, fields_of, tables_of, value_at
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.values import rounded

T = TypeVar("T")
Values = Mapping[str, Any]
Tables = Mapping[Key, Values]
"""The fields of every table of a preset, by the table's key."""

_NONE: Values = {}


class ByObject(Generic[T]):
    """A cache of one value per object, computed at first use.

    The object is stored with its value, so that its `id` stays unique.
    """

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
    """Several mappings as one, with their keys in order; mixes share most of the mappings."""

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


class SharedValues:
    """The values of `explain.flat` and their differences, without flattening shared tables again.

    Tables are compared by the identity of their fields: the fields of a shared table are one object.
    """

    def __init__(self) -> None:
        self.fields = ByObject(fields_of)
        self._tables_by_key = ByObject(lambda preset: dict(tables_of(preset)))
        self._as_reported = ByObject(lambda fields: encodable_texts(rounded(fields)))
        self._tables_of_report = ByObject(_grouped)
        self._alike: dict[tuple[int, int], tuple[Values, Values, bool]] = {}
        self._changes: dict[tuple[Key, int, int], tuple[AnyTable, AnyTable | None, Values]] = {}
        self._texts: dict[tuple[Key, str], int] = {}
        self._numbers = ByObject(repr)

    def tables(self, preset: Preset) -> Tables:
        """The fields of every table of the preset, in the order of `flat`."""
        return {key: self.fields(table) for key, table in tables_of(preset)}

    def unlike(self, there: Preset, here: Preset) -> tuple[Values, Values]:
        """The `flat` values of two presets in the tables that differ, in the order of `flat`."""
        others, own = self._tables_by_key(there), dict(tables_of(here))
        keys = [key for key, table in own.items() if table is not others.get(key)]
        keys += [key for key in others if key not in own]
        return self._unlike(
            {key: self.fields(others[key]) for key in keys if key in others},
            {key: self.fields(own[key]) for key in keys if key in own},
        )

    def unlike_report(self, values: Values, here: Preset) -> tuple[Values, Values]:
        """As `unlike`, for the values of a report and a preset's values in the report's form."""
        own = {key: self._as_reported(fields) for key, fields in self.tables(here).items()}
        return self._unlike(self._tables_of_report(values), own)

    def changes(self, here: Preset, base: Preset) -> Layered:
        """Key → value of all values that differ from the base, as `explain.differences` returns them."""
        before = self._tables_by_key(base)
        parts = (
            self._changes_of(key, table, before.get(key))
            for key, table in tables_of(here)
            if table is not before.get(key)
        )
        return Layered(tuple(filter(None, parts)))

    def value_at(self, preset: Preset, key: str, default: Any) -> Any:
        """The value at a key of `flat`; the default for an unknown key."""
        try:
            return value_at(preset, key, self.fields)
        except KeyError:
            return default

    def number(self, key: Key, fields: Values) -> int:
        """A number for the fields of the table at `key`, equal for equal fields."""
        return self._texts.setdefault((key, self._numbers(fields)), len(self._texts))

    def _unlike(self, there: Tables, here: Tables) -> tuple[Values, Values]:
        keys = [
            *(key for key, fields in here.items() if not self._are_alike(there.get(key, _NONE), fields)),
            *(key for key in there if key not in here),
        ]
        return _flat(there, keys), _flat(here, keys)

    def _are_alike(self, one: Values, other: Values) -> bool:
        if one is other:
            return True
        place = (id(one), id(other))
        if place not in self._alike:
            self._alike[place] = (one, other, one == other)
        return self._alike[place][2]

    def _changes_of(self, key: Key, here: AnyTable, base: AnyTable | None) -> Values:
        place = (key, id(here), id(base))
        if (known := self._changes.get(place)) is not None:
            return known[2]
        before = _NONE if base is None else self.fields(base)
        found = {
            ".".join((*key, name)): value
            for name, value in self.fields(here).items()
            if value is not None and before.get(name) != value and (key or name not in NO_CHANGE)
        }
        self._changes[place] = (here, base, found)
        return found


def _grouped(values: Values) -> Tables:
    """Flat values grouped by table."""
    tables: dict[Key, dict[str, Any]] = {}
    for key, value in values.items():
        *above, name = key.split(".")
        tables.setdefault(tuple(above), {})[name] = value
    return tables


def _flat(tables: Tables, keys: list[Key]) -> Values:
    return {
        ".".join((*key, name)): value for key in keys for name, value in tables.get(key, _NONE).items()
    }
