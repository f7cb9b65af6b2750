"""File names for display."""

from __future__ import annotations

import os

from audio_pipeline import errors


def printable(path: str | os.PathLike[str]) -> str:
    """`path` as given, with every unprintable character escaped."""
    return errors.printable(os.fspath(path))
