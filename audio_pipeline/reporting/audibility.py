"""Whether the grain after the dropout is audible in the room of the delivery.

A delivery states the sound pressure level of full scale: SPL = dBFS + 105 in a cinema at 85 dBC, + 99 in a
nearfield room at 79 (both for -20 dBFS). Every room has a noise level: NC-25, a quiet cinema, is about 35 dBA
and NC-30 about 40 (dBA is about NC + 10). Floor and room are compared A-weighted; their spectra may differ,
so this is an estimate.
"""

from __future__ import annotations

from audio_pipeline.reporting.delivery import Delivery
from audio_pipeline.reporting.model import Listening

ROOMS_DBA = {"NC-25": 35.0, "NC-30": 40.0}
CLEAR_DB = 6.0
"""The level above the room noise from which a sound is audible without attention."""


def listening_facts(delivery: Delivery, floor_a_weighted_dbfs: float | None) -> Listening:
    """The floor's sound level at the delivery's listening level, and its distance above each room's noise."""
    spl = (
        None if floor_a_weighted_dbfs is None else floor_a_weighted_dbfs + delivery.spl_at_full_scale_db
    )
    return Listening(
        level=delivery.listening_level,
        floor_dba=spl,
        over_nc25_db=None if spl is None else spl - ROOMS_DBA["NC-25"],
        over_nc30_db=None if spl is None else spl - ROOMS_DBA["NC-30"],
    )


def audibility_warning(listening: Listening) -> str | None:
    """A sentence when the grain after the dropout is inaudible in a quiet room, else None."""
    spl, over = listening.floor_dba, listening.over_nc25_db
    if spl is None or over is None or over >= CLEAR_DB:
        return None
    grain = f"The grain after the dropout plays at {spl:.0f} dBA ({listening.level})"
    room = f"a quiet room (NC-25, {ROOMS_DBA['NC-25']:g} dBA)"
    if over <= 0.0:
        return (
            f"{grain}, below the noise of {room}: it is inaudible. "
            f"Raise grain.level by {CLEAR_DB - over:.0f} dB."
        )
    return (
        f"{grain}, only {over:.0f} dB over {room}: it may be inaudible. "
        f"Raise grain.level by {CLEAR_DB - over:.0f} dB."
    )
