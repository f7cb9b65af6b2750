"""The changes of a preset against its base: keys, values before and after."""

from __future__ import annotations

from typing import Any

from audio_pipeline.preset.explain import DEFAULT, differences, values_of
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.records import dataclass


@dataclass(frozen=True)
class Change:
    """One key that a preset or `--set` changes. `before` is None when the base lacks it, or without a base."""

    key: str
    before: Any
    after: Any
    origin: str


@dataclass(frozen=True)
class Changes:
    """The differences from `base`, the extended preset (None without one)."""

    base: str | None
    rows: tuple[Change, ...]


def changes_of(preset: Preset) -> Changes:
    """The keys that the preset's own file, `--set` or a batch sets; values derived from them are left out."""
    document = preset.document
    below = {} if document.base is None else document.base.origins
    written = set(document.origins.values()) - set(below.values())
    origins = {value.key: value.origin for value in values_of(preset)}
    if document.base is None:
        rows = [v for v in values_of(preset) if v.origin not in (DEFAULT, document.origin(()))]
        return Changes(None, tuple(Change(v.key, None, v.value, v.origin) for v in rows))
    different = differences(preset, build_preset(document.base))
    return Changes(
        document.base.name,
        tuple(
            Change(key, before, after, origins[key])
            for key, (before, after) in different.items()
            if origins.get(key) in written
        ),
    )


def as_text(value: Any, missing: str = "–") -> str:
    """A preset's value as a table cell; `missing` for None."""
    if value is None:
        return missing
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
