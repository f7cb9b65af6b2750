"""The JSON Schema of a batch file, for editors; it is generated from the bounds and keys of its reader."""

from __future__ import annotations

from typing import Any

from audio_pipeline.preset import batch_file

_SHORT = {"type": ["string", "number", "boolean", "array"], "maxLength": batch_file.LONGEST_VALUE}


def batch_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that every valid batch file satisfies.

    It does not check the values of keys, because they depend on the presets.
    """
    properties = {
        "presets": _names('the presets: names, or patterns; "*" is all'),
        "name": _text('the names of the mixes: "{title}_{version}_{type}_{fps}"'),
        "reference": _text("the language, one of [stems], whose cues and slots all others get"),
        "set": _values("values for every mix", _SHORT),
        "vary": _values("every value with every other", _list_of_values()),
        "stems": {
            "type": "object",
            "description": "the files of each voice, by language; every language with every other value",
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "properties": {batch_file.LANGUAGE_SET: _values("values for this language", _SHORT)},
                "additionalProperties": {"type": "string", "minLength": 1},
            },
        },
        "exclude": {
            "type": "array",
            "description": "mixes to leave out: those that have all of these values",
            "maxItems": batch_file.MOST_EXCLUDED,
            "items": _values("the values of the mixes to leave out", _SHORT),
        },
        "mix": {
            "type": "array",
            "description": "mixes one by one",
            "maxItems": batch_file.MOST_MIXES,
            "items": _mix(),
        },
        "deliver": {
            "type": "object",
            "description": "what render-ending deliver makes of every mix",
            "additionalProperties": False,
            "properties": {
                "deliveries": _names("the deliveries, one folder each"),
                "picture": _text('a film file for a preview with picture, or "black"'),
            },
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A batch file of render-ending",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [
            {"required": [key], "properties": {key: {"minItems": 1}}} for key in ("presets", "mix")
        ],
        "properties": {key: properties[key] for key in batch_file.KEYS},
    }


def _mix() -> dict[str, Any]:
    properties = {
        "preset": _text("the preset of this mix"),
        "name": _text("its name"),
        "set": _values("values for this mix", _SHORT),
        "language": _text("one of [stems]"),
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["preset"],
        "properties": {key: properties[key] for key in batch_file.MIX_KEYS},
    }


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description}


def _names(description: str) -> dict[str, Any]:
    names = {"type": "array", "maxItems": batch_file.MOST_MIXES, "description": description}
    return {**names, "items": {"type": "string", "minLength": 1}}


def _list_of_values() -> dict[str, Any]:
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": batch_file.MOST_MIXES,
        "items": {"not": {"const": ""}},
    }


def _values(description: str, value: dict[str, Any]) -> dict[str, Any]:
    """The schema of a table of values; keys may be in a nested table: [set.dropout] is "dropout.…"."""
    nested = {"type": "object", "additionalProperties": {"anyOf": [value, {"type": "object"}]}}
    return {
        "type": "object",
        "description": description,
        "maxProperties": batch_file.MOST_KEYS,
        "additionalProperties": {"anyOf": [value, nested]},
    }
