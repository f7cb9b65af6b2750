"""Tables on stdout: as wide as they need when piped, folded into the terminal otherwise."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence

from audio_pipeline.cli.errors import printable


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of plain text under their head; nothing in them is read as mark-up."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [[printable(cell) for cell in row] for row in rows]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in head:
        table.add_column(Text(printable(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    console = Console(highlight=False, width=width, soft_wrap=False)
    if not sys.stdout.isatty():
        # a pipe gets a table no wider than its longest cells
        width = max(40, console.measure(table).maximum)
        console = Console(highlight=False, width=width)
    console.print(table)
