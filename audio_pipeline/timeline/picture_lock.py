"""Picture lock: cues and slots that do not depend on the voices, and the position of each line.

All are whole samples of the programme, so that every language gets the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

Fit = Literal["warn", "start", "end", "stretch"]
"""Treatment of a line that is longer than its slot; see `line_in_slot`."""

MOST_STRETCH = Fraction(6, 100)
"""The largest increase in speed of a line: listeners do not notice it."""


@dataclass(frozen=True)
class PictureLock:
    """The cues and slots of a reference: each cue's sample, each voice's slot.

    `speaking` are the voices that are on in the reference: breath and grain follow their slots. `name` is
    the reference's name in messages.
    """

    name: str
    cues: Mapping[str, int]
    slots: Mapping[str, Span]
    speaking: frozenset[str]


@dataclass(frozen=True)
class Line:
    """One voice's line on the programme's clock.

    `slot` is the span that the picture leaves for the line; `recorded` the span of the complete recording;
    `spoken` the part of it that remains after `fit`.
    """

    slot: Span
    recorded: Span
    spoken: Span


def line_in_slot(slot: Span, at: int, length: int, fit: Fit) -> Line:
    """The line of `length` samples that begins at sample `at`, fitted to its slot.

    "end" moves the line to the end of the slot, "start" leaves it at `at`; both trim the parts outside the
    slot. "warn" and "stretch" trim nothing: the recording is already stretched, see `stretched_length`.
    """
    start = slot.stop - length if fit == "end" else at
    recorded = Span(start, start + length)
    return Line(slot, recorded, recorded.intersect(slot) if fit in ("start", "end") else recorded)


def stretched_length(length: int, longest: int | None) -> int:
    """The length, in samples, of a recording of `length` samples after stretching it to `longest` at most.

    `MOST_STRETCH` limits the change; a recording that fits is not changed.
    """
    if longest is None or length <= longest:
        return length
    return max(longest, int(-(-length // (1 + MOST_STRETCH))))
