"""--track: the audio track of a file to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def track_option(function: F) -> F:
    """Add --track to `function`, as `track`: a number from 1, or None."""
    option = click.option(
        "--track",
        type=click.IntRange(min=1),
        metavar="N",
        help="Audio track to read (default: as the file states).",
    )
    return option(function)
