"""Values relative to the base: "base - 3 dB", "base + 5s". `base` is the value that this one replaces.

A document stores such a value as a `Relative`, with the value that it replaces. When the model has the
field, `worked_out` returns the absolute value as a preset would write it: the same text, the same
bytes.

    level = "base - 3 dB"            # of the preset that this one extends
    --set grain.level="base - 3 dB"  # of the preset after earlier --set options
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from pydantic_core import PydanticUndefined

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import (
    MINUS,
    MOST_CHOICES,
    Moment,
    moment_of_choices,
    parse_duration,
    parse_moment,
)
from audio_pipeline.units import OFF, Steps, Unit

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

WORD: Final = "base"

_MENTIONS = re.compile(rf"(?<![\w.-]){WORD}(?![\w.])")
_NUMBER = r"\d+(?:\.\d+)?"
_CHANGE = re.compile(
    rf"\s*([+{MINUS}-])\s*({_NUMBER})?\s*([^+{MINUS}\s-][^+{MINUS}-]*?)?\s*(?=[+{MINUS}-]|$)"
)
_QUANTITY = re.compile(rf"([+-]?{_NUMBER})\s*(.*)")
_PLACE = re.compile(r"([LR])(\d{1,3})")


class BaseValueError(ValueError):
    """A value relative to the base that cannot be computed: the cause, its origin and a hint."""

    def __init__(self, cause: str, origin: str, hint: str | None = None) -> None:
        super().__init__(cause)
        self.origin = origin
        self.hint = hint


@dataclass(frozen=True)
class Absent:
    """Marks a value that the base lacks: the default of the kind is used if there is a base."""

    has_base: bool


@dataclass(frozen=True, repr=False)
class Relative:
    """A value relative to the base: its text (or list of texts), its origin, the value that it replaces."""

    value: Any
    origin: str
    base: Any

    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def chain(self) -> Iterator[Relative]:
        """This value and the relative values below it, the lowest last."""
        value: Any = self
        while isinstance(value, Relative):
            yield value
            value = value.base


def relative(value: Any, base: Any, origin: str) -> Any:
    """`value`, as a `Relative` to `base` if its text contains "base"."""
    texts = value if isinstance(value, list) else (value,)
    if any(isinstance(text, str) and _MENTIONS.search(text) for text in texts):
        return Relative(value, origin, base)
    return value


def steps_of(field: FieldInfo) -> Steps | None:
    """The steps by which values of a field change; None for text, choices and lists, which ignore "base"."""
    # optional fields have the annotation inside: Optional[Time]
    inside = [m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ())]
    is_list = get_origin(field.annotation) is tuple
    found = next((m.steps for m in (*field.metadata, *inside) if hasattr(m, "steps")), None)
    if found is None and field.annotation in (int, float):
        return Unit({"": 1.0}, {"": 1.0})
    return None if is_list else found


def worked_out(value: Relative, steps: Steps | None, default: Any) -> Any:
    """The absolute value, as a preset without "base" would write it.

    `default` is the default of the kind, used if the base lacks the value. Raises BaseValueError for a
    missing base value, and for an invalid change.
    """
    if steps is None:
        return value.value  # plain text that contains the word
    *_, lowest = chain = list(value.chain())
    base: Any = lowest.base
    if isinstance(base, Absent):
        if not base.has_base:
            raise BaseValueError(
                f"{shown(value.value)} has no base: {lowest.origin} extends no preset",
                lowest.origin,
                'Write extends = "final" at its top, or the value itself.',
            )
        if default is PydanticUndefined or default is None:
            raise BaseValueError(
                f"{shown(lowest.value)} has no base: the base does not set this value",
                lowest.origin,
                "Write the value itself.",
            )
        base = default
    for link in reversed(chain):
        try:
            base = _moved(base, link.value, steps)
        except ValueError as error:
            raise BaseValueError(str(error), link.origin) from error
    return base


def shown(value: Any) -> str:
    """`value` as a preset writes it."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _moved(base: Any, text: Any, steps: Steps) -> Any:
    if steps == "time":
        return _time(base, text)
    if not isinstance(text, str):
        raise ValueError(f'{text!r} is a list; "{WORD}" stands for one value')
    if steps == "length":
        return _length(base, text)
    return _place(base, text) if steps == "place" else _number(base, text, steps)


