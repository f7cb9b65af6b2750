"""Plug-ins: sounds and deliveries of other packages, found by their entry points.

A package declares them in its pyproject.toml:

    [project.entry-points."render_ending.layers"]
    rain = "render_ending_rain:Rain"

Entry points are read only for a kind that is not built in, and for lists of all kinds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from audio_pipeline.errors import PresetError
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Group = Literal["layers", "effects", "deliveries"]


@dataclass(frozen=True)
class Plugin:
    """A kind that a package provides: `package` is the distribution's name, `module` the kind's module."""

    group: Group
    kind: str
    package: str
    version: str
    entry: EntryPoint

    @property
    def module(self) -> str:
        """The module that defines the kind."""
        return self.entry.module

    def load(self) -> Any:
        """The object that the entry point names. Raises PresetError when it cannot be imported."""
        try:
            return self.entry.load()
        except Exception as error:  # a foreign module may raise anything
            cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise PresetError(
                f"the plug-in {self} cannot be imported: {cause}",
                hint=f"Update it or remove it: pip uninstall {self.package}",
            ) from error

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def plugin(group: Group, kind: str) -> Plugin | None:
    """The plug-in that provides `kind`, or None. Raises PresetError when two packages provide it."""
    found = _plugins(group).get(kind, ())
    if len(found) > 1:
        both = " and ".join(sorted(map(str, found)))
        raise PresetError(
            f"{both} both bring the kind {kind!r} of {group}",
            hint=f"Remove one of them: pip uninstall {found[0].package}",
        )
    return found[0] if found else None


def plugin_kinds(group: Group) -> list[str]:
    """The kinds of all plug-ins, sorted."""
    return sorted(_plugins(group))


def plugin_of_module(module: str) -> Plugin | None:
    """The plug-in whose package contains `module`; None for a module outside all plug-ins."""
    top = module.partition(".")[0]
    groups: tuple[Group, ...] = ("layers", "effects", "deliveries")
    every = (found for group in groups for kinds in _plugins(group).values() for found in kinds)
    return next((found for found in every if found.module.partition(".")[0] == top), None)


def packages_of(kinds: Iterable[type]) -> dict[str, str]:
    """The plug-in packages that provide `kinds`, with their versions, sorted by name."""
    modules = {kind.__module__ for kind in kinds}
    foreign = (module for module in modules if not module.startswith("audio_pipeline."))
    found = (plugin_of_module(module) for module in foreign)
    return dict(sorted((one.package, one.version) for one in found if one is not None))


@lru_cache(maxsize=3)
def _plugins(group: Group) -> dict[str, tuple[Plugin, ...]]:
    # with the standard library's e-mail and ZIP: 6 % of `presets`, which rarely looks for a plug-in
    from importlib.metadata import entry_points

    kinds: defaultdict[str, list[Plugin]] = defaultdict(list)
    for entry in entry_points(group=f"render_ending.{group}"):
        if entry.dist is not None:
            kinds[entry.name].append(
                Plugin(group, entry.name, entry.dist.name, entry.dist.version, entry)
            )
    return {kind: tuple(found) for kind, found in kinds.items()}


def forget_plugins() -> None:
    """Clear the cached entry points, after packages were installed or removed."""
    _plugins.cache_clear()
