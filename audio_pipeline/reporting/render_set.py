"""Reads a render as a set of files: finishes an interrupted one, refuses files of different renders.

The report of a render names its audio files with their hashes; a report copied elsewhere without its audio
files is read alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.errors import ReportError, StemError
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_file import read_report


def read_set(path: Path) -> LoudnessReport:
    """The report in `path`, after a check that the audio files next to it belong to it.

    Raises ReportError as `read_report` and for files of different renders, RenderError for an interrupted
    render that cannot be finished here.
    """
    finish_pending(path)
    report = read_report(path)
    refuse_mixture(path, {name: sha256 for name, sha256 in report.files.items() if sha256 is not None})
    return report


def refuse_mixture(path: Path, files: Mapping[str, str]) -> None:
    """Raise ReportError when an audio file next to the report `path` is from a different render.

    `files` holds the SHA-256 by name, relative to the report. Missing files and names outside the report's
    folder are skipped.
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
