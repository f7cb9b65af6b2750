"""The use case: move a preset to a new cut of the picture, and list the spans whose samples stay equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
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
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import StemRequest, to_samples
from audio_pipeline.timeline.spans import Span


@dataclass(frozen=True)
class NewPicture:
    """The new picture: a marker list, or two edit lists."""

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
    """The result. `file` is the new preset; None when nothing moves or a cut removes a cue.

    `changes` are its values; `sounds` lists, for each sound, the moved times that it depends on; `equal` lists,
    for each bus, the spans of `compared` whose samples are equal.
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
        """The moves that change a time, in order of time."""
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

    Nothing is written when nothing moves, or when a cut removes a cue or makes cues overlap. Raises PresetError
    for an existing name and for invalid cues, ReportError for invalid lists, StemError and RenderError as a
    render.
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
            f"the preset {new_name!r} already exists"
            if file.exists()
            else f"invalid preset name {new_name!r}: it holds a full stop",
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
        raise ReportError("the new picture is missing", hint="Give --markers, or --old and --new.")
    times = [*cues, *own_times_of(preset, schedule)]
    return targets_of_cuts(picture.old, picture.new, times, session.slots, rate, clock)


def _lengths(session: Session) -> Callable[[StemRequest], Fraction]:
    """The lengths of the stems, which do not change."""
    rate, stems = session.scene.sample_rate, session.scene.stems
    return lambda request: Fraction(len(stems[request]), rate)


def _changes(
    project: Project, name: str, session: Session, places: Mapping[Key, Fraction]
) -> dict[Key, Fraction]:
    """The change of each value, in seconds, that brings all times to their places.

    Times relative to a cue follow it, so that few values change.
    """
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
    raise RenderError(
        f"{name}: no change of its values moves the times to the new picture",
        hint="Move the cues in smaller steps, or edit the new preset by hand.",
    )


def _place(preset: Preset, schedule: Schedule, key: Key) -> Fraction:
    if key[0] == "cues":
        return schedule.named(key[1])
    sounds = preset.layers if key[0] == "layers" else preset.effects
    return schedule.seconds(getattr(sounds[key[1]], key[2]))


def _sets(changes: Mapping[Key, Fraction], clock: Clock) -> tuple[str, ...]:
    return tuple(f"{'.'.join(key)}={change_text(by, clock)}" for key, by in changes.items())


def _wanted(cues: list[Timed], targets: Targets) -> list[Move]:
    """The moves of the cues that have a place in the new picture."""
    places = targets.places
    return [Move(c.name, "cue", c.at, places[c.key]) for c in cues if c.key in places]


def _moves(preset: Preset, after: Preset, old: Schedule, new: Schedule) -> list[Move]:
    """The moves of every cue, of the sounds' own times, and of the slots of the voices."""
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
