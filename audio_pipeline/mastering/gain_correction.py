"""Where the ceiling takes loudness away, the gain gives it back, until the finished file has its target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio_pipeline.mastering.ceiling_forecast import forecast_lufs
from audio_pipeline.mastering.finished_loudness import Finished, finished_loudness
from audio_pipeline.mastering.gain_staging import Gains, has_dialogue, solved_gains
from audio_pipeline.mastering.mixdown import Mixdown, Part, mixdown
from audio_pipeline.mastering.premaster import Premaster
from audio_pipeline.metering.history import ABSOLUTE_GATE_LUFS
from audio_pipeline.mixing.session import Session

MOST_PASSES = 4
"""How often the mix may be measured under its ceiling."""

TOLERANCE_LU = 0.1
"""How far the finished file may be from its target."""

_NEAR_ENOUGH_LU = 0.05
"""So near no further pass is worth its time."""

MOST_MADE_UP_DB = 12.0
"""How much more than without the ceiling a gain may be: what needs more is all ceiling."""

_STEEPEST = 0.3
"""How fast what the forecast misses may change, LU a decibel: two tries that are close say little."""

_HALVINGS = 10
"""How finely a gain is searched: to a hundredth of a decibel."""


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
        gains = _next_gains(session, premaster, tries, solved, aimed)
        if any(gains == tried.measured.gains for tried in tries):
            break
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


def _next_gains(
    session: Session, premaster: Premaster, tries: list[FinishedMix], solved: Gains, aimed: Part
) -> Gains:
    """The gains to try next, by the forecast and by what it missed before: as much as the last time, or
    further along the line through the last two."""
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
    """How much more `gains` are than without the ceiling."""
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
