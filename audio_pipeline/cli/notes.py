"""Sentences under a table: folded into a terminal, one a line when piped."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any

import click

from audio_pipeline.cli.errors import printable


def what_was_read(report: dict[str, Any]) -> str:
    """The sound that a report is about, in words: its length, rate and channels."""
    length, rate = report["duration_s"], report["sample_rate_hz"]
    return f"{report['file']}: {length:.3f} s, {rate} Hz, {report['channels']} channels"


def print_notes(notes: list[str], warnings: list[str]) -> None:
    """Print notes, then warnings, after an empty line; nothing when there are none."""
    lines = [printable(note) for note in notes] + [f"warning: {printable(w)}" for w in warnings]
    if lines:
        click.echo()
    width = min(100, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 0
    for line in lines:
        folded = textwrap.wrap(line, max(30, width), subsequent_indent="  ") if width else [line]
        click.echo("\n".join(folded))
