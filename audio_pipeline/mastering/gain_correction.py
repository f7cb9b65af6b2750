"""Where the ceiling takes loudness away, the gain gives it back, until the finished file has its target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio_pipeline.mastering.finished_loudness import Finished, finished_loudness
from audio_pipeline.mastering.gain_staging import Gains, has_dialogue, solved_gains
from audio_pipeline.mastering.mixdown import Mixdown, Part, mixdown
from audio_pipeline.mastering.premaster import Premaster
from audio_pipeline.mixing.session import Session

MOST_PASSES = 4
"""How often the mix may be measured under its ceiling."""

TOLERANCE_LU = 0.1
"""How far the finished file may be from its target."""

_NEAR_ENOUGH_LU = 0.03
"""So near no further pass is worth its time."""

MOST_MADE_UP_DB = 12.0
"""How much more than without the ceiling a gain may be: what needs more is all ceiling."""

_LEAST_SLOPE = 0.1
"""Loudness gained by a decibel under which the ceiling takes nearly all of it."""


@dataclass(frozen=True)
class FinishedMix:
    """A mix at its final gains. `passes` is how often it was measured under its ceiling; `has_target` says
    whether the gains aim at a loudness."""

    mixdown: Mixdown
    measured: Finished
    passes: int
    has_target: bool = True


def finished_mix(
    session: Session, premaster: Premaster, workers: int, given: Gains | None = None
) -> FinishedMix:
    """The mix at the gains that bring the finished file to its target, or as near as the ceiling lets it; at
    the gains that are `given` instead, which aim at nothing.

    Raises RenderError where the anchor has no loudness.
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
        more_db = _next_db(session, tries, aimed)
        if more_db is None:
            break
        gains = _raised(session, solved, more_db)
    if aimed is None:
        return replace(tries[-1], has_target=given is None)
    best = min(tries, key=lambda tried: abs(_error_lu(session, tried, aimed)))
    return replace(best, passes=len(tries))


def _parts(session: Session) -> tuple[list[Part], Part | None]:
    """What is measured of a mix, and which part has a target."""
    parts: list[Part] = ["dialogue"] if has_dialogue(session.preset) else []
    if session.preset.master.anchor == "programme":
        return [*parts, "mix"], "mix"
    return parts, parts[0] if parts else None


def _next_db(session: Session, tries: list[FinishedMix], aimed: Part) -> float | None:
    """How much more than without the ceiling the gain has to be, going by what was measured so far."""
    error = _error_lu(session, tries[-1], aimed)
    at_db = _made_up_db(tries[0], tries[-1])
    slope = 1.0
    if len(tries) > 1:
        before = tries[-2]
        rise = error - _error_lu(session, before, aimed)
        slope = rise / (at_db - _made_up_db(tries[0], before))
    return min(MOST_MADE_UP_DB, at_db - error / max(slope, _LEAST_SLOPE))


def _error_lu(session: Session, tried: FinishedMix, aimed: Part) -> float:
    reached = tried.measured.lufs(aimed)
    return -70.0 if reached is None else reached - session.preset.master.anchor_lufs


def _made_up_db(first: FinishedMix, tried: FinishedMix) -> float:
    gains, solved = tried.measured.gains, first.measured.gains
    return (
        (gains.dialogue_db or 0.0)
        - (solved.dialogue_db or 0.0)
        + gains.programme_db
        - solved.programme_db
    )


def _raised(session: Session, solved: Gains, more_db: float) -> Gains:
    if session.preset.master.anchor == "programme":
        return replace(solved, programme_db=solved.programme_db + more_db)
    return replace(solved, dialogue_db=(solved.dialogue_db or 0.0) + more_db)
