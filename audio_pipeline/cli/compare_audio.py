"""`render-ending compare --null` and `--timbre`: compare the samples of audio files, without a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from audio_pipeline.cli.errors import printable, printable_json
from audio_pipeline.cli.tables import print_table
from audio_pipeline.pages.timbre_comparison import compare_timbre
from audio_pipeline.reporting.null_test import not_comparable, null_test


def print_null_test(files: Sequence[Path], names: Sequence[str], as_json: bool) -> None:
    """Print the null test of two files.

    Exit status 0 for equal samples or a rounding difference, 1 for a change, 3 when not comparable.
    """
    if len(files) != 2:
        raise click.UsageError("--null takes two audio files")
    _refuse_others(files, "--null")
    if (reason := not_comparable(*files)) is not None:
        click.echo(printable(f"not comparable: {reason}"), err=True)
        raise click.exceptions.Exit(3)
    result = null_test(*files)
    click.echo(json.dumps(result.as_dict(), indent=2, allow_nan=False) if as_json else result.sentence())
    if result.verdict == "different":
        raise click.exceptions.Exit(1)


def print_timbre(files: Sequence[Path], names: Sequence[str], as_json: bool) -> None:
    """Print the timbre of audio files side by side. Without a tolerance, the exit status is always 0."""
    _refuse_others(files, "--timbre")
    found = compare_timbre(files)
    if as_json:
        click.echo(printable_json(json.dumps(found.as_dict(), indent=2, ensure_ascii=False)))
    else:
        print_table(("Timbre", *names), found.rows())


def _refuse_others(files: Sequence[Path], option: str) -> None:
    if any(file.is_dir() or file.suffix == ".json" for file in files):
        raise click.UsageError(f"{option} takes audio files")
