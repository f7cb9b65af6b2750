"""Field types that convert texts with units to numbers and back: "-42 LUFS", "250ms", "2.5 kHz", "L100".

Each type below is for a field of a `Parameters` model: the preset holds text with a unit, the model a plain
number (its docstring here states the unit). A value without a unit is an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, Strict
from pydantic_core import core_schema

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import MINUS, Clock, Moment
from audio_pipeline.timeline.moments import parse_duration as parse_duration
from audio_pipeline.timeline.moments import parse_moment as parse_moment

_NUMBER = rf"([+{MINUS}-]?\d+(?:\.\d+)?)"
_QUANTITY = re.compile(rf"{_NUMBER}\s*(\D.*)")
FROM_BASE = f"^ *base *$|^ *base *[+{MINUS}-]"
"""The pattern of a value relative to the base, for editors; see `preset.base_values`."""


class Parameters(BaseModel):
    """A table of a preset: frozen; unknown keys are an error.

    Values are given as texts, as in a preset, and stored as plain numbers.

    Examples:
        >>> class Drip(Parameters):
        ...     level: Dbfs
        ...     pan: Pan = 0.0
        >>> Drip(level="-42 dBFS", pan="R30").level
        -42.0
    """

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True
    )


T = TypeVar("T")

List = Annotated[tuple[T, ...], Strict(False)]
"""A list in the preset, a tuple in the model."""


@dataclass(frozen=True)
class Unit:
    """The units of a value and of a change of it, each with its factor to the first unit."""

    scales: Mapping[str, float]
    changes: Mapping[str, float]


Steps = Unit | Literal["place", "time", "length"]
"""The kind of change of a value that is relative to the base: "base - 3 dB"."""


class _Written:
    """A pydantic annotation for the text form of a value: parser, serializer and JSON Schema.

    `parse` converts the preset's value or raises ValueError; `show` returns its text; `steps` is the kind of
    change relative to the base, None where the value cannot be relative. One annotation takes a third of the
    time of three of pydantic's, and two hundred fields have one.
    """

    def __init__(
        self,
        parse: Callable[[Any], Any],
        show: Callable[[Any], str],
        json_schema: dict[str, Any],
        steps: Steps | None = None,
    ) -> None:
        self.parse = parse
        self.show = show
        self.steps = steps
        self.json_schema = json_schema
        self._shown = core_schema.plain_serializer_function_ser_schema(
            show, return_schema=core_schema.str_schema()
        )

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        # `handler` applies the field's own bounds (ge, le) to a number; any other type comes from `parse`
        inner = handler(source) if source is float else core_schema.is_instance_schema(source)
        return core_schema.no_info_before_validator_function(
            self.parse, inner, serialization=self._shown
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return dict(self.json_schema)


def _quantity(
    unit: str,
    example: str,
    low: float,
    high: float,
    *,
    scale: dict[str, float] | None = None,
    change: tuple[str, ...] = (),
) -> Any:
    """The field type of a number with a unit, from `low` to `high` (in the first unit).

    `change` are the units of a difference, where they differ.
    """
    scales = scale or {unit: 1.0}
    steps = Unit(scales, dict.fromkeys(change, 1.0) or scales)

    def parse(value: object) -> float:
        match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None or match[2] not in scales:
            raise ValueError(f"{value!r} is not a value in {unit}; write {example!r}")
        number = float(match[1].replace(MINUS, "-")) * scales[match[2]]
        if not low <= number <= high:
            raise ValueError(f"{value!r} is outside {low:g} {unit} to {high:g} {unit}")
        return number

    json_schema = {
        "type": "string",
        "pattern": f"^{_NUMBER} *({'|'.join(scales)})$|{FROM_BASE}",
        "examples": [example],
        "description": f"in {unit}, {low:g} to {high:g}",
    }
    return Annotated[float, _Written(parse, lambda number: f"{number:g} {unit}", json_schema, steps)]


Lufs = _quantity("LUFS", "-27 LUFS", -70.0, 0.0, change=("dB", "LU"))
"""Loudness, LUFS."""
Dbfs = _quantity("dBFS", "-60 dBFS", -140.0, 0.0, change=("dB",))
"""RMS level, dBFS: a full-scale square wave is 0."""
Dbtp = _quantity("dBTP", "-2 dBTP", -40.0, 0.0, change=("dB",))
"""True-peak level, dBTP."""
Db = _quantity("dB", "-8 dB", -140.0, 40.0)
"""A level change, dB."""
Lu = _quantity("LU", "0.5 LU", 0.0, 60.0, change=("LU", "dB"))
"""A loudness difference, LU."""
Hz = _quantity("Hz", "2.5 kHz", 0.01, 96_000.0, scale={"Hz": 1.0, "kHz": 1000.0})
"""Frequency, Hz."""
Percent = _quantity("%", "12%", 0.0, 100.0)
"""A share, percent."""
Degrees = _quantity("deg", "30 deg", -180.0, 180.0)
"""An angle, degrees."""
Meters = _quantity("m", "12 m", 0.01, 1000.0)
"""A length, metres."""
PerMinute = _quantity("/min", "12/min", 0.0, 600.0)
"""A rate of events, per minute."""
PerSecond = _quantity("/s", "12/s", 0.0, 10_000.0)
"""A rate of events, per second."""


OFF = -math.inf
"""The level of a send that is off, dB."""


def _parse_send(value: object) -> float:
    return OFF if value == "off" else _parse_db(value)


_DB: _Written = Db.__metadata__[0]
_parse_db: Callable[[object], float] = _DB.parse

Send = Annotated[
    float,
    _Written(
        _parse_send,
        lambda db: "off" if db == OFF else f"{db:g} dB",
        {
            "type": "string",
            "pattern": f"^(off|{_NUMBER} *dB)$|{FROM_BASE}",
            "examples": ["-12 dB", "off"],
        },
        _DB.steps,
    ),
]
"""The level of a send, dB; "off" is minus infinity."""


def _parse_pan(value: object) -> float:
    if value == "C":
        return 0.0
    match = re.fullmatch(r"([LR])(\d{1,3})", value) if isinstance(value, str) else None
    if match is None or int(match[2]) > 100:
        raise ValueError(f'{value!r} is not a pan value; write "L100", "C" or "R30"')
    return int(match[2]) / 100.0 * (-1.0 if match[1] == "L" else 1.0)


def _show_pan(pan: float) -> str:
    return "C" if pan == 0 else f"{'L' if pan < 0 else 'R'}{abs(pan) * 100:g}"


Pan = Annotated[
    float,
    _Written(
        _parse_pan,
        _show_pan,
        {"type": "string", "pattern": f"^(C|[LR]\\d{{1,3}})$|{FROM_BASE}", "examples": ["L100"]},
        "place",
    ),
]
"""Pan from left (−1) to right (+1)."""


MOST_CHANNELS = 24
_CHANNEL_NAMES = ("auto", "left", "right", "centre", "mix")


def _parse_channel(value: object) -> str:
    if value in _CHANNEL_NAMES:
        return str(value)
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str) and value.isdecimal() and len(value) <= 2:
        number = int(value)
    if number is None or not 1 <= number <= MOST_CHANNELS:
        names = ", ".join(f'"{name}"' for name in _CHANNEL_NAMES)
        raise ValueError(
            f"{value!r} is not a channel; write {names} or a number from 1 to {MOST_CHANNELS}"
        )
    return str(number)


Channel = Annotated[
    str,
    _Written(
        _parse_channel,
        str,
        {
            "anyOf": [
                {"enum": list(_CHANNEL_NAMES)},
                {"type": "integer", "minimum": 1, "maximum": MOST_CHANNELS},
            ],
            "examples": ["auto", "left", 2],
        },
    ),
]
"""A channel of a recording: its number from 1 as text, or "auto", "left", "right", "centre", "mix"."""


def _parse_time(value: object) -> Moment:
    if isinstance(value, Moment):
        return value
    if isinstance(value, str | list):
        return parse_moment(value)
    raise ValueError(f'{value!r} has no unit; write a time like "{value}s", "132f" or "black + 6s"')


def _parse_length(value: object) -> Moment:
    if isinstance(value, Moment):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f'{value!r} has no unit; write a length of time like "{value}s" or "250ms"')


Time = Annotated[
    Moment,
    _Written(
        _parse_time,
        str,
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["8s", "132f", "01:00:05:12", "90+08", "black + 6s"],
            "description": "a time on the programme's clock; of a list, the latest",
        },
        "time",
    ),
]
"""A moment on the programme's clock; `Scene.at` gives its sample."""

Duration = Annotated[
    Moment,
    _Written(
        _parse_length,
        str,
        {"type": "string", "examples": ["250ms", "8s", "6f"], "description": "a length of time"},
        "length",
    ),
]
"""A length of time; `Scene.samples` and `Scene.seconds` convert it."""


@dataclass(frozen=True)
class Between:
    """The shortest and longest valid `Duration`: Annotated[Duration, Between("1ms", "1s")].

    It is checked when the picture's clock is known, because a length may be in frames.
    """

    shortest: str
    longest: str

    def holds(self, seconds: Fraction, clock: Clock) -> bool:
        """Whether a length of `seconds` is within the bounds."""
        shortest, longest = self._moments
        return clock.duration(shortest) <= seconds <= clock.duration(longest)

    @cached_property
    def _moments(self) -> tuple[Moment, Moment]:
        return parse_duration(self.shortest), parse_duration(self.longest)
