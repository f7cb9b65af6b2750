"""The mixes of earlier batches in the same folder, which stay in the overview while their files exist."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import PresetError, ReportError
from audio_pipeline.jobs.render_files import PAGE_SUFFIX
from audio_pipeline.pages.overview import SCHEMA, MixResult
from audio_pipeline.preset.names import check_name, same_file
from audio_pipeline.preset.project import Project
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.reporting.report_names import MAX_BYTES, SUFFIX

FILE = "batch.json"

_WRITE_AGAIN = f"Remove {FILE}; the next batch writes a new one."

_TEXTS = ("name", "preset", "language", "failure")


def earlier_results(out: Path, project: Project, names: Collection[str]) -> list[MixResult]:
    """The mixes of the overview in `out`, except `names`, each with its current report.

    A mix without its audio file or report is left out, and so is a failed mix without its preset. Raises
    ReportError for an invalid overview.
    """
    taken = {same_file(name) for name in names}
    results = []
    for row in _rows(out / FILE):
        if same_file(row["name"]) in taken:
            continue
        taken.add(same_file(row["name"]))
        result = _result(out, project, row)
        if result is not None:
            results.append(result)
    return results


def result_of(
    out: Path, name: str, base: str, language: str, overrides: dict[str, str], failure: str | None
) -> MixResult:
    """A mix for the overview, with its report; `failure` is the reason of a missing report."""
    report = None
    if failure is None:
        try:
            report = read_report(out / f"{name}{SUFFIX}")
        except ReportError as error:
            failure = error.message
    page = f"{name}{PAGE_SUFFIX}"
    link = page if (out / page).is_file() else f"{name}{SUFFIX}"
    return MixResult(name, base, language, overrides, report, link, failure)


def _result(out: Path, project: Project, row: dict[str, Any]) -> MixResult | None:
    name, base, failure = row["name"], row["preset"] or "", row["failure"]
    is_there = all((out / f"{name}{ending}").is_file() for ending in (".wav", SUFFIX))
    if not is_there and (failure is None or base not in project.preset_names()):
        return None
    overrides = {str(key): str(value) for key, value in row["overrides"].items()}
    # a mix that failed in a batch may have been rendered since by `render-ending --preset`
    return result_of(out, name, base, row["language"] or "", overrides, None if is_there else failure)


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists() or path.stat().st_size == 0:
        return []
    text = read_small_text(path, str(path), "overview", MAX_BYTES, ReportError)
    try:
        whole = json.loads(text)
        if whole["schema"] != SCHEMA:
            raise ValueError("its schema is another")
        rows = [{key: row.get(key) for key in (*_TEXTS, "overrides")} for row in whole["mixes"]]
        for row in rows:
            if any(not isinstance(row[key], str | None) for key in _TEXTS):
                raise ValueError("a mix has a value of the wrong type")
            if not isinstance(row["overrides"], dict):
                raise ValueError("a mix has no overrides")
            check_name(row["name"] or "")  # it becomes a path
    except PresetError as error:
        raise ReportError(f"{path} is invalid: {error.message}", hint=_WRITE_AGAIN) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        cause = str(error)[:100] or "too deep"
        raise ReportError(f"{path} is invalid: {cause}", hint=_WRITE_AGAIN) from error
    return rows
