"""The JSON Schema of a report, generated from the model."""

from __future__ import annotations

from typing import Any

from audio_pipeline.reporting.model import SCHEMA, LoudnessReport


def report_schema() -> dict[str, Any]:
    """The JSON Schema of `LoudnessReport.2`, draft 2020-12."""
    schema = LoudnessReport.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": SCHEMA}
