"""The facts of a render that its report adds to the measurement of the file: dialogue and provenance."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.mastering.ceiling import CeilingAction
from audio_pipeline.mastering.gain_correction import FinishedMix
from audio_pipeline.mastering.gain_staging import has_dialogue
from audio_pipeline.mastering.master import Master
from audio_pipeline.mixing.session import Session
from audio_pipeline.plugins import packages_of
from audio_pipeline.reporting.dialogue import share_percent
from audio_pipeline.reporting.facts import LoudnessAim, MixFacts
from audio_pipeline.reporting.notes import Note
from audio_pipeline.reporting.sections import facts_of_preset


def facts_of(session: Session, finished: FinishedMix, master: Master) -> MixFacts:
    """The facts for the report of a complete render."""
    measured, gains = finished.measured, master.gains
    rate = session.scene.sample_rate
    facts = facts_of_preset(session.preset, session.scene.schedule, rate)
    provenance = _provenance(session, finished, master.ceiling, facts.provenance["preset"])
    facts = replace(
        facts,
        provenance=provenance,
        layout="stereo",
        overruns=session.overruns,
        slots=session.slots,
        warnings=tuple((warning["code"], warning["message"]) for warning in session.warnings),
        notes=tuple(Note(code, message) for code, message in session.notes),
        dialogue_gain_db=gains.dialogue_db,
        programme_gain_db=gains.programme_db,
        null_residual_dbfs=None if master.null_residual is None else master.null_residual.dbfs,
        has_stems=master.null_residual is not None,
        aim=_aim(session, finished, master.ceiling),
    )
    if gains.dialogue_db is None:
        return facts
    dialogue, programme_s = measured.lufs("dialogue"), len(session.scene.programme) / rate
    return replace(
        facts,
        dialogue_lufs=dialogue,
        dialogue_share_percent=share_percent(measured.momentary_lufs("dialogue"), dialogue, programme_s),
    )


def _aim(session: Session, finished: FinishedMix, ceiling: CeilingAction) -> LoudnessAim:
    master = session.preset.master
    by_programme = master.anchor == "programme"
    return LoudnessAim(
        "integrated_lufs" if by_programme else "dialogue_lufs",
        master.anchor_lufs
        if finished.has_target and (by_programme or has_dialogue(session.preset))
        else None,
        master.ceiling,
        ceiling.reduction_db,
        ceiling.stems_db,
    )


def _head(session: Session) -> dict[str, Any]:
    """The name of the head and the SHA-256 of its file; empty for speakers."""
    if session.scene.listening == "speakers":
        return {}
    name, key = session.preset.head.head, session.scene.head.key
    return {"head": {"name": name, "sha256": None if name == key else key}}


def _plugins(session: Session) -> dict[str, Any]:
    """The plug-ins of the mix's layers and effects, with their versions; empty without plug-ins."""
    preset = session.preset
    sounds = [*preset.playing().values(), *preset.treating().values(), *preset.working().values()]
    used = packages_of(type(sound) for sound in sounds)
    return {"plugins": used} if used else {}


def _provenance(
    session: Session, finished: FinishedMix, ceiling: CeilingAction, resolved: dict[str, Any]
) -> dict[str, Any]:
    master, rate = session.preset.master, session.scene.sample_rate
    digest = hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()
    return {
        "arithmetic": str(arithmetic()),
        **({} if session.reference is None else {"reference": session.reference}),
        "seed": session.preset.head.seed,
        "anchor": master.anchor,
        "target_lufs": master.anchor_lufs,
        "ceiling": {
            "limit_dbtp": master.ceiling,
            "passes": finished.passes,
            "reduction_db": ceiling.reduction_db,
            "at_s": None if ceiling.at_sample is None else ceiling.at_sample / rate,
            "touched_s": ceiling.touched_samples / rate,
        },
        "stems": [
            {
                "sound": name,
                "sha256": stem.sha256,
                "did": list(stem.did),
                "warnings": [warning.message for warning in stem.warnings],
            }
            for name, stems in session.stems.items()
            for stem in stems
        ],
        **_head(session),
        **_plugins(session),
        "treatments": [
            {
                "effect": treatment.effect,
                "kind": treatment.kind,
                "facts": dict(treatment.facts),
                "warnings": [dict(warning) for warning in treatment.warnings],
            }
            for treatment in session.treatments
        ],
        "preset_sha256": digest,
        "preset": resolved,
    }
