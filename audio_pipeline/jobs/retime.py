"""The use case: a preset follows a new cut of the picture, and what did not move is proved to be the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.errors import PresetError, RenderError, ReportError
from audio_pipeline.jobs.retime_targets import Targets, overlaps, targets_of_cuts, targets_of_markers
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.equal_spans import equal_spans
from audio_pipeline.mixing.moved_sounds import moved_sounds
from audio_pipeline.mixing.session import Session, open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.lines import slots_of
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.moved_values import (
    Key,
    Timed,
    change_text,
    cues_of,
    own_times_of,
    preset_text,
    toml_value,
)
from audio_pipeline.preset.names import check_name
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import NO_FILES
from audio_pipeline.preset.timing import timing_of
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import StemRequest, to_samples
from audio_pipeline.timeline.spans import Span


@dataclass(frozen=True)
class NewPicture:
    """What the preset is to follow: a marker list, or two edit lists."""

    markers: Path | None = None
    old: Path | None = None
    new: Path | None = None


@dataclass(frozen=True)
class Move:
    """A time of the preset, before and after, in exact seconds of the programme."""

    name: str
    kind: str
    before: Fraction
    after: Fraction


@dataclass(frozen=True)
class Retimed:
    """What was found and made. `file` is the new preset, None where nothing moves or a cut takes a cue away.

    `changes` are the values it holds; `sounds` say for each sound what it depends on that moved; `equal` are
    for each bus the spans of `compared` whose samples are the same.
    """

    preset: str
    kind: str
    clock: Clock
    sample_rate_hz: int
    moves: tuple[Move, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    file: Path | None = None
    changes: Mapping[Key, str] = field(default_factory=dict)
    sounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    compared: Span = field(default_factory=lambda: Span(0, 0))
    equal: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def moved(self) -> tuple[Move, ...]:
        """What moves, in order of time."""
        return tuple(move for move in self.moves if move.before != move.after)


def retime(
    project: Project,
    name: str,
    picture: NewPicture,
    new_name: str,
    cache: Cache | None = None,
    workers: int = 1,
    progress: Callable[[str, float], None] = lambda stage, share: None,
) -> Retimed:
    """Write the preset `new_name`, which extends `name` and follows the picture, and compare both mixes.

    Nothing is written where nothing moves, or where a cut removes or overlaps a cue. Raises PresetError for a
    name that is taken and for cues that the preset cannot have, ReportError for lists that cannot be read,
    StemError and RenderError as a render.
    """
    progress("times", 0.0)
    file = _free_file(project, new_name)
    preset = build_preset(load_document(project, name))
    before = open_session(project, preset, NO_FILES, cache)
    schedule, rate = before.scene.schedule, before.scene.sample_rate
    cues = cues_of(preset, schedule)
    targets = _targets(picture, preset, before, cues)
    clock = schedule.clock
    if targets.problems:
        moves = tuple(_wanted(cues, targets))
        return Retimed(name, targets.kind, clock, rate, moves, targets.problems, targets.notes)
    changes = _changes(project, name, before, targets.places)
    after = build_preset(load_document(project, name, _sets(changes, clock)))
    after_schedule = timing_of(after, _lengths(before)).schedule
    moves = tuple(_moves(preset, after, schedule, after_schedule))
    problems = overlaps(cues, {cue.key: after_schedule.named(cue.name) for cue in cues}, clock)
    found = Retimed(name, targets.kind, clock, rate, moves, tuple(problems), targets.notes)
    if problems or not changes:
        return found
    _write(project, file, name, targets, changes, found)
    values = {key: change_text(by, clock) for key, by in changes.items()}
    progress("stems", 0.0)
    session = open_session(project, build_preset(load_document(project, new_name)), NO_FILES, cache)
    compared = Span(0, min(before.scene.programme.stop, session.scene.programme.stop))
    equal = equal_spans(
        Console(before.console.graph),
        Console(session.console.graph),
        compared,
        workers,
        lambda share: progress("compare", share),
    )
    sounds = moved_sounds(before, session)
    return Retimed(
        name, targets.kind, clock, rate, moves, (), targets.notes, file, values, sounds, compared, equal
    )


def _free_file(project: Project, new_name: str) -> Path:
    check_name(new_name)
    file = project.presets / f"{new_name}.toml"
    if file.exists() or "." in new_name:
        raise PresetError(
            f"the preset {new_name!r} is there already"
            if file.exists()
            else f"{new_name!r} has a full stop",
            hint="Give the new preset another name: --name NAME.",
        )
    return file


def _targets(picture: NewPicture, preset: Preset, session: Session, cues: list[Timed]) -> Targets:
    schedule, rate = session.scene.schedule, session.scene.sample_rate
    clock, length_s = schedule.clock, Fraction(session.scene.programme.stop, rate)
    if picture.markers is not None:
        # the new programme may be longer, by an hour at most
        length_s += 3600
        return targets_of_markers(picture.markers, cues, clock, rate, length_s, preset.picture.snap)
    if picture.old is None or picture.new is None:
        raise ReportError(
            "there is no new picture to follow", hint="Name --markers, or --old and --new."
        )
    times = [*cues, *own_times_of(preset, schedule)]
    return targets_of_cuts(picture.old, picture.new, times, session.slots, rate, clock)


def _lengths(session: Session) -> Callable[[StemRequest], Fraction]:
    """How long the stems are, which the picture does not change."""
    rate, stems = session.scene.sample_rate, session.scene.stems
    return lambda request: Fraction(len(stems[request]), rate)


def _changes(
    project: Project, name: str, session: Session, places: Mapping[Key, Fraction]
) -> dict[Key, Fraction]:
    """By how much each value changes so that all are in their places: few, since what is relative to a cue
    follows it."""
    changes: dict[Key, Fraction] = {}
    rate, clock = session.scene.sample_rate, session.scene.clock
    for _ in range(2 * len(places) + 2):
        preset = build_preset(load_document(project, name, _sets(changes, clock)))
        schedule = timing_of(preset, _lengths(session)).schedule
        wrong = [
            (key, place - at)
            for key, place in places.items()
            if to_samples(at := _place(preset, schedule, key), rate) != to_samples(place, rate)
        ]
        if not wrong:
            return changes
        key, by = wrong[0]
        changes[key] = changes.get(key, Fraction(0)) + by
        if changes[key] == 0:
            del changes[key]
    raise RenderError(f"the times of {name} cannot be brought to where the picture wants them")


def _place(preset: Preset, schedule: Schedule, key: Key) -> Fraction:
    if key[0] == "cues":
        return schedule.named(key[1])
    sounds = preset.layers if key[0] == "layers" else preset.effects
    return schedule.seconds(getattr(sounds[key[1]], key[2]))


def _sets(changes: Mapping[Key, Fraction], clock: Clock) -> tuple[str, ...]:
    return tuple(f"{'.'.join(key)}={change_text(by, clock)}" for key, by in changes.items())


def _wanted(cues: list[Timed], targets: Targets) -> list[Move]:
    """The cues where the picture wants them, where it has a place for them."""
    places = targets.places
    return [Move(c.name, "cue", c.at, places[c.key]) for c in cues if c.key in places]


def _moves(preset: Preset, after: Preset, old: Schedule, new: Schedule) -> list[Move]:
    """Every cue, the times of sounds that stand for themselves, and the slots of the voices."""
    moves = [Move(n, "cue", old.named(n), new.named(n)) for n in preset.cues]
    for timed in own_times_of(preset, old):
        moves.append(Move(timed.name, "time", timed.at, _place(after, new, timed.key)))
    rate = preset.sample_rate_hz
    old_slots, new_slots = slots_of(preset, old), slots_of(after, new)
    for voice, slot in old_slots.items():
        if voice in new_slots:
            starts = (Fraction(s.start, rate) for s in (slot, new_slots[voice]))
            moves.append(Move(f"{voice} (line)", "slot", *starts))
    return sorted(moves, key=lambda move: (move.before, move.kind, move.name))


def _write(
    project: Project,
    file: Path,
    name: str,
    targets: Targets,
    changes: Mapping[Key, Fraction],
    found: Retimed,
) -> None:
    clock = found.clock
    places = targets.places
    old = {move.name: move.before for move in found.moves}
    lines = {}
    for key, by in changes.items():
        label = key[-1] if key[0] == "cues" else ".".join(key[1:])
        comment = f"{clock.timecode(old[label])} → {clock.timecode(places[key])}" if label in old else ""
        lines[key] = (toml_value(change_text(by, clock)), comment)
    text = preset_text(name, f"{name}, moved to the new picture ({targets.kind.split(':')[0]}).", lines)
    with atomic_write(file, "w") as out:
        out.write(text)
    load_document(project, file.stem)
