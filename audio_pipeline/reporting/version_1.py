"""Converts reports of version 1 to version 2.

Version 1 names one file without its hash, has warnings without codes, and lacks cues, layout, slots and null
residual. Its provenance holds a single gain and its anchor.
"""

from __future__ import annotations

import math
from typing import Any

from audio_pipeline.reporting.model import SCHEMA
from audio_pipeline.reporting.warnings import WarningCode

SCHEMA_1 = "LoudnessReport.1"
_NOT_HELD = "a report of version 1 does not hold it"


def upgraded(old: dict[str, Any]) -> dict[str, Any]:
    """The report in the form of version 2; other invalid values are left for the model to reject.

    Raises ValueError that begins with the key for a `file` or `warnings` that version 2 cannot hold.
    """
    file, warnings = old.get("file"), old.get("warnings")
    if "file" not in old or not isinstance(file, str):
        raise ValueError("file is missing" if "file" not in old else "file must be text")
    if not isinstance(warnings, list) or not all(isinstance(word, str) for word in warnings):
        raise ValueError("warnings is missing or no list of texts")
    provenance = old.get("provenance")
    facts = provenance if isinstance(provenance, dict) else {}
    gains = _gains(facts)
    reasons = old.get("reasons")
    new = {key: value for key, value in old.items() if key != "file"}
    new |= {
        "schema": SCHEMA,
        "files": {file: None},
        "layout": None,
        "gains": gains,
        "null_residual_dbfs": None,
        "cues": [],
        "slots": None,
        "warnings": [{"code": WarningCode.VERSION_1.value, "message": word} for word in warnings],
    }
    if isinstance(reasons, dict):
        nulls = ["files", "layout", "null_residual_dbfs", "cues", "slots"]
        nulls += [f"gains.{name}" for name, gain in gains.items() if gain is None]
        new["reasons"] = {**reasons, **dict.fromkeys(nulls, _NOT_HELD)}
    return new


def _gains(facts: dict[str, Any]) -> dict[str, float | None]:
    gain, anchor = facts.get("gain_db"), facts.get("anchor")
    known = isinstance(gain, float | int) and not isinstance(gain, bool) and math.isfinite(gain)
    return {
        f"{name}_db": float(gain) if known and anchor == name else None  # type: ignore[arg-type]
        for name in ("dialogue", "programme")
    }
