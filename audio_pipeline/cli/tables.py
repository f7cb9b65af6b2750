"""Tables on stdout: folded to the width of a terminal, as wide as necessary in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence

import click

from audio_pipeline.cli.errors import printable

Rows = Sequence[Sequence[str]]

_BETWEEN = "   "
_WIDEST = 10_000
"""Maximum width in a pipe, in characters; a wider table is folded."""


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of plain text under their head; mark-up in cells is not interpreted.

    rich folds a table in a terminal. In a pipe the same text is printed without rich's tables, which take long
    to import, unless the table must be folded.
    """
    from rich.cells import cell_len

    table = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    width = sum(widths) + len(_BETWEEN) * (len(widths) - 1)
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    if sys.stdout.isatty() or not unicode or width > _WIDEST:
        _print_folded(table[0], table[1:])
        return
    lines = [
        _BETWEEN.join(
            cell + " " * (wide - cell_len(cell)) for cell, wide in zip(row, widths, strict=True)
        )
        for row in table
    ]
    click.echo("\n".join([lines[0], "─" * width, *lines[1:]]))


def _print_folded(head: Sequence[str], rows: Rows) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in head:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDEST
    console = Console(highlight=False, width=width, soft_wrap=False)
    if not sys.stdout.isatty():
        # a pipe gets a table no wider than its longest cells
        width = max(40, console.measure(table).maximum)
        console = Console(highlight=False, width=width)
    console.print(table)
