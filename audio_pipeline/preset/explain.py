"""A resolved preset as tables: every value with its origin and description, the cues, the changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from audio_pipeline.preset.document import Key
from audio_pipeline.preset.model import Master, Preset
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Moment, Schedule
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.timecode import feet_and_frames
from audio_pipeline.units import Parameters

DEFAULT = "default"

NO_CHANGE = frozenset({"description", "title", "version", "reel", "language"})
"""Keys that name or describe a mix and do not change its samples."""


@dataclass(frozen=True)
class Value:
    """One value of a resolved preset: its key, the value as a preset writes it, its origin and description."""

    key: str
    value: Any
    origin: str
    description: str


@dataclass(frozen=True)
class Change:
    """One value that differs from the base, as a preset writes both; None where a key is missing."""

    key: str
    base: Any
    value: Any
    origin: str


@dataclass(frozen=True)
class CueTime:
    """A cue with its time: seconds, timecode, picture frame (from 0) and film length."""

    name: str
    text: str
    seconds: float
    timecode: str
    frame: int
    feet: str


def values_of(preset: Preset) -> list[Value]:
    """Every value of the preset, including defaults, in the order of the document."""
    return [
        Value(".".join(key), value, _origin(preset, key), _description(preset, key))
        for key, value in _values(preset)
    ]


def changes_of(preset: Preset, base: Preset) -> list[Change]:
    """The values of `preset` that differ from those of `base`, in the order of the document."""
    return [
        Change(key, before, after, _origin(preset, tuple(key.split("."))))
        for key, (before, after) in differences(preset, base).items()
    ]


def _description(preset: Preset, key: Key) -> str:
    tables: dict[Key, Parameters] = {
        (): preset.head,
        ("picture",): preset.picture,
        ("leader",): preset.leader,
        ("master",): preset.master,
        **{("layers", name): layer for name, layer in preset.layers.items()},
        **{("effects", name): effect for name, effect in preset.effects.items()},
    }
    table = tables.get(key[:-1])
    field = None if table is None else type(table).model_fields.get(key[-1])
    return (field.description or "") if field is not None else ""


def _values(preset: Preset) -> Iterator[tuple[Key, Any]]:
    for above, table in tables_of(preset):
        for name, value in fields_of(table).items():
            yield (*above, name), value


AnyTable = Parameters | Mapping[str, Moment]
"""A table of a preset, or its cues."""


def tables_of(preset: Preset) -> Iterator[tuple[Key, AnyTable]]:
    """Every table of the preset with its key, in the order of the document."""
    yield (), preset.head
    yield ("picture",), preset.picture
    yield ("leader",), preset.leader
    yield ("master",), preset.master
    yield ("cues",), preset.cues
    for name, layer in preset.layers.items():
        yield ("layers", name), layer
    for name, effect in preset.effects.items():
        yield ("effects", name), effect


def fields_of(table: AnyTable) -> dict[str, Any]:
    """The values of one table as a preset writes them, without unused ones."""
    if isinstance(table, Mapping):
        return {name: str(moment) for name, moment in table.items()}
    unused = table.unused() if isinstance(table, Master) else None
    return table.model_dump(mode="json", exclude=unused)


def _origin(preset: Preset, key: Key) -> str:
    return preset.document.origins.get(key, DEFAULT)


def flat(preset: Preset) -> dict[str, Any]:
    """The resolved preset as one flat dict, for reports: key → value as a preset writes it."""
    return {".".join(key): value for key, value in _values(preset)}


def value_at(
    preset: Preset, key: str, fields: Callable[[AnyTable], Mapping[str, Any]] = fields_of
) -> Any:
    """The value at a key of `flat`, without computing the others. Raises KeyError for an unknown key.

    `fields` may be a function that caches the fields of tables that many presets share.
    """
    *above, name = key.split(".")
    return fields(table_at(preset, tuple(above)))[name]


def table_at(preset: Preset, key: Key) -> AnyTable:
    """The table of the preset at a key. Raises KeyError for an unknown key."""
    match key:
        case ():
            return preset.head
        case ("picture",):
            return preset.picture
        case ("leader",):
            return preset.leader
        case ("master",):
            return preset.master
        case ("cues",):
            return preset.cues
        case ("layers", name):
            return preset.layers[name]
        case ("effects", name):
            return preset.effects[name]
    raise KeyError(".".join(key))


def values_below(preset: Preset, key: str) -> dict[str, Any]:
    """The values of `flat` at the key itself and below it, without computing the others."""
    place = tuple(key.split("."))
    tables = [
        (above, table)
        for above, table in tables_of(preset)
        if above == place[: len(above)] or above[: len(place)] == place
    ]
    values = {
        ".".join((*above, name)): value
        for above, table in tables
        for name, value in fields_of(table).items()
    }
    return {k: value for k, value in values.items() if k == key or k.startswith(f"{key}.")}


def overrides(preset: Preset, base: Preset) -> dict[str, Any]:
    """The changes in the preset's own file: key → value; values that only depend on them are left out."""
    own = preset.document.origin(())
    return {
        key: here
        for key, (_, here) in differences(preset, base).items()
        if _origin(preset, tuple(key.split("."))) == own
    }


def differences(preset: Preset, base: Preset) -> dict[str, tuple[Any, Any]]:
    """The differences from the base: key → (base value, preset value); None where a key is missing."""
    here, there = flat(preset), flat(base)
    keys = [*here, *(key for key in there if key not in here)]
    return {
        key: (there.get(key), here.get(key))
        for key in keys
        if there.get(key) != here.get(key) and key not in NO_CHANGE
    }


def cue_times(preset: Preset, schedule: Schedule) -> list[CueTime]:
    """Every cue with its time, in order of time."""
    rows = []
    for name, moment in preset.cues.items():
        at, rate = schedule.named(name), preset.sample_rate_hz
        frame = schedule.clock.frame_of_sample(to_samples(at, rate), rate)
        rows.append(
            CueTime(
                name,
                str(moment),
                float(at),
                schedule.clock.timecode_of_sample(to_samples(at, rate), rate),
                frame,
                feet_and_frames(frame, preset.picture.gauge),
            )
        )
    return sorted(rows, key=lambda row: row.seconds)
