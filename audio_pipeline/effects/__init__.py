"""The effects. One file an effect: its parameters, with units, and its process."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

from audio_pipeline.effects.base import Effect


@lru_cache(maxsize=1)
def effect_kinds() -> dict[str, type[Effect]]:
    """Every kind of effect there is, by the name that a preset calls it: found, not listed."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    kinds = {cls.model_fields["kind"].default: cls for cls in Effect.__subclasses__()}
    return dict(sorted(kinds.items()))
