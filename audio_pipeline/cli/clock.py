"""--rate and --start: the picture's clock, for timecodes of a file that does not tell them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from audio_pipeline.timeline.moments import Clock


F = TypeVar("F", bound=Callable[..., Any])


def clock_options(function: F) -> F:
    """--rate and --start."""
    rate = click.option(
        "--rate", default="24", metavar="FPS", help="Picture rate of the timecodes.", show_default=True
    )
    start = click.option(
        "--start",
        default="01:00:00:00",
        metavar="TC",
        help="Timecode of the first sample.",
        show_default=True,
    )
    return rate(start(function))


def clock_of(rate: str, start: str) -> Clock:
    """The clock. Raises click.BadParameter for a rate or a timecode that does not exist."""
    from audio_pipeline.timeline.moments import Clock
    from audio_pipeline.timeline.rate_names import rate_named

    try:
        named = rate_named(rate)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--rate") from error
    try:
        return Clock(named, start_frame=named.frame(start))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--start") from error
