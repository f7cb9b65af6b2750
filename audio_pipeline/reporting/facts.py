"""What a file cannot tell about itself: its sections, its dropout, its dialogue, its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audio_pipeline.preset.overruns import Overrun
from audio_pipeline.reporting.notes import Note
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES

if TYPE_CHECKING:
    from audio_pipeline.dsp.arrays import Samples
    from audio_pipeline.timeline.scene import Listening


@dataclass(frozen=True)
class Section:
    """A named part of the programme, in samples."""

    name: str
    span: Span


@dataclass(frozen=True)
class DropoutPlan:
    """Where everything but the grain is pulled away, in samples: the fall begins at `at` and lasts
    `fade`; from `silence` on nothing may sound. `silence` None: none is specified."""

    at: int
    fade: int
    silence: int | None


@dataclass(frozen=True)
class LoudnessAim:
    """The loudness that a figure of the finished file was brought to, None where the mix stands as its
    layers do, and what the ceiling did: it held peaks down to `ceiling_dbtp` by up to `reduction_db`, and
    stems by `stems_db` more than the master asked for."""

    figure: Literal["dialogue_lufs", "integrated_lufs"]
    target_lufs: float | None
    ceiling_dbtp: float
    reduction_db: float
    stems_db: float


@dataclass(frozen=True)
class MixFacts:
    """All that a report needs besides the file.

    `cues` are names and samples, in order; `layout` is the channel layout, None where it is not stated.
    `dialogue_lufs` is the loudness of the dialogue stem at the master's gain; `dialogue_share_percent`
    how much of the programme is dialogue (`dialogue.share_percent`); `dialogue_momentary_lufs` its curve
    on the 10 ms grid, where that is known; `delivery` a delivery's name, `own_deliveries` the folder of the
    project's deliveries. `track` is the number of the track to read, from 1, None where the file's own choice
    is read. `states_silence` is whether the cues say where it may be silent, so that other silence is a fault.
    `dialogue_gain_db` and `programme_gain_db` are the gains of a render; without dialogue the first, and
    of what was not rendered both, are None. `null_residual_dbfs` is the peak of what the stems, where the
    render `has_stems`, miss the master by, None where that is nothing. `warnings` are codes and sentences
    about what was done to the stems; `overruns` what does not fit the picture, `slots` the slots of the
    voices, None where they are not specified; `notes` say what was assumed, chosen or prepared. `provenance`
    is copied into the report as it is: text, numbers, lists and tables.
    """

    mix: str
    sections: tuple[Section, ...] = ()
    dropout: DropoutPlan | None = None
    dialogue_lufs: float | None = None
    delivery: str | None = None
    own_deliveries: Path | None = None
    clock: Clock = field(default_factory=lambda: Clock(RATES["24"]))
    provenance: Mapping[str, Any] = field(default_factory=dict)
    dialogue_share_percent: float | None = None
    listening: Listening = "speakers"
    cues: tuple[tuple[str, int], ...] = ()
    layout: str | None = None
    dialogue_gain_db: float | None = None
    programme_gain_db: float | None = None
    has_stems: bool = False
    null_residual_dbfs: float | None = None
    aim: LoudnessAim | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    dialogue_momentary_lufs: Samples | None = field(default=None, compare=False)
    notes: tuple[Note, ...] = ()
    overruns: tuple[Overrun, ...] = ()
    slots: Mapping[str, Span] | None = None
    track: int | None = None
    states_silence: bool = True
