"""When everything is: the schedule of a preset, its cues checked and in order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

from audio_pipeline.preset.complaints import complain
from audio_pipeline.preset.document import Key
from audio_pipeline.preset.model import Preset
from audio_pipeline.suggestions import did_you_mean
from audio_pipeline.timeline.moments import (
    CircularMomentError,
    Moment,
    Schedule,
    UnknownNameError,
)
from audio_pipeline.timeline.scene import StemRequest
from audio_pipeline.units import Between, Parameters

MAX_LENGTH_S = 6 * 3600

LengthOf = Callable[[StemRequest], Fraction]
"""How long a stem is, in exact seconds, once it is conditioned."""


class Checked:
    """Which sounds were checked at which times, for many presets that share them."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[Parameters, frozenset[str]]] = {}
        self._done: dict[tuple[object, ...], set[int]] = {}

    def at(self, preset: Preset, schedule: Schedule) -> set[int]:
        """The identities of the sounds that were checked when all that they name was where it is now. Names
        that nothing has are not asked for here."""
        return self._done.setdefault(self.named(preset, schedule), set())

    def named(self, preset: Preset, schedule: Schedule) -> tuple[object, ...]:
        """The clock, and when all names are that a sound of the preset mentions."""
        names: set[str] = set()
        for sound in (*preset.layers.values(), *preset.effects.values()):
            kept = self._names.get(id(sound))
            if kept is None:
                kept = self._names[id(sound)] = (sound, _names_in(sound))
            names |= kept[1]
        there = sorted(names & schedule.define.keys())
        return (schedule.clock, *((name, _when(schedule, name)) for name in there))


def _names_in(parameters: Parameters) -> frozenset[str]:
    names: set[str] = set()
    for field in type(parameters).model_fields:
        value = getattr(parameters, field)
        for moment in value if isinstance(value, tuple) else (value,):
            if isinstance(moment, Moment):
                names |= set(moment.names())
    return frozenset(names)


def _when(schedule: Schedule, name: str) -> Fraction | None:
    """When a name is; None when that cannot be worked out, which the check of its sound says."""
    try:
        return schedule.named(name)
    except (ValueError, NotImplementedError, RecursionError):
        return None


def schedule_of(preset: Preset, length_s: LengthOf, checked: Checked | None = None) -> Schedule:
    """The schedule of a preset whose stems are that long; every cue has been worked out and checked.

    Raises PresetError for a name that nothing has, for cues that wait for each other, for a cue
    before the start, and for a programme without length or of more than six hours. Sounds that were
    `checked` at the same times are not checked again.
    """
    define: dict[str, Callable[[Schedule], Fraction]] = {}
    for name, moment in preset.cues.items():
        define[name] = lambda s, m=moment: s.seconds(m)  # type: ignore[misc]
    for name, layer in preset.layers.items():
        define[f"{name}.at"] = lambda s, la=layer: s.seconds(la.at)  # type: ignore[misc]
        define[f"{name}.tail"] = lambda s, la=layer: la.tail(s, length_s)  # type: ignore[misc]
    for name, effect in preset.effects.items():
        define[f"{name}.tail"] = lambda s, e=effect: e.tail(s)  # type: ignore[misc]
    schedule = Schedule(preset.picture.clock(), define)
    for name, moment in preset.cues.items():
        _check(preset, schedule, ("cues", name), moment, partial(schedule.named, name))
    _check_parameters(preset, schedule, ("master",), preset.master)
    effects = preset.treating() | preset.working()
    done = (checked or Checked()).at(preset, schedule)
    for shelf, sounds in (("layers", preset.playing()), ("effects", effects)):
        for name, sound in sounds.items():
            if id(sound) not in done:
                _check_parameters(preset, schedule, (shelf, name), sound)
                done.add(id(sound))
    _check_length(preset, schedule)
    return schedule


def _check_parameters(preset: Preset, schedule: Schedule, above: Key, parameters: Parameters) -> None:
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        for moment in value if isinstance(value, tuple) else (value,):
            if not isinstance(moment, Moment):
                break
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
        raise complain(preset.document, key, f"waits for itself: {error}") from error
    except UnknownNameError as error:
        meant = did_you_mean(error.name, schedule.define, "; {}")
        raise complain(
            preset.document,
            key,
            f'is "{moment}", but nothing is called {error.name!r}{meant}',
            f"There are: {', '.join(sorted(schedule.define))}.",
        ) from error
    except (ValueError, NotImplementedError) as error:
        raise complain(preset.document, key, f"is wrong: {error}") from error
    except RecursionError as error:
        raise complain(preset.document, key, "waits for too many others, one after the other") from error
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
        raise complain(preset.document, ("cues", "end"), "leaves a programme of less than 0.1 s")
    for name in preset.cues:
        if schedule.named(name) > end:
            raise complain(preset.document, ("cues", name), "is after the cue 'end'")
