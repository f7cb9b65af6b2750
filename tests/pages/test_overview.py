"""The overview: safe whatever the names are, whole, and right about what stands out."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.pages.markup import asset
from audio_pipeline.pages.outliers import outliers
from audio_pipeline.pages.overview import MixResult, overview_csv, overview_html, overview_json
from audio_pipeline.reporting.model import LoudnessReport
from tests.reports import made_report

EVIL = "<script>alert(1)</script>\"'&=cmd|\u202e\n"


def _report(
    title: str = "Film",
    lufs: float = -27.0,
    floor: float | None = -60.0,
    delivery: str = "netflix-nearfield",
) -> LoudnessReport:
    plain = made_report(
        duration_s=4.0,
        integrated_lufs=lufs,
        loudness_range_lu=12.0,
        max_short_term_lufs=-20.0,
        true_peak_dbtp=-2.0,
        dropout={
            "at_s": 3.0,
            "level_before_dbfs": -40.0,
            "floor_dbfs": floor,
            "depth_db": None,
            "fall_s": 0.25,
            "silence_at_s": None,
            "reasons": {},
        },
        curves={
            "step_s": 0.1,
            "momentary_lufs": [],
            "short_term_lufs": [],
            "level_dbfs": [None, *[-30.0 - n for n in range(39)]],
        },
        provenance={"preset": {"title": title}},
    )
    judged = plain.delivery.model_copy(update={"name": delivery, "verdict": "pass"})
    return plain.model_copy(update={"delivery": judged})


def _result(name: str = "final", **changes: Any) -> MixResult:
    return MixResult(name, "final", "", {}, _report(**changes), f"{name}.report.html")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


@settings(max_examples=30)
@given(text=st.text(max_size=40) | st.just(EVIL))
def test_no_text_becomes_mark_up_and_nothing_is_loaded(text: str) -> None:
    results = [
        MixResult(text, text, text, {text: text}, _report(title=text), text),
        MixResult(text, text, text, {}, None, text, text),
    ]
    reader = _read(overview_html(results))
    plain = _read(overview_html([_result(), MixResult("x", "final", "", {}, None, "x", "why")]))
    assert {tag for tag, _ in reader.tags} <= {tag for tag, _ in plain.tags} | {"span"}
    for tag, attributes in reader.tags:
        assert not any(key.startswith("on") or key in ("src", "style") for key in attributes), tag
        if tag == "a":
            assert not re.match(r"[a-z]+:", attributes["href"])


def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    page = overview_html([_result()])
    policy = next(
        a["content"] for t, a in _read(page).tags if "content-security-policy" in str(a).lower()
    )
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "url(" not in asset("plain.css") + asset("overview.css")
    assert "<script" not in page


def test_json_and_csv_have_a_row_for_every_mix_and_formulas_stay_text() -> None:
    results = [_result("a"), MixResult("=cmd()", "final", "fr", {"k": "v"}, None, "l", "it failed")]
    whole = json.loads(overview_json(results))
    assert whole["schema"] == "Batch.1"
    assert [mix["name"] for mix in whole["mixes"]] == ["a", "=cmd()"]
    assert whole["mixes"][0]["dropout_floor_dbfs"] == -60.0
    assert whole["mixes"][1]["failure"] == "it failed"
    rows = list(csv.DictReader(io.StringIO(overview_csv(results))))
    assert rows[0]["integrated_lufs"] == "-27.0"
    assert rows[1]["mix"] == "'=cmd()"
    assert rows[1]["overrides"] == "k=v"


def test_the_one_that_stands_out_is_marked_with_its_distance() -> None:
    results = [_result(f"m{n}", lufs=-27.0 + 0.01 * n) for n in range(9)] + [_result("odd", lufs=-21.0)]
    marks = [mix["outliers"] for mix in json.loads(overview_json(results))["mixes"]]
    assert marks[:9] == [{}] * 9
    assert marks[9] == {"integrated_lufs": pytest.approx(5.955)}
    assert "+6.0 off" in _read(overview_html(results)).text


def test_figures_that_agree_within_a_decibel_have_no_outliers() -> None:
    rows = [{"x": -27.0}] * 20 + [{"x": -28.0}, {"x": None}]
    assert outliers(rows) == [{}] * 22
    assert outliers([*rows, {"x": -28.1}])[-1] == {"x": pytest.approx(-1.1)}


def test_a_mix_is_compared_with_those_for_the_same_delivery() -> None:
    loud = [_result(f"l{n}", lufs=-18.0, delivery="podcast") for n in range(5)]
    whole = json.loads(overview_json([*(_result(f"m{n}") for n in range(9)), *loud]))
    assert [mix["outliers"] for mix in whole["mixes"]] == [{}] * 14


def test_of_few_mixes_nothing_is_marked() -> None:
    assert outliers([{"x": 0.0}, {"x": 0.0}, {"x": 0.0}, {"x": 99.0}]) == [{}] * 4


@given(st.lists(st.floats(-80, 0), min_size=5, max_size=30), st.floats(-20, 20))
def test_marking_does_not_depend_on_the_level_of_all(values: list[float], shift: float) -> None:
    def marked(by: float) -> list[bool]:
        return [bool(m) for m in outliers([{"x": round(v, 3) + by} for v in values])]

    assert marked(0.0) == marked(float(round(shift)))


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_as_wcag_aa_asks(theme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", asset("plain.css"), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[theme]))
    for name in ("ink", "soft", "accent", "one", "pass", "fail"):
        bright, dark = sorted((_luminance(colours[name]), _luminance(colours["paper"])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, name
