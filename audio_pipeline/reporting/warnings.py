"""The warnings of a report. Their codes are stable: programs may depend on them, texts may change."""

from __future__ import annotations

from enum import StrEnum

from audio_pipeline.reporting.values import ReportModel, Seconds, StrEnumValue, Text


class WarningCode(StrEnum):
    """What a warning is about. `meaning` says it in words; docs/reports.md lists all."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> WarningCode:
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    FILE_STRUCTURE = "file_structure", "the audio file's header does not agree with its contents"
    OTHER_TRACKS = "other_tracks", "the file has several tracks of sound; which are read, and which not"
    ENCODER_DELAY = "encoder_delay", "a lossy encoder's delay that the file does not state"
    SECTION_PAST_END = "section_past_end", "a section ends after the end of the file"
    OVER_FULL_SCALE = "over_full_scale", "a sample exceeds full scale"
    FLOOR_INAUDIBLE = "floor_inaudible", "the floor after the dropout is near or below a room's noise"
    MONO_FOLD_HOLE = "mono_fold_hole", "a third octave loses more than 6 dB when folded to mono"
    FALL_TOO_LONG = "fall_too_long", "the fall of the dropout takes longer than specified"
    FALL_NOT_MEASURED = "fall_not_measured", "the fall of the dropout cannot be measured"
    SILENCE_NOT_SILENT = "silence_not_silent", "there is sound after the silence cue"
    UNPLANNED_SILENCE = "unplanned_silence", "digital silence that no cue specifies"
    MATCH_VOICES = "match_voices", "the effect `match` has not two voices"
    MATCH_SPEECH = "match_speech", "a voice holds too little speech to be matched"
    MATCH_SPECTRUM = "match_spectrum", "the voices' spectra still differ after `match`"
    MATCH_BANDWIDTH = "match_bandwidth", "the voices' bandwidths still differ after `match`"
    MATCH_NOISE = "match_noise", "the voices' noise floors still differ after `match`"
    VERSION_1 = "version_1", "a warning from a report of version 1, which has no codes"


class ReportWarning(ReportModel):
    """One warning: where it applies, in seconds, and the key of the figure that it is about.

    `at_s`, `until_s` and `figure` are None where they do not apply.
    """

    code: StrEnumValue[WarningCode]
    message: Text
    at_s: Seconds | None = None
    until_s: Seconds | None = None
    figure: Text | None = None
