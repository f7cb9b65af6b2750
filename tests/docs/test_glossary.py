"""The glossary holds the terms of reports, presets and pages."""

from __future__ import annotations

import re
import tomllib

import pytest

from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.reporting.model import LoudnessReport
from tests.conftest import REPOSITORY

GLOSSARY = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
KEYS = set(re.findall(r"`([\w.-]+)`", GLOSSARY))
TERMS = {
    term.strip()
    for row in re.findall(r"^\| ([^|]+) \|", GLOSSARY, re.MULTILINE)
    for term in row.replace("`", "").split(",")
}


@pytest.mark.parametrize("field", [f for f in LoudnessReport.model_fields if f != "schema_name"])
def test_every_field_of_a_report_is_explained(field: str) -> None:
    assert field in KEYS


def test_every_cue_of_final_is_explained() -> None:
    final = tomllib.loads((REPOSITORY / "presets" / "final.toml").read_text(encoding="utf-8"))
    assert set(final["cues"]) <= KEYS


def test_every_kind_of_layer_and_effect_is_explained() -> None:
    kinds = {*LAYERS, *EFFECTS}
    assert {"voice", "echo"} <= kinds
    assert not kinds - TERMS


def test_a_term_is_explained_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", GLOSSARY, re.MULTILINE)
    terms = [row for row in rows if row not in ("term", "cue")]
    assert len(terms) == len(set(terms))
