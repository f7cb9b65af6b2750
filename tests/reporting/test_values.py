"""The values of a report are rounded to what is measured, and finite."""

from __future__ import annotations

import math

import pytest
from pydantic import TypeAdapter, ValidationError

from audio_pipeline.reporting.values import Level, Seconds, rounded


def test_times_have_microseconds_and_levels_four_decimals() -> None:
    assert TypeAdapter(Seconds).validate_python(1.23456789) == 1.234568
    assert TypeAdapter(Level).validate_python(-26.94511) == -26.9451
    assert rounded({"at_s": 1.23456789, "gain_db": [0.98765432], "name": "x"}) == {
        "at_s": 1.234568,
        "gain_db": [0.9877],
        "name": "x",
    }


@pytest.mark.parametrize("kind", [Level, Seconds])
def test_nothing_rounds_to_minus_zero(kind: object) -> None:
    assert math.copysign(1.0, TypeAdapter(kind).validate_python(-1e-9)) == 1.0
    assert math.copysign(1.0, rounded(-1e-9)) == 1.0


@pytest.mark.parametrize("kind", [Level, Seconds])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e15, -1e300, "1", True, None])
def test_what_is_no_finite_number_is_refused(kind: object, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)
