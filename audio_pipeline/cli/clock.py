"""--rate and --start as the picture's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from audio_pipeline.timeline.moments import Clock


def clock_of(rate: str, start: str) -> Clock:
    """The clock. Raises click.BadParameter for a rate or a timecode that does not exist."""
    from audio_pipeline.timeline.moments import Clock
    from audio_pipeline.timeline.timecode import RATES

    if rate not in RATES:
        raise click.BadParameter(f"{rate!r}; there are: {', '.join(RATES)}", param_hint="--rate")
    try:
        return Clock(RATES[rate], start_frame=RATES[rate].frame(start))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--start") from error
