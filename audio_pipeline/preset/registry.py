"""The registry: every kind of layer and effect, by the name that a preset calls it.

Kinds are found, not listed: one module in `layers/` or `effects/` with a subclass of `Layer` or `Effect`
whose `kind` has a default. Kinds from elsewhere are added with `Registry.add`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar

from audio_pipeline.effects.base import Effect
from audio_pipeline.layers.base import Layer

AnySound = TypeVar("AnySound", Layer, Effect)


class Registry(Mapping[str, type[AnySound]]):
    """The kinds of one table of a preset, in order of their names.

    `shelf` is the table's name, `package` the one that is searched for subclasses of `base` when a kind is
    first asked for: a preset's reader pays for it, `--help` does not.
    """

    def __init__(self, shelf: str, package: str, base: type[AnySound]) -> None:
        self.shelf = shelf
        self._package = package
        self._base: type[AnySound] = base
        self._kinds: dict[str, type[AnySound]] = {}
        self._searched = False

    def add(self, sound: type[AnySound]) -> None:
        """Add a kind. Raises ValueError for a class without a name for it, and for a name that is taken."""
        field = sound.model_fields.get("kind")
        kind = None if field is None else field.default
        if not isinstance(kind, str):
            raise ValueError(f"{sound.__qualname__} has no default for its kind")
        other = self._kinds.setdefault(kind, sound)
        if other is not sound:
            raise ValueError(f"{sound.__qualname__} and {other.__qualname__} both are the kind {kind!r}")

    def __getitem__(self, kind: str) -> type[AnySound]:
        return self._found()[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._found()))

    def __len__(self) -> int:
        return len(self._found())

    def _found(self) -> dict[str, type[AnySound]]:
        if not self._searched:
            for sound in self._search():
                self.add(sound)
            self._searched = True
        return self._kinds

    def _search(self) -> Iterator[type[AnySound]]:
        """Every subclass of the base that a module of the package defines."""
        package = import_module(self._package)
        for info in pkgutil.iter_modules(package.__path__):
            module = import_module(f"{self._package}.{info.name}")
            for value in vars(module).values():
                own = isinstance(value, type) and value.__module__ == module.__name__
                if own and issubclass(value, self._base) and value is not self._base:
                    yield value


LAYERS = Registry("layers", "audio_pipeline.layers", Layer)
EFFECTS = Registry("effects", "audio_pipeline.effects", Effect)
