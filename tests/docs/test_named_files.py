"""Files that the documentation names exist."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
_NAMED = re.compile(r"`((?:tests|audio_pipeline|benchmarks|presets|docs)/[\w./-]+)`")
_WRITTEN_BY_USERS = {
    "presets/languages.batch.toml",
    "presets/final-retimed.toml",
    "presets/final-note-1.toml",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page) -> None:
    named = set(_NAMED.findall(page.read_text(encoding="utf-8"))) - _WRITTEN_BY_USERS
    assert not [name for name in sorted(named) if not (REPOSITORY / name).exists()]
