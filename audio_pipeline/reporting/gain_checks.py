"""Checks whether a render reached its loudness target, and how far the ceiling limits the stems."""

from __future__ import annotations

from collections.abc import Mapping

from audio_pipeline.reporting.facts import LoudnessAim, MixFacts
from audio_pipeline.reporting.warnings import ReportWarning, WarningCode

TOLERANCE_LU = 0.1
"""The allowed distance of the finished file from its target."""

_NAMES = {"dialogue_lufs": "dialogue", "integrated_lufs": "programme"}


def warnings_of_gains(facts: MixFacts, figures: Mapping[str, float | None]) -> list[ReportWarning]:
    """Warnings about a mix that misses its target, and about stems that the ceiling limits."""
    if facts.aim is None:
        return []
    found = []
    reached, target = figures[facts.aim.figure], facts.aim.target_lufs
    if target is not None and (reached is None or abs(reached - target) > TOLERANCE_LU):
        message = _missed(facts.aim, target, reached)
        code = WarningCode.LOUDNESS_OFF_TARGET
        found.append(ReportWarning(code=code, message=message, figure=facts.aim.figure))
    if facts.aim.stems_db > 0.0:
        found.append(
            ReportWarning(
                code=WarningCode.STEM_OVER_FULL_SCALE,
                message=f"A stem would exceed full scale by {facts.aim.stems_db:.1f} dB where the master does "
                "not; the ceiling lowers the master and all stems there. Lower the layers of that stem.",
                figure="provenance.ceiling",
            )
        )
    return found


def _missed(aim: LoudnessAim, target_lufs: float, reached_lufs: float | None) -> str:
    name = _NAMES[aim.figure]
    if reached_lufs is None:
        return f"The {name} has no loudness; its target is {target_lufs:g} LUFS. Check that its layers are on."
    distance_lu = reached_lufs - target_lufs
    missed = (
        f"The {name} is at {reached_lufs:.2f} LUFS, {abs(distance_lu):.2f} LU "
        f"{'above' if distance_lu > 0 else 'below'} its target of {target_lufs:g} LUFS"
    )
    if aim.reduction_db > 0.0:
        return (
            f"{missed}: the ceiling of {aim.ceiling_dbtp:g} dBTP already limits peaks by "
            f"{aim.reduction_db:.1f} dB. Lower the target, or the layers with the highest peaks."
        )
    return f"{missed}: blocks at the gate of \N{MINUS SIGN}70 LUFS leave no nearer gain."
