"""Checks that a worker has the plug-ins of a mix, with the same code.

Plug-ins are checked by kind, before the preset is sent: a worker cannot unpickle a preset with a kind that it
lacks.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.memo.foreign_code import foreign_code_key
from audio_pipeline.memo.store import digest
from audio_pipeline.plugins import forget_plugins, plugin
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.delivery_files import delivery_text, full_name, names_of_files

Shelf = Literal["layers", "effects", "deliveries"]


@dataclass(frozen=True)
class AskedPlugin:
    """A kind that a mix uses: the package that provides it, its version, and the key of its code."""

    shelf: Shelf
    kind: str
    package: str
    version: str
    code: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def plugins_of(presets: Iterable[Preset], own: Path) -> tuple[AskedPlugin, ...]:
    """The plug-ins that the presets use, sorted, including those of sounds that are off.

    `own` is the project's folder of deliveries.
    """
    presets = list(presets)
    kinds: set[tuple[Shelf, str, type]] = set()
    for preset in presets:
        kinds |= {("layers", layer.kind, type(layer)) for layer in preset.layers.values()}
        kinds |= {("effects", effect.kind, type(effect)) for effect in preset.effects.values()}
    foreign = [place for place in kinds if not place[2].__module__.startswith("audio_pipeline.")]
    found = []
    for shelf, kind, sound in sorted(foreign, key=lambda place: place[:2]):
        if (brings := plugin(shelf, kind)) is not None:
            code = foreign_code_key(sound)
            found.append(AskedPlugin(shelf, kind, brings.package, brings.version, code))
    deliveries = sorted({preset.master.delivery for preset in presets})
    found += filter(None, (_delivery(name, own) for name in deliveries))
    return tuple(found)


def _delivery(name: str, own: Path) -> AskedPlugin | None:
    """The delivery, if a plug-in provides it; None for an invalid one, which the render reports."""
    try:
        name = full_name(name, own)
        if name in names_of_files(own):
            return None
        brings = plugin("deliveries", name)
        if brings is None:
            return None
        code = digest(delivery_text(name, None))
    except AudioPipelineError:
        return None
    return AskedPlugin("deliveries", name, brings.package, brings.version, code)


def lacking(asked: AskedPlugin) -> str | None:
    """The reason why this process cannot use the same plug-in, or None; it completes "the worker …"."""
    try:
        here = plugin(asked.shelf, asked.kind)
        if here is None:  # it may have been installed after this process started
            forget_plugins()
            importlib.invalidate_caches()
            here = plugin(asked.shelf, asked.kind)
        if here is None:
            return f"does not have the plug-in {asked}, which brings the kind {asked.kind!r}"
        if (here.package, here.version) != (asked.package, asked.version):
            return (
                f"would not make the same bytes: its {asked.kind!r} is of {here}, here it is of {asked}"
            )
        code = _code_here(asked)
    except AudioPipelineError as error:
        return f"cannot use the plug-in {asked}: {error.message}"
    if code != asked.code:
        return (
            f"would not make the same bytes: its plug-in {asked} has other code, or other dependencies"
        )
    return None


def _code_here(asked: AskedPlugin) -> str:
    """The key of the plug-in's code in this process. Raises PresetError or ReportError for an unusable one."""
    if asked.shelf == "deliveries":
        return digest(delivery_text(asked.kind, None))
    sound: type = LAYERS[asked.kind] if asked.shelf == "layers" else EFFECTS[asked.kind]
    return foreign_code_key(sound)
