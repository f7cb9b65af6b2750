"""Whether a worker has the plug-ins that a mix is made with, and the same code in them.

They are asked for by the names of their kinds: a preset that holds a kind which the worker lacks could not even
be unpickled there.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.memo.foreign_code import foreign_code_key
from audio_pipeline.plugins import forget_plugins, plugin
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.registry import EFFECTS, LAYERS

Shelf = Literal["layers", "effects"]


@dataclass(frozen=True)
class AskedPlugin:
    """A kind that a mix uses: the package that brings it, its version, and the key of its code."""

    shelf: Shelf
    kind: str
    package: str
    version: str
    code: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def plugins_of(presets: Iterable[Preset]) -> tuple[AskedPlugin, ...]:
    """The plug-ins that the presets use, those of sounds that are off, too, in order."""
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
    return tuple(found)


def lacking(asked: AskedPlugin) -> str | None:
    """What keeps this process from playing the kind as it is asked for; completes "the worker …"."""
    try:
        here = plugin(asked.shelf, asked.kind)
        if here is None:  # it may have been installed since this process began
            forget_plugins()
            importlib.invalidate_caches()
            here = plugin(asked.shelf, asked.kind)
        if here is None:
            return f"does not have the plug-in {asked}, which brings the kind {asked.kind!r}"
        if (here.package, here.version) != (asked.package, asked.version):
            return (
                f"would not make the same bytes: its {asked.kind!r} is of {here}, here it is of {asked}"
            )
        sound = LAYERS[asked.kind] if asked.shelf == "layers" else EFFECTS[asked.kind]
    except AudioPipelineError as error:
        return f"cannot use the plug-in {asked}: {error.message}"
    if foreign_code_key(sound) != asked.code:
        return (
            f"would not make the same bytes: its plug-in {asked} has other code, or other dependencies"
        )
    return None
