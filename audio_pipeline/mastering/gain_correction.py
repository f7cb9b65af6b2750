"""Corrects the gain for the loudness that the ceiling removes, until the finished file has its target."""

from __future__ import annotations

from dataclasses import replace

from audio_pipeline.mastering.ceiling_forecast import forecast_lufs
from audio_pipeline.mastering.finished_loudness import Finished, finished_loudness
from audio_pipeline.mastering.gain_staging import Gains, has_dialogue, solved_gains
from audio_pipeline.mastering.mixdown import Mixdown, Part, mixdown
from audio_pipeline.mastering.premaster import Premaster
from audio_pipeline.metering.history import ABSOLUTE_GATE_LUFS
from audio_pipeline.mixing.session import Session
from audio_pipeline.records import dataclass

MOST_PASSES = 4
"""Maximum number of measurements of the mix under its ceiling."""

TOLERANCE_LU = 0.1
"""Allowed deviation of the finished file from its target."""

_NEAR_ENOUGH_LU = 0.05
"""Deviation below which no further pass is made."""

MOST_MADE_UP_DB = 12.0
"""Limit of the gain relative to the gain without the ceiling; beyond it the ceiling removes all of the rise."""

_STEEPEST = 0.3
"""Limit of the slope of the forecast error, LU per dB, because two close tries give an inaccurate slope."""

_HALVINGS = 10
"""Halvings of the gain search: the result is accurate to 0.01 dB."""


@dataclass(frozen=True)
class FinishedMix:
    """A mix at its final gains.

    `passes` is the number of measurements under its ceiling; `has_target`: whether the gains aim at
    a loudness.
    """

    mixdown: Mixdown
    measured: Finished
    passes: int
    has_target: bool = True


def finished_mix(
    session: Session, premaster: Premaster, workers: int, given: Gains | None = None
) -> FinishedMix:
    """The mix at the gains that bring the finished file to its target, or as near as the ceiling allows.

    With `given` gains, the mix at those, without a target. Raises RenderError when the anchor has no
    loudness.
    """
    solved = solved_gains(session.preset, premaster.energies) if given is None else given
    parts, aimed = _parts(session)
    if given is not None:
        aimed = None
    tries: list[FinishedMix] = []
    gains = solved
    while True:
        mix = mixdown(session, premaster, gains)
        measured = finished_loudness(
            mix, parts, session.scene.programme, session.scene.sample_rate, workers
        )
        tries.append(FinishedMix(mix, measured, len(tries) + 1))
        if aimed is None or not measured.held_tiles or len(tries) == MOST_PASSES:
            break
        if abs(_error_lu(session, tries[-1], aimed)) <= _NEAR_ENOUGH_LU:
            break
        gains = _next_gains(session, premaster, tries, solved, aimed)
        if any(gains == tried.measured.gains for tried in tries):
            break
    if aimed is None:
        return replace(tries[-1], has_target=given is None)
    best = min(tries, key=lambda tried: abs(_error_lu(session, tried, aimed)))
    return replace(best, passes=len(tries))


def _parts(session: Session) -> tuple[list[Part], Part | None]:
    """The parts of a mix that are measured, and the part with a target."""
    parts: list[Part] = ["dialogue"] if has_dialogue(session.preset) else []
    if session.preset.master.anchor == "programme":
        return [*parts, "mix"], "mix"
    return parts, parts[0] if parts else None


def _next_gains(
    session: Session, premaster: Premaster, tries: list[FinishedMix], solved: Gains, aimed: Part
) -> Gains:
    """The next gains to try, from the forecast corrected by its earlier errors.

    The error is assumed as in the last try, or extrapolated linearly from the last two.
    """
    missed = [
        (
            _made_up_db(solved, tried.measured.gains),
            _loudness(tried, aimed) - forecast_lufs(tried.mixdown, aimed),
        )
        for tried in tries[-2:]
    ]
    (first_db, first_lu), (last_db, last_lu) = missed[0], missed[-1]
    slope = (last_lu - first_lu) / (last_db - first_db) if last_db != first_db else 0.0
    slope = min(max(slope, -_STEEPEST), _STEEPEST)
    low_db, high_db = 0.0, MOST_MADE_UP_DB
    for _ in range(_HALVINGS):
        middle_db = (low_db + high_db) / 2.0
        mix = mixdown(session, premaster, _raised(session, solved, middle_db))
        expected = forecast_lufs(mix, aimed) + last_lu + slope * (middle_db - last_db)
        if expected < session.preset.master.anchor_lufs:
            low_db = middle_db
        else:
            high_db = middle_db
    return _raised(session, solved, high_db)


def _made_up_db(solved: Gains, gains: Gains) -> float:
    """The difference between `gains` and `solved`, the gains without the ceiling, dB."""
    dialogue_db = (gains.dialogue_db or 0.0) - (solved.dialogue_db or 0.0)
    return dialogue_db + gains.programme_db - solved.programme_db


def _loudness(tried: FinishedMix, aimed: Part) -> float:
    reached = tried.measured.lufs(aimed)
    return ABSOLUTE_GATE_LUFS if reached is None else reached


def _error_lu(session: Session, tried: FinishedMix, aimed: Part) -> float:
    return _loudness(tried, aimed) - session.preset.master.anchor_lufs


def _raised(session: Session, solved: Gains, more_db: float) -> Gains:
    if session.preset.master.anchor == "programme":
        return replace(solved, programme_db=solved.programme_db + more_db)
    return replace(solved, dialogue_db=(solved.dialogue_db or 0.0) + more_db)
