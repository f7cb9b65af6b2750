"""File names as they can be shown to a person."""

from __future__ import annotations

import os

from audio_pipeline import errors


def printable(path: str | os.PathLike[str]) -> str:
    """`path` as it was given, with every character that cannot be shown escaped."""
    return errors.printable(os.fspath(path))
