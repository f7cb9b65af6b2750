"""The audio files that the report of an earlier render names."""

from __future__ import annotations

import json
from pathlib import Path

from audio_pipeline.audio_io.regular_file import open_regular
from audio_pipeline.reporting.report_names import MAX_BYTES


def recorded_files(path: Path) -> dict[str, str]:
    """The audio files that the report in `path` names, relative to it, with their SHA-256 (hex).

    Empty without a readable report, or if it names no files.
    """
    try:
        with open_regular(path) as file:
            files = json.loads(file.read(MAX_BYTES))["files"]
            return {str(name): str(sha256) for name, sha256 in files.items() if sha256 is not None}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
