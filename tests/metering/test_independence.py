"""The meter measures any audio: it knows nothing of this film, its cues or its reports."""

from __future__ import annotations

import ast
import re

import pytest

from tests.conftest import REPOSITORY

FILES = sorted((REPOSITORY / "audio_pipeline" / "metering").rglob("*.py"))
ALLOWED = (
    "audio_pipeline.dsp",
    "audio_pipeline.metering",
    "audio_pipeline.records",
    "audio_pipeline.timeline.spans",
)
OF_THE_FILM = re.compile(
    r"drop_?out|\bcues?\b|report|dialogue|voice|grain|projector|premaster|deliver|preset|scene|crossfade",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_imports_numbers_records_and_spans_only(file) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("audio_pipeline"):
            assert node.module.startswith(ALLOWED), node.module


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_word_of_the_film_is_in_it(file) -> None:
    text = file.read_text(encoding="utf-8")
    if file.parent.name == "faults":  # where a dropout is a fault of a recording
        text = re.sub("(?i)dropout", "", text)
    assert OF_THE_FILM.findall(text) == []
