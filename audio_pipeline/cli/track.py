"""--track: which of a file's tracks of sound is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def track_option(function: F) -> F:
    """--track, handed to `function` as `track`: a number from 1, or None."""
    option = click.option(
        "--track",
        type=click.IntRange(min=1),
        metavar="N",
        help="Read track N of files with several (default: the default one, or all mono ones).",
    )
    return option(function)
