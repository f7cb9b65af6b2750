"""Prints errors as one sentence and a hint."""

from __future__ import annotations

import io
import json

import click

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.errors import printable as printable


def printable_json(text: str) -> str:
    """JSON `text` with terminal control characters escaped; its values are unchanged."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def show_error(error: AudioPipelineError) -> None:
    """Print the sentence and the hint to stderr."""
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def show_usage(error: click.ClickException) -> None:
    """Print a usage error of click to stderr, with the input made printable."""
    words = io.StringIO()
    error.show(file=words)
    click.echo("\n".join(map(printable, words.getvalue().splitlines())), err=True)


def show_os_error(error: OSError) -> None:
    """Print an error of the operating system to stderr, in one sentence."""
    what = "the output" if error.filename is None else str(error.filename)
    cause = error.strerror or type(error).__name__
    click.echo(f"error: {printable(what)} could not be used: {printable(cause)}", err=True)


def show_unexpected(error: Exception) -> None:
    """Print an internal error to stderr, in one sentence."""
    cause = printable(f"{type(error).__name__}: {error}")[:300]
    click.echo(f"error: internal error: {cause}", err=True)
    click.echo("hint: This is a bug in render-ending; report it with the output of --debug.", err=True)
