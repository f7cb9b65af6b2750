"""The table of deliveries on the page is that of the deliveries themselves."""

from __future__ import annotations

import runpy

from audio_pipeline.reporting.delivery import delivery_names
from tests.conftest import REPOSITORY


def test_the_table_of_deliveries_is_that_of_today() -> None:
    page = (REPOSITORY / "docs" / "reports.md").read_text(encoding="utf-8")
    written = runpy.run_path(str(REPOSITORY / "docs" / "deliveries.py"))
    assert written["with_table"](page) == page, "run python docs/deliveries.py"
    assert all(f"| `{name}` |" in page for name in delivery_names())
