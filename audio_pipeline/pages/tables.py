"""The figures of a report as HTML: headline, clauses, sections, dropout, changes, provenance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from audio_pipeline.pages.changes import Changes, as_text
from audio_pipeline.pages.markup import Markup, element, join
from audio_pipeline.pages.words import clause_rows
from audio_pipeline.reporting.dropout import UNCERTAIN_S
from audio_pipeline.reporting.figures import FIGURES, SECTION_FIGURES, shown
from audio_pipeline.reporting.model import DropoutLevels, LoudnessReport

_HEADLINE = (
    "dialogue_lufs",
    "integrated_lufs",
    "loudness_range_lu",
    "max_momentary_lufs",
    "max_short_term_lufs",
    "true_peak_dbtp",
)
_SHORT = {
    "dialogue_lufs": "Dialogue stem",
    "integrated_lufs": "Programme",
    "max_momentary_lufs": "Loudest 400 ms",
    "max_short_term_lufs": "Loudest 3 s",
}
_PLACES = {
    "max_momentary_lufs": "max_momentary_at_s",
    "max_short_term_lufs": "max_short_term_at_s",
    "true_peak_dbtp": "true_peak_at_s",
}


def minus(text: str) -> str:
    """A figure with the typographic minus sign."""
    return text.replace("-", "−", 1) if text.startswith("-") and len(text) > 1 else text


def number(value: float | None, decimals: int) -> str:
    """A figure, or a dash."""
    return "–" if value is None else minus(shown(value, decimals))


def seconds(value: float) -> str:
    """A time as minutes and seconds, "0:24.37"."""
    minutes, rest = divmod(round(value * 100), 6000)
    return f"{minutes}:{rest / 100:05.2f}"


def timecode(report: LoudnessReport, at_s: float) -> str:
    """The timecode at `at_s` seconds from the start."""
    return report.clock.timecode_of_rounded(at_s)


def verdict(word: str | None) -> Markup:
    """A verdict as a symbol, distinguishable without colour, and a word."""
    signs = {"pass": "✓", "fail": "✕", None: "·"}
    shown_word = word or "no delivery named"
    kind = shown_word.replace(" ", "-")
    sign = element("span", signs.get(word, "–"), aria_hidden="true")
    return element("span", sign, " ", shown_word, class_=f"verdict {kind}")


def headline(report: LoudnessReport) -> Markup:
    """The headline figures."""
    items = [_item(report, name) for name in _HEADLINE if report.figure(name) is not None]
    dropout = report.dropout
    if dropout is not None and dropout.floor_dbfs is not None:
        floor, where = dropout.floor_dbfs, f"after {seconds(dropout.at_s)}"
        items.append(_figure("Dropout floor", number(floor, 1), "dBFS", where, "floor_dbfs"))
    return element("dl", *items, class_="headline")


def _item(report: LoudnessReport, name: str) -> Markup:
    figure = FIGURES[name]
    place = report.figure(_PLACES[name]) if name in _PLACES else None
    where = "" if place is None else f"at {seconds(place)}"
    label = _SHORT.get(name, figure.label)
    return _figure(label, number(report.figure(name), figure.decimals), figure.unit, where, name)


def _figure(label: str, value: str, unit: str, where: str, name: str) -> Markup:
    return element(
        "div",
        element("dt", label),
        element("dd", element("span", value, class_="value", data_figure=name), " ", unit),
        element("dd", where or Markup("&nbsp;"), class_="where"),
    )


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: Sequence[int] = (0,)
) -> Markup:
    """A table whose first column holds the row headers; numbers are right-aligned."""
    kinds = ["text" if n in text_columns else "number" for n in range(len(head))]
    top = [element("th", cell, scope="col", class_=kind) for cell, kind in zip(head, kinds, strict=True)]
    body = [
        element(
            "tr",
            element("th", row[0], scope="row", class_=kinds[0]),
            *(element("td", cell, class_=k) for cell, k in zip(row[1:], kinds[1:], strict=True)),
        )
        for row in rows
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", caption, class_="unseen"),
            element("thead", element("tr", *top)),
            element("tbody", *body),
        ),
        class_="scroll",
        tabindex="0",
        role="group",
        aria_label=caption,
    )


def clauses(report: LoudnessReport) -> Markup:
    """The delivery, clause by clause."""
    rows = []
    raw = report.delivery.clauses
    for clause, row in zip(raw, clause_rows(report), strict=True):
        label, limit, measured, delta, _ = row
        delta = delta.replace("+0.0", "0.0") if float(delta or 1.0) == 0.0 else delta
        told = limit.replace("+/-", "±").replace(" -", " −")
        rows.append((label, minus(told), minus(measured), minus(delta), verdict(clause.verdict)))
    return table("Delivery", ("Clause", "Limit", "Measured", "Δ", "Verdict"), rows, (0, 1, 4))


def sections(report: LoudnessReport) -> Markup:
    """A row for every section; its name is a button that seeks there."""
    head = ("Section", "Timecode", "Length s", "LUFS", "RMS dBFS", "Peak dBFS", "Below dialogue LU")
    names = ("integrated_lufs", "rms_dbfs", "sample_peak_dbfs", "below_dialogue_lu")
    rows = [
        (
            element("button", s.name, type="button", class_="cue", data_at=repr(s.start_s)),
            timecode(report, s.start_s),
            number(s.stop_s - s.start_s, 2),
            *(number(getattr(s, name), SECTION_FIGURES[name].decimals) for name in names),
        )
        for s in report.sections
    ]
    return table("Sections", head, rows, (0, 1))


def dropout_contract(report: LoudnessReport, dropout: DropoutLevels) -> Markup:
    """The dropout, specified and measured."""
    plan = _dropout_plan(report)
    silence = next((s.start_s for s in report.sections if s.name == "silence"), None)
    level = number(dropout.level_before_dbfs, 1)
    spares = as_text(plan.get("spares"))
    rows = [
        ("Begins", as_text(plan.get("at")), timecode(report, dropout.at_s)),
        ("Falls within", as_text(plan.get("fade")), _milliseconds(dropout.fall_s, UNCERTAIN_S)),
        ("Level before", "", f"{level} dBFS"),
        ("Floor after", f"only {spares}" if plan else "", f"{number(dropout.floor_dbfs, 1)} dBFS"),
        ("Depth", "", f"{number(dropout.depth_db, 1)} dB"),
        (
            "Digital silence from",
            "" if silence is None else timecode(report, silence),
            "–" if dropout.silence_at_s is None else timecode(report, dropout.silence_at_s),
        ),
    ]
    return table("Dropout", ("Dropout", "Specified", "Measured"), rows, (0, 1))


def _milliseconds(value_s: float | None, uncertain_s: float) -> str:
    return "–" if value_s is None else f"{value_s * 1000:.0f} ± {uncertain_s * 1000:.0f} ms"


def _dropout_plan(report: LoudnessReport) -> dict[str, Any]:
    """The dropout's parameters by their short names, from the preset in the report."""
    flat = report.preset
    names = [k.removesuffix("kind") for k, v in flat.items() if k.endswith(".kind") and v == "dropout"]
    return {k.removeprefix(name): v for name in names[:1] for k, v in flat.items() if k.startswith(name)}


