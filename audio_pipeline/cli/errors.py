"""Errors as a person reads them: one sentence, and a hint."""

from __future__ import annotations

import click

from audio_pipeline.errors import AudioPipelineError


def printable(text: str) -> str:
    """`text` without anything that could steer a terminal: control characters are written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_error(error: AudioPipelineError) -> None:
    """Print the sentence and the hint to stderr."""
    click.echo(f"error: {printable(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {printable(error.hint)}", err=True)


def show_unexpected(error: Exception) -> None:
    """Print a fault of the program in one sentence to stderr."""
    cause = printable(f"{type(error).__name__}: {error}")[:300]
    click.echo(f"error: something that should not happen did: {cause}", err=True)
    click.echo("hint: This is a fault of render-ending; --debug shows where.", err=True)
