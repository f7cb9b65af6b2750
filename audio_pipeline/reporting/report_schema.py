"""The JSON Schema of `LoudnessReport.1`, and the check of a report against it.

The check understands as much of JSON Schema as our own schema uses, so that reading a report needs no
library and its complaints are ours.
"""

from __future__ import annotations

import math
from typing import Any

from audio_pipeline.reporting.figures import HEADLINE

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "maxLength": 10_000}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_REASONS: Schema = {"type": "object", "additionalProperties": _TEXT}
MAX_POINTS = 400_000
MAX_ITEMS = 20_000


def _maybe(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(of: Schema, most: int = MAX_ITEMS) -> Schema:
    return {"type": "array", "items": of, "maxItems": most}


def report_schema() -> Schema:
    """The schema, draft 2020-12."""
    level = _maybe(_NUMBER)
    headline = {
        name: level for name in HEADLINE if name not in ("duration_s", "sample_rate_hz", "channels")
    }
    headline = {
        "duration_s": _NUMBER,
        "sample_rate_hz": {"type": "integer"},
        "channels": {"type": "integer"},
    } | _with_places(headline)
    body = _object(
        schema={"type": "string", "const": "LoudnessReport.1"},
        mix=_TEXT,
        file=_TEXT,
        **headline,
        sections=_list(
            _object(
                name=_TEXT,
                start_s=_NUMBER,
                stop_s=_NUMBER,
                integrated_lufs=level,
                rms_dbfs=level,
                sample_peak_dbfs=level,
                below_dialogue_lu=level,
                reasons=_REASONS,
            )
        ),
        dropout=_maybe(
            _object(
                at_s=_NUMBER,
                level_before_dbfs=level,
                floor_dbfs=level,
                depth_db=level,
                fall_s=level,
                silence_at_s=level,
                reasons=_REASONS,
            )
        ),
        delivery=_delivery(level),
        curves=_object(
            step_s=_NUMBER,
            momentary_lufs=_list(level, MAX_POINTS),
            short_term_lufs=_list(level, MAX_POINTS),
            level_dbfs=_list(level, MAX_POINTS),
        ),
        warnings=_list(_TEXT),
        provenance={"type": "object"},
        reasons=_REASONS,
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "LoudnessReport.1",
        **body,
    }


def _with_places(levels: dict[str, Schema]) -> dict[str, Schema]:
    """The places of maxima behind their levels, where the report has them."""
    placed: dict[str, Schema] = {}
    for name, schema in levels.items():
        placed[name] = schema
        if name in ("max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp"):
            placed[f"{name.rpartition('_')[0]}_at_s"] = schema
    return placed


def _delivery(level: Schema) -> Schema:
    words = ["pass", "fail", "not measurable", "does not apply"]
    return _object(
        name=_maybe(_TEXT),
        title=_maybe(_TEXT),
        verdict={"type": ["string", "null"], "enum": [*words[:3], None]},
        clauses=_list(
            _object(
                figure=_TEXT,
                verdict={"type": "string", "enum": words},
                measured=level,
                limit=_TEXT,
                delta=level,
                unit=_TEXT,
                mending_gain_db=level,
                gain_breaks=_list(_TEXT),
                why=_maybe(_TEXT),
                source=_TEXT,
                caveat=_maybe(_TEXT),
            )
        ),
        dialogue_share_percent=level,
        listening=_maybe(_object(level=_TEXT, floor_dba=level, over_nc25_db=level, over_nc30_db=level)),
        silences=_list(
            _object(start_s=_NUMBER, stop_s=_NUMBER, start=_TEXT, stop=_TEXT, deliberate=_FLAG)
        ),
    )


def find_fault(value: object, schema: Schema, key: str = "") -> str | None:
    """What is wrong with a value, in words that begin with its key; None when nothing is."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_is(value, name) for name in types):
        wanted = " or ".join("nothing (null)" if name == "null" else _WORDS[name] for name in types)
        return f"{key or 'the file'} is {_shown(value)}; it wants {wanted}"
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is not None and value not in allowed:
        return f"{key} is {_shown(value)}; it wants {' or '.join(_shown(a) for a in allowed)}"
    if isinstance(value, str) and len(value) > schema.get("maxLength", math.inf):
        return f"{key} is text of {len(value)} characters"
    if isinstance(value, dict):
        return _fault_in_object(value, schema, key)
    if isinstance(value, list):
        return _fault_in_list(value, schema, key)
    return None


def _fault_in_object(value: dict[str, Any], schema: Schema, key: str) -> str | None:
    above, properties = f"{key}." if key else "", schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            return f"{above}{name} is missing"
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        below = properties.get(name, others)
        if below is False:
            return f"{above}{_shown(name)[1:-1]} is a key that a report has not got"
        fault = None if below is True else find_fault(item, below, above + _shown(name)[1:-1])
        if fault is not None:
            return fault
    return None


def _fault_in_list(value: list[Any], schema: Schema, key: str) -> str | None:
    if len(value) > schema.get("maxItems", math.inf):
        return f"{key} has {len(value)} entries, more than a report can have"
    for n, item in enumerate(value):
        fault = find_fault(item, schema["items"], f"{key}[{n}]")
        if fault is not None:
            return fault
    return None


_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a table",
    "array": "a list",
}


def _is(value: object, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and abs(value) < 1e15  # also refuses what is no number or infinite
            )
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
    return value is None


def _shown(value: object) -> str:
    text = ascii(value) if not isinstance(value, dict | list) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
