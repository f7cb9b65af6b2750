"""The delivery letter as PDF, by reportlab (BSD): A4, without a creation date: its bytes are reproducible."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from audio_pipeline.errors import encodable
from audio_pipeline.pages.delivery_letter import Row, Section

_LATIN, _BOLD, _HAN = "DejaVuSans", "DejaVuSans-Bold", "STSong-Light"
"""matplotlib's fonts, which cover most alphabets, and the font that PDF readers have for Chinese characters."""
_FIRST_HAN = 0x2E80
_SIZE_PT, _LEADING_PT, _MARGIN_PT = 7.5, 9.5, 42.0


def letter_pdf(sections: Sequence[Section], title: str) -> bytes:
    """The letter as a PDF document called `title`."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    _register_fonts()
    body = ParagraphStyle(
        "body", fontName=_LATIN, fontSize=_SIZE_PT, leading=_LEADING_PT, splitLongWords=1
    )
    bold = ParagraphStyle("bold", body, fontName=_BOLD)
    heading = ParagraphStyle("heading", bold, fontSize=10, leading=13, spaceBefore=8, spaceAfter=3)
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN_PT,
        rightMargin=_MARGIN_PT,
        topMargin=_MARGIN_PT,
        bottomMargin=_MARGIN_PT,
        title=encodable(title),
        author="render-ending",
        invariant=1,
    )
    width = A4[0] - 2 * _MARGIN_PT
    story: list[Any] = []
    for section in sections:
        story.append(Paragraph(_markup(section.heading), heading))
        if section.rows:
            story.append(_table(section, width, body, bold))
        story += [Paragraph(_markup(note), body) for note in section.notes]
        story.append(Spacer(1, 4))
    document.build(story)
    return file.getvalue()


@cache
def _register_fonts() -> None:
    """Once in a process: reading the fonts takes longer than writing the letter."""
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in (_LATIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFont(UnicodeCIDFont(_HAN))


def _table(section: Section, width: float, body: Any, bold: Any) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Paragraph, Table, TableStyle

    columns = max(map(len, section.rows))
    cells = [
        [
            Paragraph(_markup(cell), bold if section.has_head and number == 0 else body)
            for cell in (*row, *[""] * (columns - len(row)))
        ]
        for number, row in enumerate(section.rows)
    ]
    table = Table(
        cells, colWidths=_widths(section.rows, columns, width), repeatRows=int(section.has_head)
    )
    padding = [(side, (0, 0), (-1, -1), 1.5) for side in ("TOPPADDING", "BOTTOMPADDING")]
    lines = ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey)
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), lines, *padding]))
    return table


def _widths(rows: Sequence[Row], columns: int, width: float) -> list[float]:
    """The column widths, in proportion to each column's longest cell, within limits."""
    longest = [max(len(row[n]) if n < len(row) else 0 for row in rows) for n in range(columns)]
    shares = [min(max(length, 9), 48) for length in longest]
    return [width * share / sum(shares) for share in shares]


def _markup(text: str) -> str:
    """Text for a paragraph: escaped, with Chinese characters in a font that covers them."""
    printable = "".join(c if c.isprintable() else " " for c in encodable(text))
    runs = groupby(printable, key=lambda c: ord(c) >= _FIRST_HAN)
    return "".join(
        f'<font name="{_HAN}">{escape("".join(run))}</font>' if han else escape("".join(run))
        for han, run in runs
    )
