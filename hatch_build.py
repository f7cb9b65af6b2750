"""Packs the starter files, and no other file of `presets/` and `stems/`, into the wheel and the sdist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIST = "audio_pipeline/preset/starter.txt"
"""What ships; `render-ending init` reads the same list."""


class StarterHook(BuildHookInterface[Any]):
    """An editable install carries no copy: `init` reads the checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add each starter file to what is packed."""
        inside = "audio_pipeline/starter/" if self.target_name == "wheel" else ""
        for name in (Path(self.root) / LIST).read_text(encoding="utf-8").split("\n"):
            if name:
                build_data["force_include"][str(Path(self.root) / name)] = inside + name
