"""A render read as a set: finished first where it was interrupted, refused where it is a mixture.

The report of a render names its audio files with their hashes; a report that was taken elsewhere without
them is read by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from audio_pipeline.audio_io.regular_file import open_regular, sha256_hex
from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.errors import ReportError, StemError
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_file import MAX_BYTES, read_report


def read_set(path: Path) -> LoudnessReport:
    """The report in `path`, whose audio files beside it are those that it was made from.

    Raises ReportError as `read_report`, or for a mixture, and RenderError for a render that was
    interrupted and cannot be finished here.
    """
    finish_pending(path)
    report = read_report(path)
    refuse_mixture(path, {name: sha256 for name, sha256 in report.files.items() if sha256 is not None})
    return report


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


def refuse_mixture(path: Path, files: Mapping[str, str]) -> None:
    """Raise ReportError when an audio file beside the report `path` is not the one of its render.

    `files` holds their SHA-256 by their names, relative to the report. One that is missing is passed
    over, and so is a name that leads out of the report's folder.
    """
    for name, sha256 in files.items():
        file = path.parent / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not file.is_file():
            continue
        try:
            found = sha256_hex(file)
        except StemError as error:
            raise ReportError(error.message, hint=error.hint) from error
        if found != sha256:
            raise ReportError(
                f"{file} is not the file of the render that {path} reports on: its SHA-256 differs.",
                hint="Render the mix again, or name the audio file instead of its report.",
            )
