"""The clauses that keep a delivery from passing, failed or not measurable, as text."""

from __future__ import annotations

from audio_pipeline.records import dataclass
from audio_pipeline.reporting.figures import FIGURES, Figure, shown
from audio_pipeline.reporting.model import ClauseVerdict, LoudnessReport, Verdict


@dataclass(frozen=True)
class FailedClause:
    """One clause that did not pass. `measured` is None when the figure could not be measured; then `why` is
    the reason."""

    figure: str
    verdict: str
    measured: float | None
    limit: str
    why: str | None

    def sentence(self) -> str:
        """The clause as text: "True peak: -0.4 dBTP, allowed: at most -2 dBTP"."""
        figure = FIGURES.get(self.figure, Figure(self.figure, ""))
        if self.measured is None:
            return f"{figure.label}: not measurable, {self.why or 'it was not measured'}"
        measured = f"{shown(self.measured, figure.decimals)} {figure.unit}".strip()
        return f"{figure.label}: {measured}, allowed: {self.limit}"


@dataclass(frozen=True)
class DeliveryResult:
    """The delivery of a mix: its name, its verdict, and the clauses that did not pass."""

    name: str | None
    verdict: Verdict | None
    failed: tuple[FailedClause, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether every clause that applies was measured and passed."""
        return self.verdict == "pass"

    def as_text(self) -> str:
        """The verdict as one line for a terminal: "delivery failed: ebu-r128"."""
        if self.verdict is None:
            return "delivery not judged"
        said = {"pass": "passed", "fail": "failed"}.get(self.verdict, self.verdict)
        return f"delivery {said}: {self.name}"

    def sentence(self) -> str:
        """The delivery with its clauses, in one sentence."""
        clauses = "; ".join(clause.sentence() for clause in self.failed)
        return f"{self.as_text()}: {clauses}" if clauses else self.as_text()


def delivery_result(report: LoudnessReport) -> DeliveryResult:
    """The result of the delivery in a report."""
    delivery = report.delivery
    failed = tuple(
        _failed(clause) for clause in delivery.clauses if clause.verdict in ("fail", "not measurable")
    )
    return DeliveryResult(delivery.name, delivery.verdict, failed)


def _failed(clause: ClauseVerdict) -> FailedClause:
    return FailedClause(clause.figure, clause.verdict, clause.measured, clause.limit, clause.why)
