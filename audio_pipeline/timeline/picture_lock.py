"""Picture lock: cues and slots that do not follow the voices, and the position of each line.

All are whole samples of the programme, so that another language gets the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from audio_pipeline.timeline.spans import Span

Fit = Literal["warn", "start", "end", "stretch"]
"""What becomes of a line that is longer than its slot; see `Line`."""

MOST_STRETCH = Fraction(6, 100)
"""A line is spoken at most so much faster: listeners do not notice it."""


@dataclass(frozen=True)
class PictureLock:
    """The cues and slots of a reference: each cue's sample, each voice's slot.

    `speaking` are the voices that are on in the reference: breath and grain listen to their slots.
    `name` is what messages call the reference.
    """

    name: str
    cues: Mapping[str, int]
    slots: Mapping[str, Span]
    speaking: frozenset[str]


@dataclass(frozen=True)
class Line:
    """One voice's line on the programme's clock.

    `slot` is the room that the picture gives it; `recorded` where its recording would lie, from the first
    sample to the last; `spoken` what `fit` leaves of it.
    """

    slot: Span
    recorded: Span
    spoken: Span


def line_in_slot(slot: Span, at: int, length: int, fit: Fit) -> Line:
    """The line of `length` samples that begins at sample `at`, fitted to its slot.

    "end" lets it end where the slot ends, "start" leaves it at `at`; both cut off what is outside the slot.
    "warn" and "stretch" cut nothing: the recording was stretched before, see `stretched_length`.
    """
    start = slot.stop - length if fit == "end" else at
    recorded = Span(start, start + length)
    return Line(slot, recorded, recorded.intersect(slot) if fit in ("start", "end") else recorded)


def stretched_length(length: int, longest: int | None) -> int:
    """How many samples a recording of `length` has once it was made to last at most `longest`.

    It is never made shorter than `MOST_STRETCH` allows; what fits stays as it is.
    """
    if longest is None or length <= longest:
        return length
    return max(longest, int(-(-length // (1 + MOST_STRETCH))))