def changes_table(changes: Changes) -> Markup:
    """The changes of the preset against its base."""
    if not changes.rows:
        return element("p", "No base preset." if changes.base is None else "Nothing.")
    rows = [(c.key, as_text(c.before), as_text(c.after), c.origin) for c in changes.rows]
    head = ("Key", changes.base or "before", "Here", "Written in")
    return table("Changes", head, rows, (0, 1, 2, 3))


def provenance(report: LoudnessReport) -> Markup:
    """The provenance of the mix, with the preset in a collapsed table."""
    facts = {k: v for k, v in report.provenance.items() if k != "preset"}
    items = [(k, text) for k, text in _flat(facts)]
    rows = [join(element("dt", k), element("dd", v)) for k, v in items]
    preset = report.preset
    parts = [element("dl", *rows, class_="facts")]
    if preset:
        values = table("Preset", ("Key", "Value"), [(k, as_text(v)) for k, v in preset.items()], (0, 1))
        parts.append(
            element("details", element("summary", f"The whole preset, {len(preset)} values"), values)
        )
    return join(*parts)


def _flat(facts: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in facts.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            rows += _flat(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            for item in value:
                rows += _flat(item, f"{name}.{item.get('sound', item.get('effect', ''))}.")
        elif value not in (None, []):
            rows.append((name, as_text(value)))
    return rows
