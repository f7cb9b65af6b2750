"""The overview of many deliveries: a row for each folder with its verdict, as a page, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from audio_pipeline.errors import encodable, encodable_texts
from audio_pipeline.pages.csv_tables import to_csv
from audio_pipeline.pages.markup import Markup, asset, element, page_head, source_hash
from audio_pipeline.records import dataclass

SCHEMA = "DeliveryOverview.1"
_HEADS = ("Mix", "Language", "Delivery", "Version", "Verdict", "Folder", "Changes")


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery. After a failure `folder` is None and `failure` is the message; `differs` are the changes
    since the version `previous`."""

    mix: str
    language: str
    delivery: str
    version: str
    folder: str | None
    verdict: str | None
    differs: tuple[str, ...] | None
    previous: str | None
    failure: str | None

    def changes(self) -> str:
        """The changes, or why the folder is missing, as text."""
        if self.failure is not None:
            return f"Failed: {self.failure}"
        return "" if self.differs is None else f"since {self.previous}: {'; '.join(self.differs)}"


def overview_json(rows: Sequence[DeliveryRow]) -> str:
    """The deliveries as JSON."""
    table = {"schema": SCHEMA, "deliveries": [vars(row) for row in rows]}
    return json.dumps(encodable_texts(table), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def overview_csv(rows: Sequence[DeliveryRow]) -> str:
    """The deliveries as CSV, safe to open in a spreadsheet."""
    return to_csv(
        [head.lower() for head in _HEADS],
        [(r.mix, r.language, r.delivery, r.version, r.verdict, r.folder, r.changes()) for r in rows],
    )


def overview_html(rows: Sequence[DeliveryRow]) -> str:
    """The deliveries as a page."""
    passed = sum(row.verdict == "pass" for row in rows)
    heads = [element("th", head, scope="col") for head in _HEADS]
    table = element(
        "table",
        element("thead", element("tr", *heads, role="row")),
        element("tbody", *map(_row, rows)),
        role="table",
        aria_label="All deliveries",
    )
    count = f"{len(rows)} deliveries" if len(rows) != 1 else "1 delivery"
    lede = element("p", f"{count}, {passed} pass.", class_="lede")
    body = element("main", element("h1", "Deliveries"), lede, table)
    style = asset("plain.css") + asset("overview.css")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {source_hash(style)}"
    )
    head = page_head("Deliveries", style, policy)
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'


def _row(row: DeliveryRow) -> Markup:
    kind = row.verdict if row.verdict in ("pass", "fail") else None
    folder = (
        "" if row.folder is None else element("a", row.folder, href=quote(encodable(row.folder)) + "/")
    )
    cells = (
        row.language,
        row.delivery,
        row.version,
        element("strong", row.verdict or "not judged", class_=kind),
        folder,
        row.changes(),
    )
    return element(
        "tr",
        element("th", row.mix, scope="row", role="rowheader"),
        *(
            element("td", cell, role="cell", data_label=head)
            for head, cell in zip(_HEADS[1:], cells, strict=True)
        ),
        role="row",
    )
