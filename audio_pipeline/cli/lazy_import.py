"""Imports modules at the first use of an attribute: listing presets needs no arrays; with NumPy it takes a
third longer.

The standard library's `LazyLoader` would do, but before Python 3.12 a second `import` loads the module.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def lazy_import(name: str) -> None:
    """Let `import name` return a placeholder that imports the module at the first use of an attribute.

    Not thread-safe.
    """
    sys.modules.setdefault(name, _StandIn(name))
