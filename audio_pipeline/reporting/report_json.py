"""Reports as JSON text; the same report gives the same bytes."""

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
    """A report, or a list of reports, as reproducible JSON text; each curve is on one line."""
    value = as_json(report) if isinstance(report, LoudnessReport) else [as_json(r) for r in report]
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    # JSON strings never contain a line break, so this matches only lists of numbers
    return re.sub(r"\[\n[-\d.,\senul+]*\]", lambda m: re.sub(r"\s+", " ", m[0]), text) + "\n"
