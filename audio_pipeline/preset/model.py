"""The checked preset: frozen, with valid values and known kinds of layers and effects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticUndefined

from audio_pipeline.effects.base import Effect
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Bus, Layer
from audio_pipeline.preset.base_values import WORD, BaseValueError, Relative, steps_of, worked_out
from audio_pipeline.preset.complaints import (
    complain,
    dotted,
    from_validation,
    shown_value,
    unknown_key,
)
from audio_pipeline.preset.document import Document, Key, Table
from audio_pipeline.preset.registry import EFFECTS, LAYERS, AnySound, Registry
from audio_pipeline.preset.retired_values import refuse_retired_values
from audio_pipeline.records import dataclass
from audio_pipeline.suggestions import did_you_mean
from audio_pipeline.timeline.moments import Clock, Moment, parse_duration, parse_moment
from audio_pipeline.timeline.rate_names import PATTERN, rate_named
from audio_pipeline.timeline.scene import Listening
from audio_pipeline.timeline.timecode import RATES, Gauge
from audio_pipeline.units import Between, Dbtp, Duration, List, Lufs, Parameters, Steps

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MAX_SOUNDS = 200
MAX_CUES = 1000

AnyParameters = TypeVar("AnyParameters", bound=Parameters)
T = TypeVar("T")


def _known_rate(value: object) -> object:
    """The name of the rate that `value` means; any other value unchanged, for the error message."""
    if not isinstance(value, str | int | float):
        return value
    try:
        return rate_named(value).name
    except ValueError:
        return f"{value:g}" if isinstance(value, int | float) else value


RateName = Annotated[
    Literal[
        "23.976",
        "24",
        "25",
        "29.97df",
        "29.97",
        "30",
        "48",
        "50",
        "59.94df",
        "59.94",
        "60",
    ],
    BeforeValidator(_known_rate),
    WithJsonSchema(
        {"anyOf": [{"enum": list(RATES)}, {"type": "string", "pattern": PATTERN}, {"type": "number"}]}
    ),
]

HEADS = ("sphere", "kemar")
"""The built-in head models; any other is a SOFA file."""


def _known_head(value: str) -> str:
    if value not in HEADS and not value.lower().endswith(".sofa"):
        meant = did_you_mean(value, HEADS, "{} ")
        raise ValueError(
            f'{value!r} is not a known head; {meant}write "sphere", "kemar" or the path of a SOFA file in the '
            'project, like "heads/mine.sofa"'
        )
    return value


HeadName = Annotated[
    str,
    AfterValidator(_known_head),
    WithJsonSchema(
        {"anyOf": [{"enum": list(HEADS)}, {"type": "string", "pattern": r"\.[sS][oO][fF][aA]$"}]}
    ),
]


class Picture(Parameters):
    """The parameters of the picture."""

    rate: RateName = Field(
        "24", description="picture frames a second; 29.97df and 59.94df are drop frame"
    )
    start: str = Field("01:00:00:00", description="the timecode of the first frame")
    gauge: Gauge = Field("35mm", description="film gauge for feet+frames")
    snap: bool = Field(True, description="whether cues are moved to the nearest frame")

    def clock(self) -> Clock:
        """The picture's clock. Raises ValueError for an invalid start timecode."""
        rate = RATES[self.rate]
        return Clock(rate, self.gauge, rate.frame(self.start))


class Master(Parameters):
    """The parameters of the master."""

    delivery: str = Field(
        "netflix-nearfield", description="the delivery that the mix is checked against"
    )
    dialogue: Lufs = Field(-27.0, description="loudness of the bus DX; FX and BG are not changed")
    anchor: Literal["dialogue", "programme"] = Field(
        "dialogue",
        description="what the delivery measures: dialogue, or programme (one more gain for all buses)",
    )
    target: Lufs = Field(
        -27.0, description='loudness of the whole programme; only with anchor = "programme"'
    )
    ceiling: Dbtp = Field(-2.0, description="maximum true peak")
    look_ahead: Annotated[Duration, Between("0.1ms", "100ms")] = Field(
        parse_duration("5ms"), description="look-ahead of the ceiling: half its window"
    )
    buses: List[Bus] = Field(
        ("DX", "FX", "BG"), min_length=1, description="buses in the master; all are measured"
    )
    bits: Literal[16, 24] = Field(24, description="bits per sample of the file")

    @property
    def anchor_lufs(self) -> float:
        """The target loudness of the anchor."""
        return float(self.dialogue if self.anchor == "dialogue" else self.target)

    def unused(self) -> set[str]:
        """The keys that are unused with the other values."""
        return {"target"} if self.anchor == "dialogue" else set()


class Leader(Parameters):
    """The leader before and after the programme, for sync with the picture."""

    on: bool = Field(True, description="whether the files have a leader")
    two_pop: bool = Field(True, description="one frame of 1 kHz, 2 s of timecode before the start")
    tail_pop: bool = Field(True, description="one frame of 1 kHz, 2 s of timecode after the end")


