"""Broken marker lists are read or refused in a sentence; fuzz/markers.py tries more of them."""

from __future__ import annotations

from pathlib import Path

from tests.reporting.marker_mutants import mutants, read_mutant


def test_broken_lists_are_read_or_refused(tmp_path: Path) -> None:
    came = [read_mutant(tmp_path / "a", content, rate) for _, content, rate in mutants(1, 400)]
    assert {"markers", "error"} == set(came)
