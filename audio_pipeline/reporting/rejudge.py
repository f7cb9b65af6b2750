"""The verdict of another delivery on a report that is already there."""

from __future__ import annotations

from audio_pipeline.reporting.delivery import load_delivery
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.verdict import judge

_BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_LOSSLESS = ("ALAC", "FLAC", "WAVPACK", "TTA", "APE")


def bits_of(subtype: str) -> int | None:
    """The width of a sample of that kind, by libsndfile's name; None where it is no whole number."""
    codec, _, bits = subtype.rpartition("_")
    return int(bits) if codec in _LOSSLESS and bits.isdigit() else _BITS.get(subtype)


def rejudged(report: LoudnessReport, delivery_name: str) -> LoudnessReport:
    """The report with the verdict of `delivery_name`; what was measured stays.

    Where the delivery is another one than the report's, the listening level is not known to suit, so
    nothing is said of audibility. Raises ReportError for a delivery that is not there.
    """
    delivery, before = load_delivery(delivery_name), report.delivery
    if delivery.name == before.name:
        return report
    encoding = report.provenance.get("encoding")
    figures = {
        **report.headline(),
        "bits": bits_of(encoding.rpartition(" ")[2]) if isinstance(encoding, str) else None,
        "leq_m_db": None,
        "dialogue_share_percent": before.dialogue_share_percent,
    }
    reasons = {**report.reasons, "leq_m_db": "the report does not hold it; check the audio file"}
    judged = before.model_copy(update={**vars(judge(delivery, figures, reasons)), "listening": None})
    return report.model_copy(update={"delivery": judged})
