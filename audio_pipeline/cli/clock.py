"""--rate and --start: the picture's clock, where a file does not tell it or is not to be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from audio_pipeline.reporting.own_facts import Picture


F = TypeVar("F", bound=Callable[..., Any])


def clock_options(function: F) -> F:
    """--rate and --start."""
    rate = click.option(
        "--rate", metavar="FPS", help="Picture rate (default: that of the file's iXML, else 24)."
    )
    start = click.option(
        "--start",
        metavar="TC",
        help="Timecode of the first sample (default: that of bext or iXML, else 01:00:00:00).",
    )
    return rate(start(function))


def picture_of(rate: str | None, start: str | None) -> Picture:
    """What the options say. Raises click.BadParameter for a rate or a timecode that does not exist."""
    from audio_pipeline.reporting.own_facts import Picture
    from audio_pipeline.timeline.timecode import RATES, is_timecode

    if rate is not None and rate not in RATES:
        raise click.BadParameter(f"{rate!r}; there are: {', '.join(RATES)}", param_hint="--rate")
    try:
        if start is not None and (rate is not None or not is_timecode(start)):
            RATES[rate or "24"].frame(start)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--start") from error
    return Picture(None if rate is None else RATES[rate], start)
