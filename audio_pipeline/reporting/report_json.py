"""Reports as text: the same report, the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from audio_pipeline.reporting.model import LoudnessReport


def as_json(report: LoudnessReport) -> dict[str, Any]:
    """The report as JSON values, keys in the order of the file."""
    return report.model_dump(mode="json", by_alias=True)


def to_json(report: LoudnessReport | Sequence[LoudnessReport]) -> str:
    """A report, or a list of them, as text: the same report, the same bytes; a curve on one line."""
    value = as_json(report) if isinstance(report, LoudnessReport) else [as_json(r) for r in report]
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    # a line break is never part of a JSON string, so this can only meet lists of numbers
    return re.sub(r"\[\n[-\d.,\senul+]*\]", lambda m: re.sub(r"\s+", " ", m[0]), text) + "\n"
