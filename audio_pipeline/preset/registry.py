"""The registry: every kind of layer and effect, by its name in presets.

Kinds are found automatically: each is a module in `layers/` or `effects/` with a subclass of `Layer` or
`Effect` whose `kind` has a default. Other packages add kinds by entry points (see `plugins`), and a
program adds them with `Registry.add`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Literal, TypeVar

from audio_pipeline.effects.base import Effect
from audio_pipeline.errors import PresetError
from audio_pipeline.layers.base import Layer
from audio_pipeline.plugins import plugin, plugin_kinds

AnySound = TypeVar("AnySound", Layer, Effect)


class Registry(Mapping[str, type[AnySound]]):
    """The kinds of one table of a preset, in order of their names; iteration includes plug-ins.

    `shelf` is the name of the table. `package` is searched for subclasses of `base` at the first access
    to a kind, so that `--help` needs no search. `registry[kind]` and `kind in registry` raise
    PresetError for a broken plug-in.
    """

    def __init__(self, shelf: Literal["layers", "effects"], package: str, base: type[AnySound]) -> None:
        self.shelf = shelf
        self._package = package
        self._base: type[AnySound] = base
        self._kinds: dict[str, type[AnySound]] = {}
        self._searched = False

    def add(self, sound: type[AnySound]) -> None:
        """Add a kind. Raises ValueError for a class whose `kind` has no default, and for a name in use."""
        field = sound.model_fields.get("kind")
        kind = None if field is None else field.default
        if not isinstance(kind, str):
            raise ValueError(f"{sound.__qualname__} has no default for its kind")
        other = self._kinds.setdefault(kind, sound)
        if other is not sound:
            raise ValueError(f"{sound.__qualname__} and {other.__qualname__} both are the kind {kind!r}")

    def __getitem__(self, kind: str) -> type[AnySound]:
        kinds = self._found()
        if kind not in kinds:
            self._add_plugin(kind)
        return kinds[kind]

    def __iter__(self) -> Iterator[str]:
        kinds = dict(self._found())
        for kind in plugin_kinds(self.shelf):
            if kind not in kinds and self.problem(kind) is None:
                kinds[kind] = self._kinds[kind]
        return iter(sorted(kinds))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def problem(self, kind: str) -> PresetError | None:
        """The error that keeps the plug-in's `kind` out of the list; None without an error."""
        try:
            if kind in self._found() and plugin(self.shelf, kind) is not None:
                self._refuse_taken(kind)
            _ = self[kind]
        except PresetError as error:
            return error
        return None

    def problems(self) -> list[PresetError]:
        """The errors of plug-ins, one for each kind."""
        found = (self.problem(kind) for kind in plugin_kinds(self.shelf))
        return [problem for problem in found if problem is not None]

    def _add_plugin(self, kind: str) -> None:
        found = plugin(self.shelf, kind)
        if found is None:
            return
        sound, base = found.load(), self._base
        if not (isinstance(sound, type) and issubclass(sound, base) and sound is not base):
            raise PresetError(
                f"the plug-in {found}: {found.entry.value} is not a {base.__name__}",
                hint=f"Update it or remove it: pip uninstall {found.package}",
            )
        field = sound.model_fields.get("kind")
        if field is None or field.default != kind:
            raise PresetError(
                f"the plug-in {found}: the kind of {found.entry.value} is not {kind!r}",
                hint="The entry point and the default of the class's `kind` must be the same name.",
            )
        self._kinds[kind] = sound

    def _refuse_taken(self, kind: str) -> None:
        """Raise PresetError for a plug-in whose kind is built in."""
        found = plugin(self.shelf, kind)
        if found is not None and self._kinds[kind].__module__.startswith(f"{self._package}."):
            raise PresetError(
                f"the plug-in {found} brings the kind {kind!r}, which is built into render-ending",
                hint="Give the plug-in's kind another name.",
            )

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