def _number(base: Any, text: str, steps: Unit) -> Any:
    unit = next(iter(steps.scales))
    example = f"{WORD} - 3 {next(iter(steps.changes))}".strip()
    changes = _changes(text, example)
    if base in ("off", OFF):
        if not changes:
            return "off"
        raise ValueError(f'{text!r} changes "off", which is not a level; write the level itself')
    number, own = _number_of(base, unit)
    if own not in steps.scales:
        raise ValueError(f"{text!r} changes {base!r}, which is not a value in {unit}")
    scale = Decimal(repr(steps.scales[own]))
    for sign, amount, change in changes:
        if amount is None or change not in steps.changes:
            raise ValueError(f'{text!r} is not a change of this value; write it like "{example}"')
        number += sign * Decimal(amount) * Decimal(repr(steps.changes[change])) / scale
    if unit:
        return f"{_plain(number)} {own}"
    is_whole = isinstance(base, int) and number == number.to_integral_value()
    return int(number) if is_whole else float(number)


def _number_of(base: Any, unit: str) -> tuple[Decimal, str]:
    """A number and its unit: as a preset writes it, or a default in the first unit."""
    if isinstance(base, int | float) and not isinstance(base, bool):
        return Decimal(repr(base)), unit
    match = _QUANTITY.fullmatch(base.replace(MINUS, "-").strip()) if isinstance(base, str) else None
    return (Decimal(match[1]), match[2]) if match else (Decimal(0), "?")


def _place(base: Any, text: str) -> str:
    place = _place_of(base)
    for sign, amount, word in _changes(text, f"{WORD} + R20"):
        match = _PLACE.fullmatch(word or "")
        if amount is not None or match is None:
            raise ValueError(f'{text!r} is not a change of pan; write it like "{WORD} + R20"')
        place += sign * _place_of(match[0])
    if abs(place) > 100:
        raise ValueError(f"{text!r} is beyond {'L' if place < 0 else 'R'}100")
    return "C" if place == 0 else f"{'L' if place < 0 else 'R'}{_plain(abs(place))}"


def _place_of(base: Any) -> Decimal:
    if isinstance(base, int | float):  # a default
        return Decimal(repr(base)) * 100
    match = _PLACE.fullmatch(base) if isinstance(base, str) else None
    if match is None and base != "C":
        raise ValueError(f"the base is {base!r}, which is not a place between the ears")
    return Decimal(0) if match is None else Decimal(match[2]) * (-1 if match[1] == "L" else 1)


def _changes(text: str, example: str) -> list[tuple[int, str | None, str]]:
    """The terms (sign, number, unit) that are added to the base."""
    rest = text.strip().removeprefix(WORD)
    if rest == text.strip():
        raise ValueError(f'{text!r} does not begin with "{WORD}"; write it like "{example}"')
    found, at = [], 0
    while at < len(rest):
        match = _CHANGE.match(rest, at)
        if match is None or (match[2] is None and match[3] is None):
            raise ValueError(f'{text!r} is not a change of the base; write it like "{example}"')
        found.append((1 if match[1] == "+" else -1, match[2], match[3] or ""))
        at = match.end()
    return found


def _time(base: Any, text: str | list[str]) -> str | list[str]:
    """The choices of `text`, with "base" replaced by each choice of the base.

    The latest of the base plus a time is the latest of the sums of each of its times and that time.
    """
    known = _moment(base)
    if text == WORD and isinstance(base, str | list):
        return base
    choices: list[tuple[tuple[int, str], ...]] = []
    for choice in parse_moment(text).choices:
        places = [n for n, (_, atom) in enumerate(choice) if atom == WORD]
        if places not in ([], [0]) or (places and choice[0][0] < 0):
            raise ValueError(f'{shown(text)} does not begin with "{WORD}"; write it like "{WORD} + 5s"')
        choices += [(*below, *choice[1:]) for below in known.choices] if places else [choice]
        if len(choices) > MOST_CHOICES:
            raise ValueError(f"{shown(text)} comes to more than {MOST_CHOICES} times")
    return moment_of_choices(choices)


def _moment(base: Any) -> Moment:
    if isinstance(base, str | list):
        return parse_moment(base)
    if isinstance(base, Moment):  # a default
        return base
    raise ValueError(f"the base is {base!r}, which is not a time")


def _length(base: Any, text: str) -> str:
    known = _moment(base)
    if text.strip() == WORD:
        return known.text
    choice, *more = parse_moment(text).choices
    if more or choice[0] != (1, WORD):
        raise ValueError(f'{text!r} does not begin with "{WORD}"; write it like "{WORD} + 100ms"')
    length = str(moment_of_choices([(*known.choices[0], *choice[1:])]))
    try:
        parse_duration(length)
    except ValueError as error:
        raise ValueError(f"{text!r} comes to {length!r}, which is not a length of time") from error
    return length


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
