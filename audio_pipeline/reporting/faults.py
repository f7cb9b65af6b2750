"""Errors in reports as one sentence: key, found value, allowed values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audio_pipeline.reporting.report_schema import report_schema
from audio_pipeline.reporting.values import MAX_ITEMS

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a table",
    "array": "a list",
    "null": "nothing (null)",
}
_TOO_MANY = "more than a report can have"


def too_large(value: object, key: str = "") -> str | None:
    """The first table with more entries than a report can have, as text; None if all are within bounds."""
    if isinstance(value, dict):
        if len(value) > MAX_ITEMS:
            return f"{key or 'the file'} has {len(value)} entries, {_TOO_MANY}"
        items = (
            (f"{key}.{shown(name)[1:-1]}" if key else shown(name)[1:-1], v) for name, v in value.items()
        )
    elif isinstance(value, list):
        items = ((f"{key}[{n}]", v) for n, v in enumerate(value) if isinstance(v, dict | list))
    else:
        return None
    return next((fault for name, item in items if (fault := too_large(item, name)) is not None), None)


def first_fault(error: ValidationError) -> str:
    """The first fault as text that begins with the key; missing keys go first."""
    faults = error.errors(include_url=False, include_context=False)
    return _as_text(next((fault for fault in faults if fault["type"] == "missing"), faults[0]))


def _as_text(fault: ErrorDetails) -> str:
    key, found = _key(fault["loc"]), fault["input"]
    match fault["type"]:
        case "missing":
            return f"{key} is missing"
        case "extra_forbidden":
            return f"{key} is an unknown report key"
        case "too_long":
            return f"{key} has {len(found)} entries, {_TOO_MANY}"
        case "too_short":
            return f"{key} is empty; it needs an entry"
        case "string_too_long":
            return f"{key} is text of {len(found)} characters"
    return f"{key or 'the file'} is {shown(found)}; it must be {_wanted(fault['loc'])}"


def _key(loc: tuple[int | str, ...]) -> str:
    key = ""
    for part in loc:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":
            key += f".{shown(part)[1:-1]}" if key else shown(part)[1:-1]
    return key


def _wanted(loc: tuple[int | str, ...]) -> str:
    """The values that the schema allows at a place, as text."""
    schema = report_schema()
    node, definitions = schema, schema["$defs"]
    for part in loc:
        node = _below(_resolved(node, definitions), part, definitions)
    kinds = [_resolved(kind, definitions) for kind in node.get("anyOf", [node])]
    return " or ".join(word for kind in kinds for word in _words(kind))


def _resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    name = node.get("$ref")
    found: dict[str, Any] = node if name is None else definitions[name.rpartition("/")[2]]
    return found


def _below(node: dict[str, Any], part: int | str, definitions: dict[str, Any]) -> dict[str, Any]:
    for kind in (_resolved(kind, definitions) for kind in node.get("anyOf", [node])):
        if isinstance(part, int) and "items" in kind:
            return dict(kind["items"])
        if part in kind.get("properties", {}):
            return dict(kind["properties"][part])
        if isinstance(kind.get("additionalProperties"), dict):
            return dict(kind["additionalProperties"])
    return {}


def _words(kind: dict[str, Any]) -> list[str]:
    if "enum" in kind or "const" in kind:
        return [shown(value) for value in kind.get("enum", [kind.get("const")])]
    if kind.get("pattern"):
        return ["64 digits of SHA-256"]
    return [_WORDS[kind["type"]]] if "type" in kind else ["JSON"]


def shown(value: object) -> str:
    """A report's value as short printable text."""
    text = ascii(value) if not isinstance(value, dict | list) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
