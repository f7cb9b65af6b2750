"""Notes have stable codes, and the documentation lists them."""

from __future__ import annotations

from audio_pipeline.reporting.notes import NoteCode
from tests.conftest import REPOSITORY


def test_the_codes_are_those_that_were_published() -> None:
    assert [code.value for code in NoteCode] == [
        "channel_layout",
        "stem_channels",
        "markers",
        "stem_trimmed",
    ]


def test_the_documentation_lists_every_code_with_its_meaning() -> None:
    text = (REPOSITORY / "docs" / "reports.md").read_text(encoding="utf-8")
    for code in NoteCode:
        assert f"| `{code.value}` | {code.meaning} |" in text
