"""Errors in presets as one sentence: file, key, found value, allowed values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.document import Document, Key
from audio_pipeline.suggestions import did_you_mean

if TYPE_CHECKING:
    from pydantic import ValidationError


def shown_value(value: object) -> str:
    """`value` as a preset writes it, shortened."""
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    text = f'"{value}"' if isinstance(value, str) and value.isprintable() else text
    return text if len(text) <= 60 else text[:57] + "…" + text[-1]


def dotted(key: Iterable[object]) -> str:
    """A key path as people write it, safe to print."""
    return ".".join(part if (part := str(p)).isprintable() else repr(part) for p in key)


def complain(document: Document, key: Key, cause: str, hint: str | None = None) -> PresetError:
    """An error about the value at `key`."""
    return PresetError(f"{document.origin(key)}: {dotted(key)} {cause}", hint=hint)


def unknown_key(document: Document, key: Key, allowed: Iterable[str], what: str = "key") -> PresetError:
    """An error about an unknown key, with the nearest known one."""
    names = sorted(allowed)
    meant = did_you_mean(str(key[-1]), names, "; {}")
    place = f"[{dotted(key[:-1])}] has" if len(key) > 1 else "a preset has"
    return PresetError(
        f"{document.origin(key)}: {place} no {what} {dotted(key[-1:])!r}{meant}",
        hint=f"There are: {', '.join(names)}.",
    )


def from_validation(
    document: Document, above: Key, error: ValidationError, allowed: Iterable[str]
) -> PresetError:
    """The first of pydantic's errors as a PresetError. `above` is the key of the checked table."""
    finding = error.errors(include_url=False)[0]
    key = (*above, *(str(part) for part in finding["loc"]))
    if finding["type"] == "extra_forbidden":
        return unknown_key(document, key, allowed)
    if finding["type"] == "missing":
        return complain(document, key, "is missing, and it has no default")
    return complain(document, key, _cause(finding))


def _cause(finding: Any) -> str:
    found, context = shown_value(finding["input"]), finding.get("ctx", {})
    match finding["type"]:
        case "value_error":
            return f"is wrong: {context['error']}"
        case "literal_error":
            return f"is {found}; allowed: {context['expected']}"
        case "bool_type" | "bool_parsing":
            return f"is {found}; allowed: true, false"
        case "greater_than_equal":
            return f"is {found}; it must be at least {context['ge']}"
        case "less_than_equal":
            return f"is {found}; it must be at most {context['le']}"
    return f"is {found}: {finding['msg'][:1].lower()}{finding['msg'][1:]}"
