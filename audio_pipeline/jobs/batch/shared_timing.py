"""The timing of many presets, computed once for all presets with equal times."""

from __future__ import annotations

from collections.abc import Hashable

from audio_pipeline.jobs.batch.shared_values import ByObject
from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.voice import Voice
from audio_pipeline.preset.checked_sounds import CheckedSounds
from audio_pipeline.preset.headers import Headers
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.overruns import overruns_of
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_timing
from audio_pipeline.preset.timing import Timing
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Moment
from audio_pipeline.timeline.picture_lock import PictureLock
from audio_pipeline.units import Parameters

_WITHOUT_TIME = frozenset({"level", "pan", "early", "late"})
"""The fields of a voice that do not change its times."""


@dataclass(frozen=True)
class PlannedTiming:
    """A timing from the headers of stems; `overruns` are sentences about lines that do not fit the picture."""

    timing: Timing
    overruns: tuple[str, ...]


class SharedTiming:
    """Timings shared by presets of one project, e.g. those that differ in levels, positions or the seed."""

    def __init__(self, project: Project, headers: Headers, checked: CheckedSounds) -> None:
        self._project = project
        self._headers = headers
        self._checked = checked
        self._numbers: dict[Hashable, int] = {}
        self._of_layer = ByObject(self._layer_number)
        self._known: dict[Hashable, PlannedTiming] = {}

    def planned(self, preset: Preset, lock: PictureLock | None) -> PlannedTiming:
        """The timing of the preset with the cues and slots of `lock`. Raises as `planned_timing`."""
        place = self._place(preset, lock)
        if place not in self._known:
            timing = planned_timing(self._project, preset, {}, lock, self._headers, self._checked)
            overruns = overruns_of(preset, timing, lock)
            rate = preset.sample_rate_hz
            self._known[place] = PlannedTiming(timing, tuple(o.message(rate) for o in overruns))
        return self._known[place]

    def _place(self, preset: Preset, lock: PictureLock | None) -> Hashable:
        """The key of a timing: every value on which it and its overruns depend."""
        head, picture, master = preset.head, preset.picture, preset.master
        return (
            (head.sample_rate, head.listening, head.head),
            (picture.rate, picture.start, picture.gauge, picture.snap),
            (preset.leader.on, master.buses, _texts(master)),
            tuple((name, moment.text) for name, moment in preset.cues.items()),
            tuple((name, self._of_layer(layer)) for name, layer in preset.layers.items()),
            tuple((name, id(effect)) for name, effect in preset.effects.items()),
            _contents(lock),
        )

    def _layer_number(self, layer: Layer) -> int:
        """A number that is equal for layers with the same times."""
        kind = type(layer)
        what: Hashable = ("this one", id(layer))
        if kind is Voice:
            values = (getattr(layer, name) for name in kind.model_fields if name not in _WITHOUT_TIME)
            what = (kind, *map(str, values))
        elif not kind.speaks and kind.tail is Layer.tail:
            what = (kind, layer.on, layer.bus, _texts(layer))
        return self._numbers.setdefault(what, len(self._numbers))


def _texts(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    """Field name and text of every moment in a table."""
    found = []
    for name in type(parameters).model_fields:
        value = getattr(parameters, name)
        for moment in value if isinstance(value, tuple) else (value,):
            if isinstance(moment, Moment):
                found.append((name, moment.text))
    return tuple(found)


def _contents(lock: PictureLock | None) -> Hashable:
    if lock is None:
        return None
    cues, slots = tuple(sorted(lock.cues.items())), tuple(sorted(lock.slots.items()))
    return lock.name, cues, slots, lock.speaking
