"""The verdict of another delivery on an existing report."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.reporting.clause import Value
from audio_pipeline.reporting.delivery import load_delivery
from audio_pipeline.reporting.fault_warnings import count_rejected
from audio_pipeline.reporting.file_figures import file_figures
from audio_pipeline.reporting.gain_advice import advise
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.programme_response import response_of_report
from audio_pipeline.reporting.verdict import judge


def rejudged(report: LoudnessReport, delivery_name: str, own: Path | None = None) -> LoudnessReport:
    """The report with the verdict of `delivery_name` and unchanged measurements. `own` is a project's folder of
    deliveries.

    If the report is for a different delivery, the report's listening level may not apply, so audibility is left
    out. Raises ReportError for an unknown delivery.
    """
    delivery, before = load_delivery(delivery_name, own), report.delivery
    if delivery.name == before.name:
        return report
    figures = {
        **report.headline(),
        **_of_file(report),
        "leq_m_db": None,
        "dialogue_share_percent": before.dialogue_share_percent,
        "channel_faults": count_rejected(warning.code for warning in report.warnings),
    }
    reasons = {**report.reasons, "leq_m_db": "the report does not hold it; check the audio file"}
    judged = vars(judge(delivery, figures, reasons))
    advice = advise(delivery, response_of_report(figures, report.curves))
    changed = before.model_copy(update={**judged, "advice": advice, "listening": None})
    return report.model_copy(update={"delivery": changed})


def _of_file(report: LoudnessReport) -> dict[str, Value]:
    encoding = report.provenance.get("encoding")
    if not isinstance(encoding, str) or " " not in encoding:
        return {"bits": None, "container": None, "codec": None, "real_bits": None}
    file_format, _, subtype = encoding.rpartition(" ")
    found, real = file_figures(file_format, subtype), report.provenance.get("real_bits")
    # earlier reports do not hold it and do not state padding
    return {**found, "real_bits": real if isinstance(real, int) else found["bits"]}
