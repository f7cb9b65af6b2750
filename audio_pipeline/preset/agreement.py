"""Compares two mixes that should be the same mix in two languages: only voices may differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from audio_pipeline.preset.model import Preset

NAMES = frozenset({"title", "version", "description"})
"""Keys that only name or describe a mix."""
_FIRST = ("sample_rate", "picture.")
"""Keys that are listed first, because other values depend on them."""


class Difference(NamedTuple):
    """A key with its value in the reference and in this mix; None where the key is missing."""

    key: str
    there: Any
    here: Any

    def __str__(self) -> str:
        return f"{self.key} is {_shown(self.there)} in the reference, {_shown(self.here)} in this mix"


def differences_from(
    reference: Mapping[str, Any], own: Mapping[str, Any], preset: Preset
) -> list[Difference]:
    """The values in which `preset` differs from `reference`, apart from those that a language may change.

    `reference` and `own`, the values of `preset`, are flat (`explain.flat`). Values of voices may
    differ. In a mix without DX (music and effects), [master] may differ, too.
    """
    voices = _voices(reference) | {name for name, layer in preset.layers.items() if layer.speaks}
    free = {f"layers.{name}." for name in voices}
    if "DX" not in preset.master.buses:
        free.add("master.")
    keys = [*own, *(key for key in reference if key not in own)]
    found = [
        Difference(key, reference.get(key), own.get(key))
        for key in keys
        if reference.get(key) != own.get(key) and key not in NAMES and not key.startswith(tuple(free))
    ]
    return sorted(found, key=lambda difference: not difference.key.startswith(_FIRST))


def _voices(values: Mapping[str, Any]) -> set[str]:
    return set(_layers_of(values, "voice"))


def _layers_of(values: Mapping[str, Any], kind: str) -> Iterator[str]:
    for key, value in values.items():
        shelf, _, rest = key.partition(".")
        name, _, last = rest.partition(".")
        if shelf == "layers" and last == "kind" and value == kind:
            yield name


def _shown(value: Any) -> str:
    return "not specified" if value is None else repr(value)[:80]
