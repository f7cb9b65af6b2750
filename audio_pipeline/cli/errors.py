"""Errors as a person reads them: one sentence, and a hint."""

from __future__ import annotations

import click

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.errors import printable as printable


def show_error(error: AudioPipelineError) -> None:
    """Print the sentence and the hint to stderr."""
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def show_unexpected(error: Exception) -> None:
    """Print a fault of the program in one sentence to stderr."""
    cause = printable(f"{type(error).__name__}: {error}")[:300]
    click.echo(f"error: something that should not happen did: {cause}", err=True)
    click.echo("hint: This is a fault of render-ending; --debug shows where.", err=True)
