"""The new values of a preset's times, from a marker list or a new cut, and the times that have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from audio_pipeline.errors import ReportError
from audio_pipeline.preset.moved_values import Key, Timed
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.picture_change import PictureChange, read_change
from audio_pipeline.reporting.markers.reading import read_markers
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.spans import Span

Read = TypeVar("Read")


@dataclass(frozen=True)
class Targets:
    """The new times: `places` are exact seconds by key.

    `kind` describes the list; `problems` are cues that the cut removes; `notes` are other remarks.
    """

    kind: str
    places: Mapping[Key, Fraction]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def targets_of_markers(
    path: Path, cues: Sequence[Timed], clock: Clock, sample_rate_hz: int, length_s: Fraction, snap: bool
) -> Targets:
    """The times of the cues that have a marker of their name in a list; case and spaces do not matter.

    Raises ReportError as `read_markers`, for a list without a marker for any cue, and for two markers of one
    cue.
    """
    found = _at_the_presets_rate(lambda: read_markers(path, clock, sample_rate_hz, length_s))
    known = {cue.name: cue for cue in cues}
    places: dict[Key, Fraction] = {}
    lines: dict[str, int] = {}
    others = []
    for marker in found.markers:
        name = re.sub(r"[\s-]+", "_", marker.name.strip().casefold())
        if name not in known:
            others.append(marker.name)
            continue
        if name in lines:
            raise ReportError(
                f"{path}: two markers are named {name!r}, in lines {lines[name]} and {marker.line}",
                hint="Remove one of the two markers.",
            )
        lines[name] = marker.line
        places[known[name].key] = clock.on_frame(marker.at) if snap else marker.at
    if not places:
        raise ReportError(
            f"{path} has no marker with the name of a cue", hint=f"Cues: {', '.join(known)}."
        )
    notes = list(found.notes)
    if others:
        shown = ", ".join(map(repr, others[:5])) + (" …" if others[5:] else "")
        notes.append(f"{len(others)} markers have no cue of their name: {shown}")
    return Targets(f"{path.name}: {found.kind}, {len(found.markers)} markers", places, (), tuple(notes))


def targets_of_cuts(
    old: Path, new: Path, times: Sequence[Timed], slots: Mapping[str, Span], rate_hz: int, clock: Clock
) -> Targets:
    """The new values of the times that follow the picture. Raises ReportError as `read_change`."""
    change = _at_the_presets_rate(lambda: read_change(old, new, clock))
    places: dict[Key, Fraction] = {}
    problems, of_sounds = [], []
    for timed in times:
        frame = clock.frame(timed.at)
        moved = change.moved(frame)
        if not timed.of_picture:
            of_sounds += [timed.name] if moved != frame else []
        elif frame == 0:  # the programme begins where its picture does
            places[timed.key] = timed.at
        elif moved is None:
            cut = next(p for p in change.removed() if p.start <= frame < p.stop)
            span = f"{_tc(clock, cut.start)} to {_tc(clock, cut.stop)}"
            problems.append(
                f"{timed.name} at {_tc(clock, frame)} is inside the removed picture ({span})"
            )
        else:
            places[timed.key] = timed.at + clock.rate.seconds(moved - frame)
    notes = [
        f"removed: {_tc(clock, p.start)} to {_tc(clock, p.stop)}, {p.stop - p.start} frames"
        for p in change.removed()
    ]
    if of_sounds:
        notes.append(f"{', '.join(of_sounds)}: relative to a sound, not moved")
    notes += _cuts_in_lines(change, slots, rate_hz, clock)
    return Targets(f"{old.name} → {new.name}: edit lists", places, tuple(problems), tuple(notes))


def overlaps(before: Sequence[Timed], places: Mapping[Key, Fraction], clock: Clock) -> list[str]:
    """Problems in the order of cues: two that now coincide or are reversed."""
    found = []
    cues = [cue for cue in before if cue.key in places]
    for one, next_ in pairwise(cues):
        if one.at < next_.at and places[one.key] >= places[next_.key]:
            at = clock.timecode(places[next_.key])
            did = "coincide" if places[one.key] == places[next_.key] else "are reversed"
            found.append(f"{one.name} and {next_.name} {did} at {at}")
    return found


def _cuts_in_lines(
    change: PictureChange, slots: Mapping[str, Span], rate_hz: int, clock: Clock
) -> list[str]:
    """The lines of voices inside which the picture moves differently from their start."""
    found = []
    for voice, slot in slots.items():
        first = clock.frame_of_sample(slot.start, rate_hz)
        last = clock.frame_of_sample(max(slot.start, slot.stop - 1), rate_hz)
        by = next((p.by for p in reversed(change.pieces) if p.start <= first), 0)
        for piece in change.pieces:
            if first < piece.start <= last and piece.by != by:
                found.append(f"the new cut at {_tc(clock, piece.start)} is inside the line of {voice}")
                break
    return found


def _tc(clock: Clock, frame: int) -> str:
    return clock.rate.timecode(clock.start_frame + frame)


def _at_the_presets_rate(read: Callable[[], Read]) -> Read:
    """The result of `read`; a hint about options of other commands becomes a hint about the preset."""
    try:
        return read()
    except ReportError as error:
        if error.hint is None or not ("--rate" in error.hint or "--start" in error.hint):
            raise
        raise ReportError(error.message, hint="Set rate and start in the preset's [picture].") from error
