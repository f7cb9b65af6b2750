"""The notes of a report: assumptions, choices and preparations, not faults. Their codes are stable."""

from __future__ import annotations

from enum import StrEnum

from audio_pipeline.records import dataclass


class NoteCode(StrEnum):
    """The subject of a note. `meaning` describes it; docs/reports.md lists all."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> NoteCode:
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    CHANNEL_LAYOUT = (
        "channel_layout",
        "what was assumed of channels whose layout the file does not state",
    )
    STEM_CHANNELS = "stem_channels", "which channels of a stem are used, and how they were folded"
    MARKERS = "markers", "the kind of the marker list, and what was assumed of its times"
    STEM_TRIMMED = "stem_trimmed", "silence that was trimmed around the words of a stem"


@dataclass(frozen=True)
class Note:
    """One note: a code for programs and a sentence for people."""

    code: str
    message: str
