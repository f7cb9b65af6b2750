"""The JSON Schema of a preset, for editors; it is generated from the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audio_pipeline.preset.model import NAME, Head, Leader, Master, Picture
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.units import FROM_BASE, Parameters, Time


def preset_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that every valid preset file satisfies.

    An alternate may leave out the values of its base, so every key is optional.
    """
    head = _table(Head)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A preset of render-ending",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "extends": {"type": "string", "description": "the preset that this one changes"},
            **head["properties"],
            "picture": _table(Picture),
            "master": _table(Master),
            "leader": _table(Leader),
            "cues": {
                "type": "object",
                "description": "moments of the scene by name",
                "patternProperties": {f"^{NAME.pattern}$": _json_schema_of(Time)},
                "additionalProperties": False,
            },
            "layers": _shelf(LAYERS, "the sounds by name"),
            "effects": _shelf(EFFECTS, "the effects by name"),
        },
    }


def _json_schema_of(annotated: Any) -> Any:
    return next(m.json_schema for m in annotated.__metadata__ if hasattr(m, "json_schema"))


def _table(cls: type[Parameters]) -> dict[str, Any]:
    schema = cls.model_json_schema()
    schema.pop("required", None)
    for name, field in schema["properties"].items():
        field.pop("default", None)
        if field.get("type") in ("integer", "number"):
            schema["properties"][name] = _or_from_base(field)
    return schema


def _or_from_base(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a plain number, or of text that is a change from the base."""
    told: dict[str, Any] = {key: field.pop(key) for key in ("title", "description") if key in field}
    return {**told, "anyOf": [field, {"type": "string", "pattern": FROM_BASE}]}


def _shelf(kinds: Mapping[str, type[Parameters]], description: str) -> dict[str, Any]:
    tables = []
    for kind, cls in kinds.items():
        table = _table(cls)
        table["properties"]["kind"] = {"const": kind}
        tables.append({**table, "title": kind})
    return {
        "type": "object",
        "description": description,
        "patternProperties": {f"^{NAME.pattern}$": {"anyOf": tables}},
        "additionalProperties": False,
    }
