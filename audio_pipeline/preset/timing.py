"""The timing of a preset: its schedule, with checked cues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial

from audio_pipeline.preset.base_values import steps_of
from audio_pipeline.preset.checked_sounds import CheckedSounds
from audio_pipeline.preset.complaints import complain
from audio_pipeline.preset.document import Key
from audio_pipeline.preset.lines import VoiceLines
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass
from audio_pipeline.suggestions import did_you_mean
from audio_pipeline.timeline.moments import (
    CircularMomentError,
    Moment,
    Schedule,
    UnknownNameError,
)
from audio_pipeline.timeline.picture_lock import Line, PictureLock
from audio_pipeline.timeline.scene import StemRequest, to_samples
from audio_pipeline.units import Between, Parameters

MAX_LENGTH_S = 6 * 3600

LengthOf = Callable[[StemRequest], Fraction]
"""Returns the length of a conditioned stem, in exact seconds."""


@dataclass(frozen=True)
class Timing:
    """The times of a preset.

    In `schedule` the times of voices are their slots: cues, and all layers and effects on FX and BG
    follow it, so that they are the same in every language. In `words`, for effects on DX, the times of
    voices are the first and the last spoken word. `lines` holds slot and line of each voice, in
    samples.
    """

    schedule: Schedule
    words: Schedule
    lines: Mapping[str, Line]


def schedule_of(preset: Preset, length_s: LengthOf) -> Schedule:
    """The schedule of a preset; `length_s` returns the lengths of its stems. Raises as `timing_of`."""
    return timing_of(preset, length_s).schedule


def timing_of(
    preset: Preset,
    length_s: LengthOf,
    lock: PictureLock | None = None,
    checked: CheckedSounds | None = None,
) -> Timing:
    """The timing of a preset, with every cue checked; `length_s` returns the lengths of its stems.

    With `[picture] snap` every cue, including the end, is moved to the start of the nearest frame (of
    two, the later), and times relative to a cue follow it; without it, to a whole sample, like the
    slots of voices. A `lock` sets cues and slots. Raises PresetError for an unknown name, for cues that
    depend on each other, for a cue before the start, and for a programme without length or of more than
    six hours. Sounds that were `checked` at the same times are not checked again.
    """
    lines = VoiceLines(preset, length_s, lock)
    schedule = Schedule(preset.picture.clock(), _Definitions(preset, length_s, lines, lock))
    for name, moment in preset.cues.items():
        _check(preset, schedule, ("cues", name), moment, partial(schedule.named, name))
    _check_parameters(preset, schedule, ("master",), preset.master)
    playing = preset.playing()
    _check_sounds(preset, schedule, playing, checked or CheckedSounds())
    _check_length(preset, schedule)
    known = {name: lines.line(name, schedule) for name, layer in playing.items() if layer.speaks}
    return Timing(schedule, _words(preset, schedule, known), known)


def _check_sounds(
    preset: Preset, schedule: Schedule, playing: Mapping[str, Parameters], checked: CheckedSounds
) -> None:
    effects: Mapping[str, Parameters] = preset.treating() | preset.working()
    for shelf, sounds in (("layers", playing), ("effects", effects)):
        keys = checked.at_times(sounds.values(), schedule)
        for (name, sound), key in zip(sounds.items(), keys, strict=True):
            if not checked.are_done(key):
                _check_parameters(preset, schedule, (shelf, name), sound)
                checked.done(key)


class _Definitions(Mapping[str, Callable[[Schedule], Fraction]]):
    """The time of each name of a preset, defined on demand, because cues refer to few of many sounds."""

    def __init__(
        self, preset: Preset, length_s: LengthOf, lines: VoiceLines, lock: PictureLock | None
    ) -> None:
        self._preset = preset
        self._length_s = length_s
        self._lines = lines
        self._cues = {} if lock is None else lock.cues

    def __getitem__(self, name: str) -> Callable[[Schedule], Fraction]:
        if name in self._preset.cues:
            return partial(self._cue, name)
        sound, _, end = name.rpartition(".")
        layer, effect = self._preset.layers.get(sound), self._preset.effects.get(sound)
        if layer is not None and end in ("at", "tail"):
            return partial(self._slot if layer.speaks else self._layer, sound, end)
        if effect is not None and end == "tail":
            return effect.tail
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from self._preset.cues
        for name in self._preset.layers:
            yield from (f"{name}.at", f"{name}.tail")
        yield from (f"{name}.tail" for name in self._preset.effects)

    def __len__(self) -> int:
        preset = self._preset
        return len(preset.cues) + 2 * len(preset.layers) + len(preset.effects)

    def _cue(self, name: str, schedule: Schedule) -> Fraction:
        rate = self._preset.sample_rate_hz
        if name in self._cues:
            seconds = Fraction(self._cues[name], rate)
        else:
            seconds = schedule.seconds(self._preset.cues[name])
        if self._preset.picture.snap:
            return schedule.clock.on_frame(seconds)
        return Fraction(to_samples(seconds, rate), rate)

    def _slot(self, name: str, end: str, schedule: Schedule) -> Fraction:
        lines = self._lines
        sample = lines.slot_start(name, schedule) if end == "at" else lines.slot(name, schedule).stop
        return Fraction(sample, self._preset.sample_rate_hz)

    def _layer(self, name: str, end: str, schedule: Schedule) -> Fraction:
        layer = self._preset.layers[name]
        return schedule.seconds(layer.at) if end == "at" else layer.tail(schedule, self._length_s)


def _words(preset: Preset, schedule: Schedule, lines: Mapping[str, Line]) -> Schedule:
    """The schedule in which the times of voices and the tails of effects follow the words."""
    rate = preset.sample_rate_hz
    define: dict[str, Callable[[Schedule], Fraction]] = {}
    for name, line in lines.items():
        define[f"{name}.at"] = lambda s, at=line.spoken.start: Fraction(at, rate)  # type: ignore[misc]
        define[f"{name}.tail"] = lambda s, at=line.spoken.stop: Fraction(at, rate)  # type: ignore[misc]
    for name, effect in preset.effects.items():
        define[f"{name}.tail"] = lambda s, e=effect: e.tail(s)  # type: ignore[misc]
    return Schedule(schedule.clock, _Over(define, schedule))


class _Over(Mapping[str, Callable[[Schedule], Fraction]]):
    """Own definitions of some names; all others are from a schedule."""

    def __init__(self, define: Mapping[str, Callable[[Schedule], Fraction]], below: Schedule) -> None:
        self._define = define
        self._below = below

    def __getitem__(self, name: str) -> Callable[[Schedule], Fraction]:
        if name in self._define:
            return self._define[name]
        if name in self._below.define:
            return lambda _: self._below.named(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._below.define, *self._define)))

    def __len__(self) -> int:
        return len(self._below.define.keys() | self._define.keys())


def _check_parameters(preset: Preset, schedule: Schedule, above: Key, parameters: Parameters) -> None:
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        for moment in value if isinstance(value, tuple) else (value,):
            if not isinstance(moment, Moment):
                break
            # the sum of frames and seconds depends on the clock, so it is checked here
            if steps_of(field) == "length" and schedule.clock.duration(moment) < 0:
                raise complain(preset.document, (*above, name), f'is "{moment}", less than no time')
            _check(preset, schedule, (*above, name), moment, partial(schedule.seconds, moment))
            for bounds in field.metadata:
                if isinstance(bounds, Between) and not bounds.holds(
                    schedule.seconds(moment), schedule.clock
                ):
                    raise complain(
                        preset.document,
                        (*above, name),
                        f'is "{moment}"; it must be from {bounds.shortest} to {bounds.longest}',
                    )


def _check(
    preset: Preset, schedule: Schedule, key: Key, moment: Moment, work_out: Callable[[], Fraction]
) -> None:
    try:
        seconds = work_out()
    except CircularMomentError as error:
        raise complain(preset.document, key, f"refers to itself: {error}") from error
    except UnknownNameError as error:
        meant = did_you_mean(error.name, schedule.define, "; {}")
        raise complain(
            preset.document,
            key,
            f'is "{moment}", but {error.name!r} is unknown{meant}',
            f"There are: {', '.join(sorted(schedule.define))}.",
        ) from error
    except (ValueError, NotImplementedError) as error:
        raise complain(preset.document, key, f"is wrong: {error}") from error
    except RecursionError as error:
        raise complain(preset.document, key, "depends on too long a chain of cues") from error
    if seconds < 0:
        raise complain(
            preset.document, key, f'is "{moment}", {float(-seconds):g} s before the programme starts'
        )
    if seconds > MAX_LENGTH_S:
        raise complain(
            preset.document,
            key,
            f'is "{moment}", {float(seconds) / 3600:g} hours; '
            f"a programme has at most {MAX_LENGTH_S // 3600}",
        )


def _check_length(preset: Preset, schedule: Schedule) -> None:
    end = schedule.named("end")
    if end * 10 < 1:
        raise complain(preset.document, ("cues", "end"), "makes the programme shorter than 0.1 s")
    for name in preset.cues:
        if schedule.named(name) > end:
            raise complain(preset.document, ("cues", name), "is after the cue 'end'")
    if preset.leader.on and schedule.named("start") != 0:
        cause = "is not at 0 s, where a programme with a leader starts"
        raise complain(preset.document, ("cues", "start"), cause, "Name the cue something else.")
