"""The libraries of the extra `exchange`, imported when a format needs one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from audio_pipeline.errors import RenderError

PACKAGES = {
    "rpp": "rpp",
    "opentimelineio": "opentimelineio",
    "otio_fcp_adapter": "otio-fcp-adapter",
    "aaf2": "pyaaf2",
}


def exchange_module(name: str) -> Any:
    """The module `name` of the extra `exchange`. Raises RenderError, with a hint, when it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise RenderError(
            f"the package {PACKAGES[name]} is missing; this format needs it",
            hint="pip install 'render-ending[exchange]'",
        ) from error
