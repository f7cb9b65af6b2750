"""The output of `check --json` for a file, `Check.1`, and its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.reporting.model import (
    ClauseVerdict,
    GainAdvice,
    Listening,
    LoudnessReport,
    Silence,
    Verdict,
)
from audio_pipeline.reporting.values import Level, Many, ReportModel, Text
from audio_pipeline.reporting.warnings import ReportWarning

SCHEMA: Literal["Check.1"] = "Check.1"


class CheckResult(ReportModel):
    """The verdict of a delivery on one file. An unreadable file has an `error` and no verdict;
    `gain_applied_db` is the gain with which `--apply` wrote the file."""

    schema_name: Literal["Check.1"] = Field(alias="schema")
    file: Text
    name: Text | None = Field(description="the delivery")
    title: Text | None
    verdict: Verdict | None
    clauses: Many[ClauseVerdict]
    dialogue_share_percent: Level | None
    listening: Listening | None
    silences: Many[Silence]
    advice: GainAdvice | None
    warnings: Many[ReportWarning]
    gain_applied_db: Level | None
    error: Text | None

    @property
    def passes(self) -> bool:
        """Whether every binding clause that applies passes."""
        return self.verdict == "pass"

    def codes(self, *outcomes: str) -> list[str]:
        """The codes of the clauses with these outcomes."""
        return [clause.code or clause.figure for clause in self.clauses if clause.verdict in outcomes]

    def measured(self, figure: str) -> float | None:
        """The measured value of a figure that a clause is about; None for other figures."""
        return next((c.measured for c in self.clauses if c.figure == figure), None)


def checked(report: LoudnessReport, gain_applied_db: float | None = None) -> CheckResult:
    """The result for a report that holds a verdict."""
    return CheckResult(
        schema=SCHEMA,
        file=report.file,
        **{name: getattr(report.delivery, name) for name in type(report.delivery).model_fields},
        warnings=report.warnings,
        gain_applied_db=gain_applied_db,
        error=None,
    )


def not_checked(file: str, error: AudioPipelineError) -> CheckResult:
    """The result for a file that could not be checked."""
    return CheckResult(
        schema=SCHEMA,
        file=file,
        name=None,
        title=None,
        verdict=None,
        clauses=(),
        dialogue_share_percent=None,
        listening=None,
        silences=(),
        advice=None,
        warnings=(),
        gain_applied_db=None,
        error=error.message,
    )


def check_schema() -> dict[str, Any]:
    """The JSON Schema of `Check.1`, draft 2020-12, for one file or a list of files."""
    one = CheckResult.model_json_schema(by_alias=True, mode="serialization")
    definitions = one.pop("$defs")
    reference = {"$ref": "#/$defs/CheckResult"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "anyOf": [reference, {"type": "array", "items": reference}],
        "$defs": {**definitions, "CheckResult": one},
    }