ReelName = Annotated[
    str,
    BeforeValidator(
        lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    ),
    Field(max_length=40),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 40}, {"type": "integer"}]}),
]


class Head(Parameters):
    """The keys outside all tables."""

    title: str = Field("Untitled", max_length=200, description="the film's title")
    version: str = Field("v1", max_length=40, description="version of the mix, for file names")
    reel: ReelName = Field("", description="reel of the film, for file names")
    language: str = Field(
        "", max_length=40, description="language of the voices, for file names; a batch sets it"
    )
    description: str = Field("", max_length=400, description="purpose of the mix, in one sentence")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="seed of all noise")
    sample_rate: Literal["48 kHz", "96 kHz"] = Field("48 kHz", description="sample rate of the master")
    listening: Listening = Field("speakers", description="speakers or headphones")
    head: HeadName = Field(
        "sphere",
        max_length=4096,
        description="head model for headphones: sphere, kemar or a SOFA file (needs the extra [sofa])",
    )


@dataclass(frozen=True)
class Preset:
    """All values of one mix. `layers` and `effects` hold all tables, including those that are off."""

    name: str
    head: Head
    picture: Picture
    master: Master
    leader: Leader
    cues: Mapping[str, Moment]
    layers: Mapping[str, Layer]
    effects: Mapping[str, Effect]
    document: Document

    @property
    def sample_rate_hz(self) -> int:
        """The sample rate, Hz."""
        return {"48 kHz": 48_000, "96 kHz": 96_000}[self.head.sample_rate]

    def playing(self) -> dict[str, Layer]:
        """The layers that are on, in order of their names, so that sums have one order."""
        return {name: layer for name, layer in sorted(self.layers.items()) if layer.on}

    def working(self) -> dict[str, Effect]:
        """The effects of the console that are on, in processing order."""
        return {name: effect for name, effect in self._on() if effect.stage != "stem"}

    def treating(self) -> dict[str, Effect]:
        """The effects on complete stems that are on, in processing order."""
        return {name: effect for name, effect in self._on() if effect.stage == "stem"}

    def _on(self) -> list[tuple[str, Effect]]:
        effects = sorted(self.effects.items(), key=lambda item: (item[1].order, item[0]))
        return [(name, effect) for name, effect in effects if effect.on]


Known = dict[tuple[str, str, int], tuple[Table, Any]]
"""Checked tables with their results, by table, name and identity.

Documents that differ in one value share all their other tables.
"""


def build_preset(document: Document, shared: Known | None = None) -> Preset:
    """The preset of a document, with every value checked. Raises PresetError for the first invalid value.

    `shared` is for many documents of one base: shared tables are checked once. New tables are added to
    it.
    """
    shared = {} if shared is None else shared
    table = document.table
    shelves = {"picture", "master", "leader", "cues", "layers", "effects"}
    known = {*Head.model_fields, *shelves, "extends"}
    for name in table:
        if name not in known:
            raise unknown_key(document, (name,), known)
    refuse_retired_values(document)
    head = _checked(document, (), {k: v for k, v in table.items() if k not in shelves}, Head)
    picture = _once(shared, document, "picture", _picture)
    preset = Preset(
        document.name,
        head,
        picture,
        _once(shared, document, "master", _master),
        _checked(document, ("leader",), {"on": "leader" in table} | _table(document, "leader"), Leader),
        _once(shared, document, "cues", _cues),
        _sounds(document, LAYERS, shared),
        _sounds(document, EFFECTS, shared),
        document,
    )
    for name in preset.layers.keys() & preset.effects.keys():
        raise complain(document, ("effects", name), "has the name of a layer; choose another")
    _check_references(preset)
    return preset


def _once(shared: Known, document: Document, name: str, make: Callable[[Document], T]) -> T:
    """The result of `make` for the table `name`, from `shared` if an earlier document has the same table."""
    table = _table(document, name)
    place = (name, "", id(table))
    if place not in shared:
        shared[place] = (table, make(document))
    made: T = shared[place][1]
    return made


def _picture(document: Document) -> Picture:
    picture = _checked(document, ("picture",), _table(document, "picture"), Picture)
    try:
        picture.clock()
    except ValueError as error:
        raise complain(document, ("picture", "start"), f"is wrong: {error}") from error
    return picture


def _master(document: Document) -> Master:
    return _checked(document, ("master",), _table(document, "master"), Master)


def _checked(document: Document, key: Key, table: Table, cls: type[AnyParameters]) -> AnyParameters:
    for name, value in table.items():
        if isinstance(value, Relative):
            field = cls.model_fields.get(name)
            steps, default = (None, None) if field is None else (steps_of(field), field.default)
            table = {**table, name: _from_base(document, (*key, name), value, steps, default)}
    try:
        return cls.model_validate(table)
    except ValidationError as error:
        allowed = [field.alias or name for name, field in cls.model_fields.items()]
        raise from_validation(document, key, error, allowed) from error


