"""What the report of a render says besides the file: its dialogue, and where it came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.mastering.ceiling import CeilingAction
from audio_pipeline.metering.gated import Gated
from audio_pipeline.mixing.session import Session
from audio_pipeline.reporting.dialogue import share_percent
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.sections import facts_of_preset


def facts_of(session: Session, gain_db: float, ceiling: CeilingAction, dialogue: Gated) -> MixFacts:
    """The facts for the report of a whole render. `dialogue` was measured before the gain.

    A master without the bus DX has no dialogue, even though its gain may be anchored on it.
    """
    rate = session.scene.sample_rate
    facts = facts_of_preset(session.preset, session.scene.schedule, rate)
    provenance = _provenance(session, gain_db, ceiling, facts.provenance["preset"])
    by_dialogue = session.preset.master.anchor == "dialogue"
    facts = replace(
        facts,
        provenance=provenance,
        layout="stereo",
        overruns=session.overruns,
        slots=session.slots,
        warnings=tuple((warning["code"], warning["message"]) for warning in session.warnings),
        dialogue_gain_db=gain_db if by_dialogue else None,
        programme_gain_db=None if by_dialogue else gain_db,
    )
    if "DX" not in session.preset.master.buses or dialogue.integrated_lufs is None:
        return facts
    return replace(
        facts,
        dialogue_lufs=dialogue.integrated_lufs + gain_db,
        dialogue_share_percent=share_percent(dialogue, len(session.scene.programme) / rate),
    )


def _head(session: Session) -> dict[str, Any]:
    """Whose ears the mix is for; its file is told by its bytes. Speakers have none."""
    if session.scene.listening == "speakers":
        return {}
    name, key = session.preset.head.head, session.scene.head.key
    return {"head": {"name": name, "sha256": None if name == key else key}}


def _provenance(
    session: Session, gain_db: float, ceiling: CeilingAction, resolved: dict[str, Any]
) -> dict[str, Any]:
    master, rate = session.preset.master, session.scene.sample_rate
    digest = hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()
    return {
        "arithmetic": str(arithmetic()),
        "seed": session.preset.head.seed,
        "gain_db": gain_db,
        "anchor": master.anchor,
        "target_lufs": master.target,
        "ceiling": {
            "limit_dbtp": master.ceiling,
            "reduction_db": ceiling.reduction_db,
            "at_s": None if ceiling.at_sample is None else ceiling.at_sample / rate,
            "touched_s": ceiling.touched_samples / rate,
        },
        "stems": [
            {
                "sound": name,
                "sha256": stem.sha256,
                "did": list(stem.did),
                "warnings": list(stem.warnings),
            }
            for name, stems in session.stems.items()
            for stem in stems
        ],
        **_head(session),
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
