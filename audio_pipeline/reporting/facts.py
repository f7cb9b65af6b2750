"""The facts for a report that are not in the file: sections, dropout, dialogue and picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audio_pipeline.records import dataclass
from audio_pipeline.reporting.notes import Note
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES

if TYPE_CHECKING:
    from audio_pipeline.dsp.arrays import Samples
    from audio_pipeline.preset.overruns import Overrun
    from audio_pipeline.timeline.scene import Listening


@dataclass(frozen=True)
class Section:
    """A named part of the programme, in samples."""

    name: str
    span: Span


@dataclass(frozen=True)
class DropoutPlan:
    """The planned dropout, which fades everything except the grain, in samples: the fall begins at `at` and
    lasts `fade`; from `silence` on the file must be silent (None: not specified)."""

    at: int
    fade: int
    silence: int | None


@dataclass(frozen=True)
class LoudnessAim:
    """The loudness target of a figure of the finished file (None for a mix without normalisation), and the
    effect of the ceiling: it limited peaks to `ceiling_dbtp` by up to `reduction_db`, and reduced stems by
    `stems_db` more than the master needed."""

    figure: Literal["dialogue_lufs", "integrated_lufs"]
    target_lufs: float | None
    ceiling_dbtp: float
    reduction_db: float
    stems_db: float


@dataclass(frozen=True)
class MixFacts:
    """All inputs of a report besides the file.

    `cues` are names and samples, in order; `layout` is the channel layout, None when not stated.
    `dialogue_lufs` is the loudness of the dialogue stem at the master's gain, `dialogue_share_percent` the
    share of dialogue in the programme (`dialogue.share_percent`), `dialogue_momentary_lufs` its curve on the
    10 ms grid, if known; `delivery` is a delivery's name, `own_deliveries` the folder of the project's
    deliveries.
    `track` is the number of the track to read, from 1; None reads the file's default. `states_silence` is
    whether the cues specify silence, so that any other silence is a fault. `dialogue_gain_db` and
    `programme_gain_db` are the gains of a render; the first is None without dialogue, both are None for a file
    that was not rendered. `null_residual_dbfs` is the peak of the master minus the sum of its stems, for a
    render that `has_stems`; None when it is exactly zero. `warnings` are codes and sentences about the
    processing of the stems; `overruns` are the lines that exceed their slots, `slots` the slots of the voices,
    None when not specified; `notes` state assumptions, choices and preparations. `provenance` is copied into
    the report unchanged: text, numbers, lists and tables.
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
