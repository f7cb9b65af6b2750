"""The overview of a batch: every mix with its changes, figures, verdict and level curve.

The page is one file without a script; its policy forbids loading anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from audio_pipeline.errors import encodable_texts
from audio_pipeline.pages.csv_tables import to_csv
from audio_pipeline.pages.markup import Markup, asset, element, page_head, source_hash
from audio_pipeline.pages.outliers import RULE, outliers
from audio_pipeline.pages.overruns_csv import overruns_as_text
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.failed_clauses import FailedClause, delivery_result
from audio_pipeline.reporting.figures import DROPOUT_FIGURES, FIGURES, Figure, shown
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.warnings import ReportWarning, overruns_among

SCHEMA = "Batch.1"
COLUMNS = (
    "dialogue_lufs",
    "integrated_lufs",
    "loudness_range_lu",
    "max_short_term_lufs",
    "true_peak_dbtp",
)
DROPOUT_COLUMNS = ("floor_dbfs", "fall_s")

_POINTS = 160
_FLOOR_DBFS = -100.0
_MOST_OVERRIDES = 5


@dataclass(frozen=True)
class MixResult:
    """One mix of a batch. After a failure `report` is None and `failure` says why; `link` is its report's."""

    name: str
    base: str
    language: str
    overrides: Mapping[str, str]
    report: LoudnessReport | None
    link: str
    failure: str | None = None

    def figures(self) -> dict[str, float | None]:
        """The figures compared between mixes; keys of dropout figures begin with `dropout_`."""
        if self.report is None:
            return {}
        report = self.report
        return {name: report.figure(name) for name in COLUMNS} | {
            f"dropout_{name}": getattr(report.dropout, name, None) for name in DROPOUT_COLUMNS
        }

    def overruns(self) -> tuple[ReportWarning, ...]:
        """The overruns of the mix."""
        return () if self.report is None else overruns_among(self.report.warnings)

    def verdict(self) -> str | None:
        """The delivery's verdict: pass, fail, …; None without one."""
        return None if self.report is None else self.report.delivery.verdict

    def failed_clauses(self) -> tuple[FailedClause, ...]:
        """The clauses that keep the delivery from passing."""
        return () if self.report is None else delivery_result(self.report).failed


