"""Remembers which layers and effects were checked at which times, for many presets that share them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction

from audio_pipeline.timeline.moments import Moment, Schedule
from audio_pipeline.units import Parameters

SoundAtTimes = tuple[int, ...]
"""A sound's identity, and a number for the time of each name in it.

Two keys are equal for one object whose names are at the same times.
"""

_NOTHING = 0
"""The number of an unknown name."""


class CheckedSounds:
    """Sounds that are valid at given times. It holds a reference to every sound, so that ids stay unique."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[Parameters, tuple[str, ...]]] = {}
        self._numbers: dict[Hashable, int] = {}
        self._done: set[SoundAtTimes] = set()

    def at_times(self, sounds: Iterable[Parameters], schedule: Schedule) -> list[SoundAtTimes]:
        """A key for each sound: the times of its names in the schedule, and the schedule's clock."""
        named = [(id(sound), self._names_of(sound)) for sound in sounds]
        clock = self._number(schedule.clock)
        numbers: Mapping[str, int] = {
            name: self._time(schedule, name) for name in {n for _, names in named for n in names}
        }
        return [(sound, clock, *(numbers[name] for name in names)) for sound, names in named]

    def are_done(self, key: SoundAtTimes) -> bool:
        """Whether the sound was checked at these times."""
        return key in self._done

    def done(self, key: SoundAtTimes) -> None:
        """Mark the sound as checked at these times."""
        self._done.add(key)

    def _names_of(self, sound: Parameters) -> tuple[str, ...]:
        kept = self._names.get(id(sound))
        if kept is None:
            kept = self._names[id(sound)] = (sound, tuple(sorted(_names_in(sound))))
        return kept[1]

    def _time(self, schedule: Schedule, name: str) -> int:
        if name not in schedule.define:
            return _NOTHING
        return self._number((name, _when(schedule, name)))

    def _number(self, what: Hashable) -> int:
        return self._numbers.setdefault(what, len(self._numbers) + 1)


def _names_in(parameters: Parameters) -> set[str]:
    names: set[str] = set()
    for field in type(parameters).model_fields:
        value = getattr(parameters, field)
        for moment in value if isinstance(value, tuple) else (value,):
            if isinstance(moment, Moment):
                names |= moment.names()
    return names


def _when(schedule: Schedule, name: str) -> Fraction | None:
    """The time of a name; None when it cannot be computed, which the check of its sound reports."""
    try:
        return schedule.named(name)
    except (ValueError, NotImplementedError, RecursionError):
        return None
