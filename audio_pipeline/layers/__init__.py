"""The sounds. One file a sound: its parameters, with units, and its render."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

from audio_pipeline.layers.base import Layer


@lru_cache(maxsize=1)
def layer_kinds() -> dict[str, type[Layer]]:
    """Every kind of layer there is, by the name that a preset calls it: found, not listed."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    kinds = {cls.model_fields["kind"].default: cls for cls in Layer.__subclasses__()}
    return dict(sorted(kinds.items()))
