"""Notes and warnings after a table: folded in a terminal, one per line in a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.errors import printable

if TYPE_CHECKING:
    from audio_pipeline.cli.output import Output
    from audio_pipeline.reporting.model import LoudnessReport

_HOW_READ = ("file_structure", "other_tracks", "encoder_delay")


def input_line(report: LoudnessReport) -> str:
    """The file, length, sample rate and channels of a report, as text."""
    channels = f"{report.channels} channels" + (f" ({report.layout})" if report.layout else "")
    return f"{report.file}: {report.duration_s:.3f} s, {report.sample_rate_hz} Hz, {channels}"


def tell_how_read(report: LoudnessReport, output: Output) -> None:
    """Print warnings about the structure of a report's file, its tracks and its encoder delay to stderr."""
    for warning in report.warnings:
        if warning.code in _HOW_READ:
            output.note(f"warning: {warning.message}")


def print_notes(notes: list[str], warnings: list[str]) -> None:
    """Print notes, then warnings, after an empty line."""
    lines = [printable(note) for note in notes] + [f"warning: {printable(w)}" for w in warnings]
    if lines:
        click.echo()
    width = min(100, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 0
    for line in lines:
        folded = textwrap.wrap(line, max(30, width), subsequent_indent="  ") if width else [line]
        click.echo("\n".join(folded))
