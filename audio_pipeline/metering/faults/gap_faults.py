"""Finds the gaps that are faults: dropouts and muted stretches, but not pauses or natural ends."""

from __future__ import annotations

import math

import numpy as np

from audio_pipeline.metering.faults.gaps import AUDIBLE, Edge, Gap
from audio_pipeline.metering.faults.kinds import Fault, FaultKind
from audio_pipeline.records import dataclass

LONGEST_DROPOUT_S = 0.1
"""A longer gap is a muted stretch."""
MOST_OF_ALL_CHANNELS = 3
"""If more stretches than this are silent in all channels, they are pauses."""
SHORTEST_PAUSE_S = 0.02
SAME_COLOUR_DB = 6.0
"""Maximum mean difference of octave levels before and after a dropout; a stop and a vowel differ more."""
_TOGETHER_S = 0.001
_BESIDE = 10.0 ** (-20.0 / 20.0)
_GOES_ON = 10.0 ** (-12.0 / 20.0)
_SIDES = {"Ls": "Rs", "Rs": "Ls", "Lb": "Rb", "Rb": "Lb"}
_FRONT = ("L", "R", "C")


@dataclass(frozen=True)
class _Programme:
    roles: tuple[str, ...]
    dead: set[int]
    rate: int

    def witnesses(self, channel: int) -> list[int]:
        """The channels that show whether a silent one should be active: the other fronts, or its mate."""
        role = self.roles[channel]
        names = (_SIDES[role],) if role in _SIDES else _FRONT
        found = [c for c, name in enumerate(self.roles) if name in names and c != channel]
        return [c for c in found if c not in self.dead]


def gap_faults(
    gaps: list[Gap], roles: tuple[str, ...], dead: set[int], sample_rate_hz: int
) -> list[Fault]:
    """The dropouts and muted stretches among the gaps, in order of position."""
    programme = _Programme(roles, dead, sample_rate_hz)
    alive = [gap for gap in gaps if gap.channel not in dead and roles[gap.channel] != "LFE"]
    limit = LONGEST_DROPOUT_S * sample_rate_hz
    short = [gap for gap in alive if gap.stop - gap.start < limit]
    long = [gap for gap in alive if gap.stop - gap.start >= limit]
    resting = _rest_in_silence(alive, sample_rate_hz)
    dropouts = [gap for gap in short if _is_dropout(gap, rests=gap.channel in resting)]
    alone = [gap for gap in long if _one_is_muted(gap, programme)]
    silent = [group for group in _groups(long, sample_rate_hz) if _all_silent(group, roles, dead)]
    everything = [g for g in silent if all(_cut_out_of_steady_sound(gap) for gap in g)]
    if len(silent) > MOST_OF_ALL_CHANNELS:
        everything = []
    return [
        *(_fault(FaultKind.DROPOUT, group) for group in _groups(dropouts, sample_rate_hz)),
        *(_fault(FaultKind.MUTED, group) for group in _groups(alone, sample_rate_hz)),
        *(_fault(FaultKind.MUTED, group) for group in everything),
    ]


def _rest_in_silence(gaps: list[Gap], sample_rate_hz: int) -> set[int]:
    """The channels whose pauses are digital silence, as in gated and in synthetic speech."""
    return {
        gap.channel
        for gap in gaps
        if gap.before is not None
        and gap.after is not None
        and gap.stop - gap.start >= SHORTEST_PAUSE_S * sample_rate_hz
        and not (gap.before.cut_off and gap.after.cut_off)
    }


def _is_dropout(gap: Gap, *, rests: bool) -> bool:
    """Whether a short gap is a dropout: the signal is cut off at both edges.

    In a channel whose pauses are digital silence (`rests`), it must also continue unchanged after
    the gap.
    """
    before, after = gap.before, gap.after
    if before is None or after is None or not (before.brisk and after.brisk):
        return False
    if not rests:
        return True
    apart_db = float(np.abs(before.colour - after.colour).mean())
    return before.sharp and after.sharp and apart_db <= SAME_COLOUR_DB


def _one_is_muted(gap: Gap, programme: _Programme) -> bool:
    """Whether a channel was cut off while its witnesses continue."""
    loud = [c for c in programme.witnesses(gap.channel) if gap.others[c] >= AUDIBLE]
    edges = [edge for edge in (gap.before, gap.after) if edge is not None]
    if not loud or not edges or not all(edge.cut_off for edge in edges):
        return False
    if len(edges) == 1 and not (edges[0].sharp or edges[0].steady):
        return False  # a late start or an early end with a fade
    return any(edge.steady or _others_go_on(edge, gap.channel, loud) for edge in edges)


def _others_go_on(edge: Edge, channel: int, others: list[int]) -> bool:
    """Whether another channel, about as loud as this one outside the gap, continues inside it."""
    own = edge.levels[channel]
    return any(
        _BESIDE * own <= edge.levels[c] <= own / _BESIDE and edge.inside[c] >= _GOES_ON * edge.levels[c]
        for c in others
    )


def _cut_out_of_steady_sound(gap: Gap) -> bool:
    edges = (gap.before, gap.after)
    return all(edge is not None and edge.cut_off and edge.steady for edge in edges)


def _all_silent(group: list[Gap], roles: tuple[str, ...], dead: set[int]) -> bool:
    gone = {gap.channel for gap in group} | dead
    return all(c in gone or role == "LFE" for c, role in enumerate(roles))


def _groups(gaps: list[Gap], sample_rate_hz: int) -> list[list[Gap]]:
    """Groups of gaps of several channels at the same position."""
    within = math.ceil(_TOGETHER_S * sample_rate_hz)
    groups: list[list[Gap]] = []
    for gap in gaps:
        for group in reversed(groups[-8:]):
            near = abs(gap.start - group[0].start) <= within and abs(gap.stop - group[0].stop) <= within
            if near and all(gap.channel != other.channel for other in group):
                group.append(gap)
                break
        else:
            groups.append([gap])
    return groups


def _fault(kind: FaultKind, group: list[Gap]) -> Fault:
    channels = tuple(sorted(gap.channel for gap in group))
    return Fault(kind, channels, min(gap.start for gap in group), max(gap.stop for gap in group))
