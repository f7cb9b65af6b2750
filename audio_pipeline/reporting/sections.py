"""The facts of a file rendered from a preset: its cues, sections and dropout."""

from __future__ import annotations

from audio_pipeline.effects.dropout import Dropout
from audio_pipeline.preset.explain import flat
from audio_pipeline.preset.model import Preset
from audio_pipeline.reporting.facts import DropoutPlan, MixFacts
from audio_pipeline.reporting.sections_of_cues import sections_between
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.scene import to_samples


def facts_of_preset(preset: Preset, schedule: Schedule, sample_rate_hz: int) -> MixFacts:
    """The facts of a file rendered from `preset`: sections, dropout, delivery, picture."""
    rate = sample_rate_hz
    cues = {name: to_samples(schedule.named(name), rate) for name in preset.cues}
    in_order = sorted(cues.items(), key=lambda cue: (cue[1], cue[0]))
    return MixFacts(
        mix=preset.name,
        sections=sections_between(cues.items(), cues["end"]),
        dropout=_dropout(preset, schedule, cues.get("silence"), rate),
        delivery=preset.master.delivery,
        own_deliveries=None if preset.document.project is None else preset.document.project.deliveries,
        clock=schedule.clock,
        provenance={"preset": flat(preset)},
        listening=preset.head.listening,
        cues=tuple(in_order),
    )


def _dropout(preset: Preset, schedule: Schedule, silence: int | None, rate: int) -> DropoutPlan | None:
    for effect in preset.working().values():
        if isinstance(effect, Dropout):
            at = to_samples(schedule.seconds(effect.at), rate)
            return DropoutPlan(at, to_samples(schedule.clock.duration(effect.fade), rate), silence)
    return None
