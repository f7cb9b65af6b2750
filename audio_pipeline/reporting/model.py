"""The model of the loudness report, `LoudnessReport.2`, with its keys in the order of the file.

For a figure that is None, `reasons` holds the reason by its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from audio_pipeline.reporting.clause import Reading
from audio_pipeline.reporting.figures import HEADLINE
from audio_pipeline.reporting.values import (
    MAX_ITEMS,
    Count,
    JsonTable,
    Level,
    Many,
    Points,
    Reasons,
    ReportModel,
    Seconds,
    Sha256,
    Text,
)
from audio_pipeline.reporting.warnings import ReportWarning
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES

SCHEMA: Literal["LoudnessReport.2"] = "LoudnessReport.2"

Verdict = Literal["pass", "fail", "not measurable"]
ClauseOutcome = Literal["pass", "fail", "not measurable", "does not apply", "not as recommended"]

_RETIRED_CLAUSE_KEYS = ("mending_gain_db", "gain_breaks")
"""Keys of earlier reports on the gain for one clause; `GainAdvice` covers all clauses."""


class Gains(ReportModel):
    """The gains of a render: of the bus DX, and of the sum of all buses."""

    dialogue_db: Level | None
    programme_db: Level | None


class SectionLevels(ReportModel):
    """A span between two cues, measured as a separate file."""

    name: Text
    start_s: Seconds
    stop_s: Seconds
    integrated_lufs: Level | None
    rms_dbfs: Level | None
    sample_peak_dbfs: Level | None
    below_dialogue_lu: Level | None
    reasons: Reasons


class CueTime(ReportModel):
    """A cue: its sample, counted from the programme's first, and the timecode of its frame."""

    name: Text
    at_samples: Annotated[int, Field(gt=-(10**15), lt=10**15)]
    timecode: Text


class Slot(ReportModel):
    """The slot of a voice, in samples of the programme."""

    start_samples: Count
    stop_samples: Count


class DropoutLevels(ReportModel):
    """The dropout: its start, the levels before and after it, and the length of the fall."""

    at_s: Seconds
    level_before_dbfs: Level | None
    floor_dbfs: Level | None
    depth_db: Level | None
    fall_s: Seconds | None
    silence_at_s: Seconds | None
    reasons: Reasons


class ClauseVerdict(ReportModel):
    """One clause of a delivery. `code` names it; `measured_text` is a measured value that is text. `document`,
    `version` and `section` cite its source, `read` is the text that was read of the document."""

    figure: Text
    verdict: ClauseOutcome
    measured: Level | None
    limit: Text
    delta: Level | None
    unit: Text
    why: Text | None
    source: Text
    caveat: Text | None
    code: Text | None = None
    measured_text: Text | None = None
    binding: bool = True
    document: Text | None = None
    version: Text | None = None
    section: Text | None = None
    read: Reading | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_retired_keys(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        return {key: value for key, value in table.items() if key not in _RETIRED_CLAUSE_KEYS}


class ClauseGains(ReportModel):
    """The gains with which one clause passes, in dB: the lowest and highest of the interval nearest 0; None
    means no limit."""

    code: Text
    lowest_db: Level | None
    highest_db: Level | None


class GainAdvice(ReportModel):
    """The gain advice for all clauses together.

    With `gain_db`, the gain nearest 0 dB, every measured clause that a gain can change passes, as with every
    gain from `lowest_db` to `highest_db` (None: no limit). If no gain passes, `contradicting` are clauses that
    no gain meets together. `unmet` are the codes of clauses that fail at any gain, `unmeasured` the codes of
    those that could not be measured.
    """

    gain_db: Level | None
    lowest_db: Level | None
    highest_db: Level | None
    contradicting: Many[ClauseGains]
    unmet: Many[Text]
    unmeasured: Many[Text]


class Listening(ReportModel):
    """The sound level of the floor after the dropout at the delivery's listening level, and its distance above
    the noise of each room."""

    level: Text
    floor_dba: Level | None
    over_nc25_db: Level | None
    over_nc30_db: Level | None


class Silence(ReportModel):
    """Digital silence of 100 ms or more, in seconds and as timecodes."""

    start_s: Seconds
    stop_s: Seconds
    start: Text
    stop: Text
    deliberate: bool


class DeliveryVerdict(ReportModel):
    """The verdict of a delivery, clause by clause. `name`, `title` and `verdict` are None without one."""

    name: Text | None
    title: Text | None
    verdict: Verdict | None
    clauses: Many[ClauseVerdict]
    dialogue_share_percent: Level | None
    listening: Listening | None
    silences: Many[Silence]
    advice: GainAdvice | None = None


class Curves(ReportModel):
    """Levels over time, a point every `step_s` for the window that ends there; None is silence or an incomplete
    window."""

    step_s: Seconds
    momentary_lufs: Points
    short_term_lufs: Points
    level_dbfs: Points


class LoudnessReport(ReportModel):
    """The measurements of an audio file, with its provenance."""

    schema_name: Literal["LoudnessReport.2"] = Field(alias="schema")
    mix: Text
    files: Annotated[dict[Text, Sha256 | None], Field(min_length=1, max_length=MAX_ITEMS)] = Field(
        description="the audio files of the set with their SHA-256; the first is the one measured"
    )
    duration_s: Seconds
    sample_rate_hz: Count
    channels: Count
    layout: Text | None
    integrated_lufs: Level | None
    loudness_range_lu: Level | None
    max_momentary_lufs: Level | None
    max_momentary_at_s: Seconds | None
    max_short_term_lufs: Level | None
    max_short_term_at_s: Seconds | None
    true_peak_dbtp: Level | None
    true_peak_at_s: Seconds | None
    sample_peak_dbfs: Level | None
    dialogue_lufs: Level | None
    loudness_to_dialogue_lu: Level | None
    gains: Gains
    null_residual_dbfs: Level | None
    sections: Many[SectionLevels]
    cues: Many[CueTime]
    slots: Annotated[dict[Text, Slot], Field(max_length=MAX_ITEMS)] | None
    dropout: DropoutLevels | None
    delivery: DeliveryVerdict
    curves: Curves
    warnings: Many[ReportWarning]
    provenance: JsonTable
    reasons: Reasons

    @property
    def file(self) -> str:
        """The name of the audio file that was measured."""
        return next(iter(self.files))

    @property
    def preset(self) -> Mapping[str, JsonValue]:
        """The preset's values by their keys, if the report holds them."""
        preset = self.provenance.get("preset")
        return preset if isinstance(preset, dict) else {}

    def preset_text(self, key: str) -> str | None:
        """The value of a preset key if it is text."""
        value = self.preset.get(key)
        return value if isinstance(value, str) else None

    @property
    def clock(self) -> Clock:
        """The picture's clock; 24 frames/s from 00:00:00:00 if the report states none."""
        rate = RATES.get(str(self.provenance.get("picture_rate")), RATES["24"])
        try:
            return Clock(rate, start_frame=rate.frame(str(self.provenance.get("picture_start"))))
        except ValueError:
            return Clock(rate)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes in `provenance.notes`: assumptions, choices and preparations."""
        notes = self.provenance.get("notes")
        if not isinstance(notes, list):
            return ()
        return tuple(
            str(note["message"]) for note in notes if isinstance(note, dict) and "message" in note
        )

    def figure(self, name: str) -> float | None:
        """A figure of the whole programme by its key, or its position (`true_peak_at_s`)."""
        value: float | None = getattr(self, name)
        return value

    def headline(self) -> dict[str, float | None]:
        """The figures of the whole programme by their keys."""
        return {name: self.figure(name) for name in HEADLINE}
