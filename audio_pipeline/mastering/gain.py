"""The one gain from premaster to master, and what it does to the levels that a preset asks for."""

from __future__ import annotations

from audio_pipeline.errors import RenderError
from audio_pipeline.metering.gated import Gated
from audio_pipeline.preset.model import Preset


def gain_to_target_db(preset: Preset, anchor_loudness: Gated) -> float:
    """The gain in dB that brings the anchor to the preset's target.

    Raises RenderError when the anchor has no loudness.
    """
    if anchor_loudness.integrated_lufs is None:
        raise RenderError(
            f"{preset.name}: the {preset.master.anchor} has no loudness to bring to the target: "
            f"{anchor_loudness.reason}",
            hint='Anchor on what can be heard: [master] anchor = "programme" or "dialogue".',
        )
    return float(preset.master.target - anchor_loudness.integrated_lufs)


def softest_dbfs(preset: Preset, gain_db: float) -> float | None:
    """The level in the master that the preset asks of its softest layer; None when no layer has one."""
    levels = [getattr(layer, "level", None) for layer in preset.playing().values()]
    return min((level + gain_db for level in levels if level is not None), default=None)
