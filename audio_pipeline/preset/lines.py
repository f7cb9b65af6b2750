"""The lines of the voices: the slot of each voice and the position of its recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from audio_pipeline.preset.model import Preset
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.picture_lock import Line, PictureLock
from audio_pipeline.timeline.scene import StemRequest, to_samples
from audio_pipeline.timeline.spans import Span


class VoiceLines:
    """Computes slots and lines on demand of the schedule: cues may depend on a slot, and a slot on a cue."""

    def __init__(
        self, preset: Preset, length_s: Callable[[StemRequest], Fraction], lock: PictureLock | None
    ) -> None:
        self._preset = preset
        self._length_s = length_s
        self._slots = {} if lock is None else lock.slots
        self._is_locked = lock is not None

    def slot_start(self, name: str, schedule: Schedule) -> int:
        """The first sample of the slot of the voice `name`."""
        known = self._slots.get(name)
        return self._begin(name, schedule) if known is None else known.start

    def slot(self, name: str, schedule: Schedule) -> Span:
        """The slot of the voice `name`; empty for a voice that the lock lacks.

        It is the slot of the lock. Without a lock it has the length that the preset sets, else the
        length of the line.
        """
        if (known := self._slots.get(name)) is not None:
            return known
        start = self._begin(name, schedule)
        length_s = self._preset.layers[name].slot_s(schedule.clock)
        if self._is_locked:
            return Span(start, start)
        if length_s is None:
            return Span(start, start + self._length(name, schedule))
        return Span(start, start + to_samples(length_s, self._preset.sample_rate_hz))

    def line(self, name: str, schedule: Schedule) -> Line:
        """The line of the voice `name`."""
        layer = self._preset.layers[name]
        slot = self.slot(name, schedule)
        return layer.line(slot, self._begin(name, schedule), self._length(name, schedule))

    def _begin(self, name: str, schedule: Schedule) -> int:
        """The sample at which the line begins in the preset."""
        return to_samples(schedule.seconds(self._preset.layers[name].at), self._preset.sample_rate_hz)

    def _length(self, name: str, schedule: Schedule) -> int:
        layer = self._preset.layers[name]
        # a voice without a recording may have any end
        length_s = layer.tail(schedule, self._length_s) - schedule.seconds(layer.at)
        return max(0, to_samples(length_s, self._preset.sample_rate_hz))


def with_slots(preset: Preset, lock: PictureLock | None) -> Preset:
    """A copy of the preset with the slot length stored in each voice, so that stems can be stretched."""
    clock, rate = preset.picture.clock(), preset.sample_rate_hz
    layers = dict(preset.layers)
    for name, layer in layers.items():
        if not layer.speaks:
            continue
        length_s = layer.slot_s(clock)
        if lock is not None:
            slot = lock.slots.get(name)
            if slot is not None:
                layers[name] = layer.in_slot_of(len(slot))
        elif length_s is not None:
            layers[name] = layer.in_slot_of(to_samples(length_s, rate))
    return replace(preset, layers=layers)


def slots_of(preset: Preset, schedule: Schedule) -> dict[str, Span]:
    """The slot of every voice, including those that are off: they may be on in another language.

    A voice that is off and whose times cannot be computed has no slot.
    """
    rate, slots = preset.sample_rate_hz, {}
    for name, layer in sorted(preset.layers.items()):
        if layer.speaks:
            try:
                start, stop = (
                    to_samples(schedule.named(f"{name}.{end}"), rate) for end in ("at", "tail")
                )
            except ValueError:
                continue
            slots[name] = Span(start, max(start, stop))
    return slots


def lock_of(preset: Preset, schedule: Schedule, name: str) -> PictureLock:
    """The picture lock for other languages when this preset with this schedule is the reference."""
    rate = preset.sample_rate_hz
    return PictureLock(
        name,
        {cue: to_samples(schedule.named(cue), rate) for cue in preset.cues},
        slots_of(preset, schedule),
        frozenset(voice for voice, layer in preset.playing().items() if layer.speaks),
    )


def speech_of(
    preset: Preset, slots: Mapping[str, Span], lock: PictureLock | None, programme: Span
) -> tuple[Span, ...]:
    """The spans of speech, in order: breath is held and the ground-noise reduction is open.

    They are the slots of the voices that are on: in the reference if `lock` is given, else in the
    preset.
    """
    if lock is not None:
        speaking = set(lock.speaking)
    else:
        speaking = {name for name, layer in preset.playing().items() if layer.speaks}
    return tuple(sorted(slots[name].intersect(programme) for name in sorted(speaking & set(slots))))


def dialogue_effects(preset: Preset) -> frozenset[str]:
    """The effects that work on DX alone: they follow the words, all other effects follow the slots.

    Layers that are off are included, so that the result does not depend on the language.
    """
    return frozenset(
        name
        for name, effect in preset.working().items()
        if all(layer.bus == "DX" for n, layer in preset.layers.items() if effect.works_on(n))
    )
