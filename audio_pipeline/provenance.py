"""What a master's file cannot tell about itself: its cues, its dropout, and where it came from."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from audio_pipeline import __version__
from audio_pipeline.effects.dropout import Dropout
from audio_pipeline.loudness.dialogue import share_percent
from audio_pipeline.loudness.facts import DropoutPlan, MixFacts, Section
from audio_pipeline.loudness.meter import Loudness
from audio_pipeline.master import CeilingAction
from audio_pipeline.preset.explain import flat
from audio_pipeline.session import Session
from audio_pipeline.timeline.spans import Span


def facts_of(session: Session, gain_db: float, ceiling: CeilingAction, dialogue: Loudness) -> MixFacts:
    """The facts for the report of a whole render. `dialogue` was measured before the gain."""
    lufs = dialogue.integrated_lufs
    return MixFacts(
        mix=session.preset.name,
        sections=sections_of(session),
        dropout=_dropout(session),
        dialogue_lufs=None if lufs is None else lufs + gain_db,
        delivery=session.preset.master.delivery,
        clock=session.scene.clock,
        provenance=_provenance(session, gain_db, ceiling),
        dialogue_share_percent=share_percent(
            dialogue, len(session.scene.programme) / session.scene.sample_rate
        ),
        listening=session.scene.listening,
    )


def sections_of(session: Session) -> tuple[Section, ...]:
    """The programme cut at its cues; a section bears the name of the cue that it begins at."""
    scene = session.scene
    starts = sorted((scene.cue(name), n, name) for n, name in enumerate(session.preset.cues))
    ends = [*(at for at, _, _ in starts[1:]), scene.programme.stop]
    return tuple(
        Section(name, Span(at, end)) for (at, _, name), end in zip(starts, ends, strict=True) if end > at
    )


def _dropout(session: Session) -> DropoutPlan | None:
    for name, effect in session.preset.working().items():
        if isinstance(effect, Dropout):
            processor = effect.prepare(session.scene, name)
            silence = session.scene.cue("silence") if "silence" in session.preset.cues else None
            return DropoutPlan(processor.at, processor.fade, silence)
    return None


def _provenance(session: Session, gain_db: float, ceiling: CeilingAction) -> dict[str, Any]:
    preset, rate = session.preset, session.scene.sample_rate
    resolved = flat(preset)
    digest = hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()
    return {
        "program": f"render-ending {__version__}",
        "seed": preset.head.seed,
        "gain_db": gain_db,
        "anchor": preset.master.anchor,
        "target_lufs": preset.master.target,
        "ceiling": {
            "limit_dbtp": preset.master.ceiling,
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
        "preset_sha256": digest,
        "preset": resolved,
    }
