"""Reads report files; errors name the file and the key."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import ValidationError

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.faults import first_fault, shown, too_large
from audio_pipeline.reporting.model import SCHEMA, LoudnessReport
from audio_pipeline.reporting.report_names import MAX_BYTES
from audio_pipeline.reporting.version_1 import SCHEMA_1, upgraded

_WRITE_AGAIN = (
    "Write the report again with render-ending --preset NAME or render-ending measure FILE --json."
)

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_report(path: Path) -> LoudnessReport:
    """The report in `path`, of version 2 or 1. Raises ReportError for an invalid or incomplete report."""
    return _checked(path, _json_of(path))


def _checked(path: Path, value: object) -> LoudnessReport:
    try:
        if isinstance(value, dict) and (fault := too_large(value)) is not None:
            raise ReportError(f"{path}: {fault}", hint=_WRITE_AGAIN)
        return LoudnessReport.model_validate(_of_version_2(path, value))
    except ValidationError as error:
        raise ReportError(f"{path}: {first_fault(error)}", hint=_WRITE_AGAIN) from error
    except RecursionError as error:
        raise ReportError(f"{path} is not valid JSON: too deep", hint=_WRITE_AGAIN) from error


def read_current_report(path: Path) -> LoudnessReport:
    """The report in `path`, of version 2. Raises ReportError for one of version 1, and as `read_report`."""
    value = _json_of(path)
    if isinstance(value, dict) and value.get("schema") == SCHEMA_1:
        raise ReportError(
            f"{path} is a report of version 1 ({SCHEMA_1}), which holds no cues and slots in samples",
            hint="Render that mix again; the report will be of version 2.",
        )
    return _checked(path, value)


def _json_of(path: Path) -> object:
    text = read_small_text(path, str(path), "report", MAX_BYTES, ReportError)
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
        if _HALF.search(text):  # an escaped lone surrogate, which UTF-8 cannot encode in a page
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ReportError(
            f"{path} holds half a character: {error.object[error.start]!a}", hint=_WRITE_AGAIN
        ) from error
    except (ValueError, RecursionError) as error:
        raise ReportError(
            f"{path} is not valid JSON: {str(error)[:100] or 'too deep'}", hint=_WRITE_AGAIN
        ) from error
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is not a JSON number")


def _of_version_2(path: Path, value: object) -> object:
    if not isinstance(value, dict) or value.get("schema") == SCHEMA:
        return value
    if value.get("schema") != SCHEMA_1:
        raise ReportError(
            f"{path}: schema is {shown(value.get('schema'))}; it must be {SCHEMA!r} or {SCHEMA_1!r}",
            hint=_WRITE_AGAIN,
        )
    try:
        return upgraded(value)
    except ValueError as error:
        raise ReportError(f"{path}: {error}", hint=_WRITE_AGAIN) from error