def _from_base(document: Document, key: Key, value: Relative, steps: Steps | None, default: Any) -> Any:
    try:
        return worked_out(value, steps, default)
    except BaseValueError as error:
        raise PresetError(f"{error.origin}: {dotted(key)} is wrong: {error}", hint=error.hint) from error


def _table(document: Document, *key: str) -> Table:
    value: Any = document.table
    for name in key:
        value = value.get(name, {})
    if not isinstance(value, dict):
        raise complain(document, key, f"is {shown_value(value)}; it must be a table, [{'.'.join(key)}]")
    return value


def _cues(document: Document) -> dict[str, Moment]:
    cues: dict[str, Moment] = {"start": parse_moment("0s")}
    table = _table(document, "cues")
    if len(table) > MAX_CUES:
        raise complain(document, ("cues",), f"has {len(table)} entries; at most {MAX_CUES} are allowed")
    for name, value in table.items():
        key = ("cues", name)
        _check_name(document, key, "a cue")
        if isinstance(value, Relative):
            default = cues.get(name, PydanticUndefined)
            value = _from_base(document, key, value, "time", default)
        try:
            if not isinstance(value, str | list):
                raise ValueError(f'{value!r} has no unit; write "{value}s" or "black + 6s"')
            cues[name] = parse_moment(value)
        except ValueError as error:
            raise complain(document, key, f"is wrong: {error}") from error
    if "end" not in cues:
        raise PresetError(
            f"{document.origin(())}: the cue 'end' is missing; it sets the length of the mix",
            hint='Extend a preset that has it (extends = "final"), or write end = "60s" under [cues].',
        )
    return cues


def _sounds(document: Document, kinds: Registry[AnySound], known: Known) -> Mapping[str, AnySound]:
    shelf = kinds.shelf
    tables = _table(document, shelf)
    if (before := known.get((shelf, "", id(tables)))) is not None and tables:
        whole: Mapping[str, AnySound] = before[1]
        return whole
    if len(tables) > MAX_SOUNDS:
        raise complain(
            document, (shelf,), f"has {len(tables)} entries; at most {MAX_SOUNDS} are allowed"
        )
    sounds: dict[str, AnySound] = {}
    for name, below in tables.items():
        if (before := known.get((shelf, name, id(below)))) is not None:
            sounds[name] = before[1]
            continue
        key: Key = (shelf, name)
        _check_name(document, key, "a sound")
        table = _table(document, shelf, name)
        if "kind" not in table:
            raise complain(document, (*key, "kind"), "is missing", f"There are: {', '.join(kinds)}.")
        kind = table["kind"]
        sounds[name] = _checked(document, key, table, _kind(document, key, kind, kinds))
        known[shelf, name, id(table)] = (table, sounds[name])
    known[shelf, "", id(tables)] = (tables, sounds)
    return sounds


def _kind(document: Document, key: Key, kind: object, kinds: Registry[AnySound]) -> type[AnySound]:
    try:
        if isinstance(kind, str) and kind in kinds:
            return kinds[kind]
    except PresetError as error:  # from a plug-in
        raise complain(document, (*key, "kind"), f"is {kind!r}: {error.message}", error.hint) from error
    raise unknown_key(document, (*key, str(kind)), kinds, "kind")


def _check_name(document: Document, key: Key, what: str) -> None:
    if NAME.fullmatch(key[-1]) is None:
        raise complain(
            document, key, f"is not a valid name for {what}; use lower-case letters, digits and _"
        )
    if key[-1] == WORD:
        cause = f'is not a valid name for {what}: "{WORD}" is the value of the base preset'
        raise complain(document, key, cause, "Choose another name.")


def _check_references(preset: Preset) -> None:
    """Raise PresetError for an effect on an unknown layer, or on a layer without a mono stem."""
    for name, effect in preset.effects.items():
        for field in effect.model_fields_set.intersection(effect.layer_fields):
            value = getattr(effect, field)
            for layer in (value,) if isinstance(value, str) else value:
                if layer not in preset.layers:
                    raise unknown_key(
                        preset.document, ("effects", name, field, layer), preset.layers, "layer"
                    )
    for name, effect in preset.treating().items():
        for layer in filter(effect.works_on, preset.layers):
            if not has_treatable_stem(preset.layers[layer]):
                cause = f"works on {layer!r}, which is not a voice: it has no mono stem with a level"
                raise complain(preset.document, ("effects", name), cause)


def has_treatable_stem(layer: Layer) -> bool:
    """Whether effects of the stage "stem" can work on the layer: it has one stem, mono and levelled."""
    stems = layer.stems()
    return len(stems) == 1 and stems[0].channels == 1 and stems[0].level_lufs is not None
