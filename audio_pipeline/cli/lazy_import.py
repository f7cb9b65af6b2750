"""Imports put off until something of a module is used: to list presets no array is ever made, and with NumPy
the list takes a third longer.

The standard library's `LazyLoader` would do, but until Python 3.12 a second `import` wakes it.
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
    """From here on `import name` gives a stand-in, which imports the module when it is first asked for
    something. Not for commands whose threads might ask at once."""
    sys.modules.setdefault(name, _StandIn(name))