def overview_json(results: Sequence[MixResult]) -> str:
    """The batch as JSON; the same results give the same bytes."""
    mixes = [
        {
            "name": result.name,
            "preset": result.base,
            "language": result.language or None,
            "overrides": dict(result.overrides),
            "report": None if result.report is None else result.link,
            "failure": result.failure,
            "delivery": None if result.report is None else result.report.delivery.name,
            "verdict": result.verdict(),
            "overruns": [warning.model_dump(mode="json") for warning in result.overruns()],
            "failed_clauses": [vars(clause) for clause in result.failed_clauses()],
            **{name: result.figures().get(name) for name in _FIGURES},
            "outliers": {name: round(off, 4) for name, off in marks.items()},
        }
        for result, marks in zip(results, _marks(results), strict=True)
    ]
    whole = {"schema": SCHEMA, "outlier_rule": RULE, "mixes": mixes}
    return json.dumps(encodable_texts(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def overview_csv(results: Sequence[MixResult]) -> str:
    """The batch as CSV, a row for every mix, safe to open in a spreadsheet."""
    head = (
        "mix",
        "preset",
        "language",
        "overrides",
        "delivery",
        "verdict",
        "overruns",
        *_FIGURES,
        "outliers",
        "failure",
        "failed_clauses",
    )
    rows = [
        (
            result.name,
            result.base,
            result.language,
            "; ".join(f"{key}={value}" for key, value in result.overrides.items()),
            None if result.report is None else result.report.delivery.name,
            result.verdict(),
            "; ".join(warning.message for warning in result.overruns()),
            *(result.figures().get(name) for name in _FIGURES),
            "; ".join(marks),
            result.failure,
            "; ".join(clause.sentence() for clause in result.failed_clauses()),
        )
        for result, marks in zip(results, _marks(results), strict=True)
    ]
    return to_csv(head, rows)


def overview_html(results: Sequence[MixResult]) -> str:
    """The batch as a page."""
    figures = [_FIGURES[name] for name in _FIGURES]
    heads = [element("th", "Mix", scope="col"), element("th", "Level, dBFS", scope="col")]
    heads += [
        element("th", f"{figure.label}, {figure.unit}", scope="col", class_="number")
        for figure in figures
    ]
    heads.append(element("th", "Delivery", scope="col"))
    marks = _marks(results)
    rows = [_row(result, out) for result, out in zip(results, marks, strict=True)]
    table = element(
        "table",
        element("thead", element("tr", *heads, role="row")),
        element("tbody", *rows),
        role="table",
        aria_label="All mixes of the batch",
    )
    body = element(
        "main",
        element("h1", _title(results)),
        element("p", _summary(results, marks), class_="lede"),
        table,
        element("p", RULE, class_="note"),
        element(
            "p",
            "The level is drawn from −100 to 0 dBFS over the whole mix; the line is the dropout.",
            class_="note",
        ),
    )
    return _page(f"{len(results)} mixes: {_title(results)}", body)


_FIGURES: dict[str, Figure] = {name: FIGURES[name] for name in COLUMNS} | {
    f"dropout_{name}": Figure(
        f"Dropout, {DROPOUT_FIGURES[name].label}",
        DROPOUT_FIGURES[name].unit,
        DROPOUT_FIGURES[name].decimals,
    )
    for name in DROPOUT_COLUMNS
}


def _marks(results: Sequence[MixResult]) -> list[dict[str, float]]:
    """The outliers among mixes for the same delivery, because levels differ between deliveries."""
    marks: list[dict[str, float]] = [{} for _ in results]
    deliveries = [None if r.report is None else r.report.delivery.name for r in results]
    for delivery in set(deliveries):
        alike = [n for n, other in enumerate(deliveries) if other == delivery]
        found = outliers([results[n].figures() for n in alike])
        for n, mark in zip(alike, found, strict=True):
            marks[n] = mark
    return marks


def _page(title: str, body: Markup) -> str:
    style = asset("plain.css") + asset("overview.css")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {source_hash(style)}"
    )
    head = page_head(title, style, policy)
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'


def _title(results: Sequence[MixResult]) -> str:
    titles = {
        str(result.report.preset.get("title", "Mixes"))
        for result in results
        if result.report is not None
    }
    return titles.pop() if len(titles) == 1 else "Mixes"


def _summary(results: Sequence[MixResult], marks: Sequence[Mapping[str, float]]) -> str:
    failed = sum(result.report is None for result in results)
    verdicts = [result.verdict() for result in results if result.report is not None]
    words = [f"{len(results)} mixes" if len(results) != 1 else "1 mix"]
    words.append(f"{verdicts.count('pass')} pass their delivery")
    if others := len(verdicts) - verdicts.count("pass"):
        words.append(f"{others} do not" if others > 1 else "1 does not")
    if failed:
        words.append(f"{failed} failed")
    if out := sum(bool(mark) for mark in marks):
        words.append(f"{out} stand out" if out > 1 else "1 stands out")
    return ", ".join(words) + "."


def _row(result: MixResult, marks: Mapping[str, float]) -> Markup:
    name = result.name if result.report is None else element("a", result.name, href=quote(result.link))
    own = element("th", name, *map(Markup, _about(result)), scope="row", role="rowheader")
    if result.report is None:
        why = result.failure or "it was not rendered"
        wide = element("td", f"Not rendered: {why}", class_="fail wide", colspan=str(len(_FIGURES) + 2))
        return element("tr", own, wide, role="row")
    figures, cells = result.figures(), []
    for key, figure in _FIGURES.items():
        text: list[str] = [shown(figures[key], figure.decimals)]
        if key in marks:
            text.append(element("span", f"{marks[key]:+.{figure.decimals}f} off"))
        kind = "number out" if key in marks else "number"
        cells.append(
            element("td", *text, class_=kind, role="cell", data_label=f"{figure.label}, {figure.unit}")
        )
    verdict = result.verdict()
    delivery = result.report.delivery.name or "no delivery"
    judged = element(
        "strong", verdict or "not judged", class_=verdict if verdict in ("pass", "fail") else None
    )
    overruns = overruns_as_text(result.overruns())
    told = [] if overruns is None else [element("span", overruns, class_="fail")]
    return element(
        "tr",
        own,
        element("td", _shape(result.report), class_="wide", role="cell", data_label="Level, dBFS"),
        *cells,
        element(
            "td",
            judged,
            element("span", delivery),
            *(element("span", clause.sentence()) for clause in result.failed_clauses()),
            *told,
            class_="verdict",
            role="cell",
            data_label="Delivery",
        ),
        role="row",
    )


def _about(result: MixResult) -> list[str]:
    told = [result.base] if result.base != result.name else []
    told += [result.language] if result.language else []
    lines = [element("span", ", ".join(told))] if told else []
    changes = [f"{key} = {value}" for key, value in result.overrides.items()]
    if len(changes) > _MOST_OVERRIDES:
        changes = [*changes[:_MOST_OVERRIDES], f"and {len(changes) - _MOST_OVERRIDES} more"]
    return [*lines, *(element("span", change) for change in changes)]


def _shape(report: LoudnessReport) -> Markup:
    """The mix's level over time as a small picture."""
    curves = report.curves
    levels = [_FLOOR_DBFS if v is None else max(_FLOOR_DBFS, v) for v in curves.level_dbfs]
    step = max(1, -(-len(levels) // _POINTS))
    peaks = [max(levels[n : n + step]) for n in range(0, len(levels), step)]
    if not peaks:
        return Markup("")
    path = "".join(f"L{n} {-peak:.1f}" for n, peak in enumerate(peaks))
    drawn = [element("path", d=f"M0 100{path}L{len(peaks) - 1} 100Z", class_="level")]
    dropout = report.dropout
    if dropout is not None:
        at = f"{dropout.at_s / curves.step_s / step:.1f}"
        drawn.append(element("line", x1=at, x2=at, y1="0", y2="100", class_="cue"))
    return element(
        "svg",
        element("title", f"Level over {report.duration_s:.0f} s"),
        *drawn,
        viewBox=f"0 0 {max(1, len(peaks) - 1)} 100",
        preserveAspectRatio="none",
        role="img",
    )
