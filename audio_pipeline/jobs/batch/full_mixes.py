"""Which full mix of a batch a mix without dialogue belongs to, whose gain of the programme it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from audio_pipeline.jobs.batch.shared_values import SharedValues
from audio_pipeline.preset.agreement import NAMES, differences_from
from audio_pipeline.preset.document import Key
from audio_pipeline.preset.model import Preset

_Alike = tuple[str, frozenset[int]]
"""A language, and numbers for the tables that a full mix and its music and effects have alike."""


class FullMixes:
    """The mixes with dialogue, in the order of the batch, found by what others have in common with them."""

    def __init__(self, mixes: Iterable[tuple[str, str, Preset]], values: SharedValues) -> None:
        """`mixes` are all that there are: each with its name, its language and its preset."""
        self._values = values
        self._mixes = list(mixes)

    def name_of(self, preset: Preset, language: str) -> str | None:
        """The name of the first full mix in `language` that is `preset`, music and effects, but for its voices
        and its master. None where there is none."""
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
        """Where any mix has a voice: there the others may differ."""
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
