"""The two gains of a mix: one for the bus DX, and one for all buses if the programme is the anchor.

bus DX × dialogue ─┐
bus FX ────────────┼─▶ mix × programme ─▶ ceiling ─▶ master
bus BG ────────────┘

With the dialogue as the anchor, the levels of FX and BG in a preset are their levels in the master,
independent of the voices' stems.
"""

from __future__ import annotations

from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.errors import RenderError
from audio_pipeline.metering.part_energies import PartEnergies, gain_to_lufs_db
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass


@dataclass(frozen=True)
class Gains:
    """The gains of a mix.

    `dialogue_db` brings the bus DX to the dialogue loudness, None without dialogue; `programme_db` is
    the gain of all buses after it, 0 if the anchor is the dialogue.
    """

    dialogue_db: float | None
    programme_db: float = 0.0

    @property
    def of_dialogue(self) -> float:
        """The linear gain of DX relative to the other buses."""
        return 1.0 if self.dialogue_db is None else gain_from_db(self.dialogue_db)

    @property
    def of_programme(self) -> float:
        """The linear gain of all buses."""
        return gain_from_db(self.programme_db)


def has_dialogue(preset: Preset) -> bool:
    """Whether the mix includes the bus DX and the bus has a voice."""
    speaking = (layer for layer in preset.playing().values() if layer.speaks and layer.bus == "DX")
    return "DX" in preset.master.buses and any(speaking)


def solved_gains(preset: Preset, energies: PartEnergies) -> Gains:
    """The gains of a mix without a ceiling, from the K-weighted energies of its parts.

    Raises RenderError if the anchor is digital silence or shorter than 400 ms.
    """
    master, rate = preset.master, energies.sample_rate_hz
    dialogue_db: float | None = None
    if has_dialogue(preset):
        dialogue_db = gain_to_lufs_db(energies.first, rate, master.dialogue)
        if dialogue_db is None and master.anchor == "dialogue":
            raise _silent(preset, master.dialogue)
    gains = Gains(dialogue_db)
    if master.anchor == "dialogue":
        return gains
    programme_db = gain_to_lufs_db(energies.mix(gains.of_dialogue, 1.0), rate, master.target)
    if programme_db is None:
        raise _silent(preset, master.target)
    return Gains(dialogue_db, programme_db)


def softest_dbfs(preset: Preset, gains: Gains) -> float | None:
    """The preset's level of its softest layer in the master; None when no layer has a level.

    The level of a voice is relative to the loudness of the dialogue.
    """
    levels = []
    for layer in preset.playing().values():
        level = getattr(layer, "level", None)
        if level is not None:
            from_db = preset.master.dialogue if layer.speaks else 0.0
            levels.append(from_db + level + gains.programme_db)
    return min(levels, default=None)


def _silent(preset: Preset, loudness_lufs: float) -> RenderError:
    return RenderError(
        f"{preset.name}: the {preset.master.anchor} has no loudness to bring to {loudness_lufs:g} LUFS: it "
        "is digital silence or shorter than 400 ms",
        hint="Enable a layer of it, or choose another anchor: "
        '[master] anchor = "programme" or "dialogue".',
    )
