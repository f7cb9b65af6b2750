"""The warnings of a report. Their codes are stable: programs may depend on them, texts may change."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from audio_pipeline.reporting.values import ReportModel, Seconds, StrEnumValue, Text


class WarningCode(StrEnum):
    """The subject of a warning. `meaning` describes it; docs/reports.md lists all."""

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
    MATCH_VOICES = "match_voices", "the effect `match` needs two voices"
    MATCH_SPEECH = "match_speech", "a voice holds too little speech to be matched"
    MATCH_SPECTRUM = "match_spectrum", "the voices' spectra still differ after `match`"
    MATCH_BANDWIDTH = "match_bandwidth", "the voices' bandwidths still differ after `match`"
    MATCH_NOISE = "match_noise", "the voices' noise floors still differ after `match`"
    CHANNEL_DEAD = "channel_dead", "a channel is silent"
    CHANNEL_MUTED = "channel_muted", "one channel or all are cut off for 100 ms or more"
    AUDIO_DROPOUT = "audio_dropout", "a gap of less than 100 ms in the audio"
    POLARITY_INVERTED = "polarity_inverted", "two channels have opposite polarity"
    OUT_OF_PHASE = "out_of_phase", "left and right mostly cancel in mono"
    DUAL_MONO = "dual_mono", "left and right are identical"
    IDENTICAL_CHANNELS = "identical_channels", "two channels of a multichannel file are identical"
    CHANNEL_DELAY = "channel_delay", "one channel is a delayed copy of another"
    CHANNEL_IMBALANCE = "channel_imbalance", "left and right differ in level"
    CLIPPING = "clipping", "flat tops: the audio was clipped"
    DC_OFFSET = "dc_offset", "a channel is not centred on zero"
    PADDED_BITS = "padded_bits", "the lowest bits of every sample are zero"
    LFE_SILENT = "lfe_silent", "the LFE channel is silent"
    LFE_FULL_BAND = "lfe_full_band", "the LFE channel is not low-pass filtered"
    LINE_OVER_SLOT = "line_over_slot", "a line is spoken before or after its slot"
    LINE_CUT_TO_SLOT = "line_cut_to_slot", "a line is cut to fit its slot, as `fit` asks"
    VOICE_CUT = "voice_cut", "a voice or its echo is cut by the fader, the dropout or another cue"
    ECHO_PAST_BLACK = "echo_past_black", "an echo continues past the cue `black`"
    TAIL_PAST_END = "tail_past_end", "a voice or its echo continues past the cue `end`"
    LOUDNESS_OFF_TARGET = "loudness_off_target", "the mix is not within 0.1 LU of its target"
    STEM_OVER_FULL_SCALE = (
        "stem_over_full_scale",
        "a stem needs more reduction by the ceiling than the master",
    )
    STEM_SIGNAL = "stem_signal", "a stem is clipped, recorded too low, has DC or opposite channels"
    STEM_CHANNELS = "stem_channels", "channels of a stem that differ were averaged"
    STEM_GAIN = "stem_gain", "a stem was raised by more than 40 dB"
    VERSION_1 = "version_1", "a warning from a report of version 1, which has no codes"


OVERRUN_CODES = {
    code.value: code
    for code in (
        WarningCode.LINE_OVER_SLOT,
        WarningCode.LINE_CUT_TO_SLOT,
        WarningCode.VOICE_CUT,
        WarningCode.ECHO_PAST_BLACK,
        WarningCode.TAIL_PAST_END,
    )
}
"""The warnings of overruns of a locked picture; their figure is the voice's slot, "slots.voice_a"."""


class ReportWarning(ReportModel):
    """One warning: its time in seconds, and the key of its figure.

    `at_s`, `until_s` and `figure` are None where they do not apply.
    """

    code: StrEnumValue[WarningCode]
    message: Text
    at_s: Seconds | None = None
    until_s: Seconds | None = None
    figure: Text | None = None


def overruns_among(warnings: Iterable[ReportWarning]) -> tuple[ReportWarning, ...]:
    """The warnings of overruns."""
    return tuple(warning for warning in warnings if warning.code.value in OVERRUN_CODES)
