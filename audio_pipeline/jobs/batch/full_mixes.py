"""Finds the full mix of a batch whose programme gain a mix without dialogue uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from audio_pipeline.jobs.batch.shared_values import SharedValues
from audio_pipeline.preset.agreement import NAMES, differences_from
from audio_pipeline.preset.document import Key
from audio_pipeline.preset.model import Preset

_Alike = tuple[str, frozenset[int]]
"""A language, and numbers of the tables that are equal in a full mix and its music and effects."""


class FullMixes:
    """The mixes with dialogue, in the order of the batch, found by their values shared with other mixes."""

    def __init__(self, mixes: Iterable[tuple[str, str, Preset]], values: SharedValues) -> None:
        """`mixes` are the name, language and preset of every mix of the batch."""
        self._values = values
        self._mixes = list(mixes)

    def name_of(self, preset: Preset, language: str) -> str | None:
        """The name of the first full mix in `language` whose values equal `preset`, except voices and master.

        `preset` is music and effects. None if the batch has no such mix.
        """
        for name, other in self._by_what_is_alike.get(self._alike(language, preset), ()):
            if not differences_from(*self._values.unlike(other, preset), preset):
                return name
        return None

    @cached_property
    def _by_what_is_alike(self) -> Mapping[_Alike, Sequence[tuple[str, Preset]]]:
        found: dict[_Alike, list[tuple[str, Preset]]] = {}
        for name, language, preset in self._mixes:
            if "DX" in preset.master.buses:
                found.setdefault(self._alike(language, preset), []).append((name, preset))
        return found

    @cached_property
    def _voices(self) -> Collection[Key]:
        """The keys of all layers that are a voice in any mix; mixes may differ in these."""
        presets = (preset for _, _, preset in self._mixes)
        return {("layers", name) for p in presets for name, layer in p.layers.items() if layer.speaks}

    def _alike(self, language: str, preset: Preset) -> _Alike:
        numbers = set()
        for key, fields in self._values.tables(preset).items():
            if key == ():
                fields = {name: value for name, value in fields.items() if name not in NAMES}
            if key != ("master",) and key not in self._voices:
                numbers.add(self._values.number(key, fields))
        return language, frozenset(numbers)
