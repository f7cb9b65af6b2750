"""Reads reports back: what is no report is refused in one sentence that names the file and the key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.regular_file import open_regular
from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.report_schema import find_fault, report_schema

MAX_BYTES = 64_000_000
SUFFIX = ".report.json"

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_report(path: Path) -> dict[str, Any]:
    """The report in `path`. Raises ReportError for anything that is not a whole `LoudnessReport.1`."""
    try:
        if not path.is_file():
            raise ReportError(f"{path} is not a file")
        with open_regular(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise ReportError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: not a report")
    try:
        text = raw.decode("utf-8")
        report = json.loads(text, parse_constant=_refuse_constant)
        if _HALF.search(text):  # an escaped half of a character, which no page could be written with
            json.dumps(report, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ReportError(f"{path} holds half a character: {error.object[error.start]!a}") from error
    except UnicodeDecodeError as error:
        raise ReportError(f"{path} is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is not JSON: {str(error)[:100] or 'too deep'}") from error
    if isinstance(report, dict) and report.get("schema") != "LoudnessReport.1":
        found = ascii(report.get("schema"))[:60]
        raise ReportError(
            f"{path}: schema is {found}; it wants 'LoudnessReport.1'",
            hint="Reports are made by render-ending --preset NAME or render-ending measure --json.",
        )
    fault = find_fault(report, report_schema())
    if fault is not None:
        raise ReportError(f"{path}: {fault}")
    return dict(report)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number")


AUDIO_SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".w64", ".rf64", ".mp3", ".ogg", ".opus", ".m4a")


def renders_in(folder: Path) -> dict[str, Path]:
    """The renders in a folder by name: the report where there is one, the audio file otherwise."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ReportError(f"{folder} cannot be read: {error.strerror or error}") from error
    renders = {path.stem: path for path in files if path.suffix.lower() in AUDIO_SUFFIXES}
    reports = {path.name.removesuffix(SUFFIX): path for path in files if path.name.endswith(SUFFIX)}
    return renders | reports
