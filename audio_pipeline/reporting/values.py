"""The types of a report's values: finite, bounded, rounded, and valid in JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, JsonValue, Strict
from pydantic_core import core_schema

MAX_POINTS = 400_000
MAX_ITEMS = 20_000

T = TypeVar("T")


class ReportModel(BaseModel):
    """A table of a report: frozen, with required keys unless they have a default, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _to_microseconds(value: float) -> float:
    return round(value, 6) + 0.0


def _to_four_decimals(value: float) -> float:
    return round(value, 4) + 0.0


def _finite_table(table: dict[str, JsonValue]) -> dict[str, JsonValue]:
    json.dumps(table, allow_nan=False)  # raises ValueError
    return table


class _Rounded:
    """A finite number below 10^15, rounded; one schema is faster to build than three constraints."""

    def __init__(self, decimals: int) -> None:
        self._decimals = decimals

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        number = core_schema.float_schema(gt=-1e15, lt=1e15, allow_inf_nan=False, strict=True)
        return core_schema.no_info_after_validator_function(
            lambda value: round(value, self._decimals) + 0.0, number
        )


Text = Annotated[str, Field(max_length=10_000)]
Number = Annotated[float, Field(gt=-1e15, lt=1e15, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=10**15)]
Seconds = Annotated[float, _Rounded(6)]
"""A time, to the microsecond."""
Level = Annotated[float, _Rounded(4)]
"""A level or another figure, to four decimals: finer than the measurement."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Reasons = dict[Text, Text]
"""The reasons for null figures, by key."""
JsonTable = Annotated[dict[str, JsonValue], AfterValidator(_finite_table)]

# JSON has only lists and text: tuples and enumerations are converted from them
Many = Annotated[tuple[T, ...], Strict(False), Field(max_length=MAX_ITEMS), FailFast()]
Points = Annotated[tuple[Number | None, ...], Strict(False), Field(max_length=MAX_POINTS), FailFast()]
StrEnumValue = Annotated[T, Strict(False)]


def rounded(value: Any) -> Any:
    """JSON values with seconds (keys that end in `_s`) to the microsecond, other numbers to four decimals."""
    if isinstance(value, dict):
        return {
            k: _to_microseconds(v) if isinstance(v, float) and k.endswith("_s") else rounded(v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return _to_four_decimals(value) if isinstance(value, float) else value
