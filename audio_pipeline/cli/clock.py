"""--rate and --start: the picture's clock, for a file that states none or a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from audio_pipeline.reporting.own_facts import Picture
    from audio_pipeline.timeline.timecode import PictureRate


F = TypeVar("F", bound=Callable[..., Any])


def clock_options(function: F) -> F:
    """Add --rate and --start to `function`."""
    rate = click.option(
        "--rate", metavar="FPS", help="Picture rate (default: that of the file's iXML, else 24)."
    )
    start = click.option(
        "--start",
        metavar="TC",
        help="Timecode of the first sample (default: bext, iXML).",
    )
    return rate(start(function))


def picture_of(rate: str | None, start: str | None) -> Picture:
    """The picture of the options. Raises click.BadParameter for an invalid rate or timecode."""
    from audio_pipeline.reporting.own_facts import Picture
    from audio_pipeline.timeline.rate_names import rate_named
    from audio_pipeline.timeline.timecode import RATES

    try:
        named = None if rate is None else rate_named(rate)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--rate") from error
    if start is not None:
        _check_start(start, list(RATES.values()) if named is None else [named])
    return Picture(named, start)


def _check_start(start: str, rates: list[PictureRate]) -> None:
    """Raise click.BadParameter for a timecode that is invalid at all `rates`; the file may state the rate."""
    faults = []
    for rate in rates:
        try:
            rate.frame(start)
        except ValueError as error:
            faults.append(error)
    if len(faults) == len(rates):
        raise click.BadParameter(str(faults[-1]), param_hint="--start")
