"""Reports without an audio file, for tests of what reads them."""

from __future__ import annotations

from typing import Any

from audio_pipeline.reporting.model import SCHEMA, LoudnessReport


def made_report(**changes: Any) -> LoudnessReport:
    """A report of a second of mono in which nothing was measured, but for `changes`."""
    empty: dict[str, Any] = dict.fromkeys(LoudnessReport.model_fields)
    del empty["schema_name"]
    known = {
        "schema": SCHEMA,
        "mix": "mix",
        "files": {"mix.wav": None},
        "duration_s": 1.0,
        "sample_rate_hz": 48_000,
        "channels": 1,
        "gains": {"dialogue_db": None, "programme_db": None},
        "sections": [],
        "cues": [],
        "delivery": {
            "name": None,
            "title": None,
            "verdict": None,
            "clauses": [],
            "dialogue_share_percent": None,
            "listening": None,
            "silences": [],
        },
        "curves": {"step_s": 0.1, "momentary_lufs": [], "short_term_lufs": [], "level_dbfs": []},
        "warnings": [],
        "provenance": {},
        "reasons": {},
    }
    return LoudnessReport.model_validate({**empty, **known, **changes})
