"""A resolved preset as tables: every value with its origin and description, the cues, the changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from audio_pipeline.preset.document import Key
from audio_pipeline.preset.model import Preset
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.timecode import feet_and_frames
from audio_pipeline.units import Parameters

DEFAULT = "default"


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
    """A cue worked out: seconds, timecode, picture frame (from 0) and film length."""

    name: str
    text: str
    seconds: float
    timecode: str
    frame: int
    feet: str


def values_of(preset: Preset) -> list[Value]:
    """Every value of the preset, defaults included, in the order of the document."""
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
    tables: list[tuple[Key, Parameters]] = [
        ((), preset.head),
        (("picture",), preset.picture),
        (("leader",), preset.leader),
    ]
    sounds: list[tuple[Key, Parameters]] = [
        *((("layers", name), layer) for name, layer in preset.layers.items()),
        *((("effects", name), effect) for name, effect in preset.effects.items()),
    ]
    yield from _fields(tables)
    master = preset.master.model_dump(mode="json", exclude=preset.master.unused())
    yield from ((("master", name), value) for name, value in master.items())
    yield from ((("cues", name), str(moment)) for name, moment in preset.cues.items())
    yield from _fields(sounds)


def _fields(tables: Iterable[tuple[Key, Parameters]]) -> Iterator[tuple[Key, Any]]:
    for above, table in tables:
        for name, value in table.model_dump(mode="json").items():
            yield (*above, name), value


def _origin(preset: Preset, key: Key) -> str:
    return preset.document.origins.get(key, DEFAULT)


def flat(preset: Preset) -> dict[str, Any]:
    """The resolved preset as one flat dict, for reports: key → value as a preset writes it."""
    return {".".join(key): value for key, value in _values(preset)}


def overrides(preset: Preset, base: Preset) -> dict[str, Any]:
    """What the preset's own file changes: key → value; what merely follows from it is left out."""
    own = preset.document.origin(())
    return {
        key: here
        for key, (_, here) in differences(preset, base).items()
        if _origin(preset, tuple(key.split("."))) == own
    }


def differences(preset: Preset, base: Preset) -> dict[str, tuple[Any, Any]]:
    """What differs: key → (value in the base, value here); None where one lacks the key."""
    here, there = flat(preset), flat(base)
    keys = [*here, *(key for key in there if key not in here)]
    skipped = {"description", "title", "version", "reel", "language"}
    return {
        key: (there.get(key), here.get(key))
        for key in keys
        if there.get(key) != here.get(key) and key not in skipped
    }


def cue_times(preset: Preset, schedule: Schedule) -> list[CueTime]:
    """Every cue worked out, in the order of time."""
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
